"""The summary at the end of `readmission demo`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from readmission.domain import schema
from readmission.domain.batch_ids import batch_number
from readmission.domain.splitting import Split
from readmission.errors import NoModel
from readmission.operations import prometheus_login
from readmission.pipeline.delivery.origins import Origin
from readmission.quality import catalogue
from readmission.registry import Registry
from readmission.registry.candidates import FINISHED
from readmission.stack.access import predict_example
from readmission.stack.services import airflow, mlflow
from readmission.stack.services.observability import alertmanager, grafana, prometheus
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.warehouse import CleanBatch, CleanWarehouse, ModelHistory, RawBatch, RawWarehouse
from readmission.warehouse.clean.move_log import MANUAL, MoveLog, ProductionMove
from readmission.warehouse.clean.move_log import PROMOTED as BY_HAND
from readmission.warehouse.reconciliation import Account, account
from readmission.warehouse.verdicts import GateVerdict, Status, VerdictLog

METRICS = {
    "weighted_f1": "weighted F1",
    "auroc_under_30": "AUROC(<30)",
    "auroc_any": "AUROC(any)",
    "log_loss": "log-loss",
    "recall_top_20": "<30 in top 20 %",
}
ORIGINS = {
    Origin.UCI: "the UCI file",
    Origin.FILE: "a file of your own",
    Origin.SYNTHETIC: "SYNTHETIC encounters, no patients",
}
STYLES = {Status.PASSED: "green", Status.WARNED: "yellow", Status.FAILED: "bold red"}


def print_summary(console: Console, site: Site, raw: RawWarehouse, clean: CleanWarehouse) -> None:
    """Print rows, gates, models, the champion, one prediction and the addresses of the pages.

    Raises
    ------
    NoModel
        If no model is in production.
    """
    history, registry = ModelHistory(clean.connection), Registry(site.settings)
    verdicts = VerdictLog(raw.connection).verdicts() + VerdictLog(clean.connection).verdicts()
    sections: dict[str, RenderableType] = {
        "Data": data_line(raw.batches(), account(raw, clean)),
        "Rows of each batch and split": rows_table(clean.batches(), clean.split_sizes()),
        "Gates": gates_table(verdicts),
        "Models of the last batch, on validation": models_table(history, registry),
        "In production": champion_text(history, registry),
        "A prediction": prediction_text(site.settings.api_url),
        "Pages": pages_table(site),
    }
    for title, content in sections.items():
        console.print(Text(f"\n{title}", "bold"))
        console.print(content)


def data_line(batches: Sequence[RawBatch], found: Account) -> str:
    """Return the origin of the encounters and where all of them are now."""
    origins = ", ".join(sorted({ORIGINS[Origin(batch.origin)] for batch in batches}))
    return f"{origins}: {found}"


def rows_table(batches: Sequence[CleanBatch], sizes: Mapping[tuple[str, str], int]) -> Table:
    """Return the rows of each batch: raw, quarantined, repeated, clean and in each split."""
    lines = [
        (
            batch.batch_id,
            batch.raw_rows,
            batch.quarantined_rows,
            batch.repeated_rows,
            batch.clean_rows,
            *(sizes.get((batch.batch_id, str(split)), 0) for split in Split),
        )
        for batch in batches
    ]
    table = _table("batch", "raw", "quarantined", "repeated", "clean", *map(str, Split))
    for name, *numbers in lines:
        table.add_row(str(name), *(f"{number:,}" for number in numbers))
    totals = [sum(column) for column in zip(*(line[1:] for line in lines), strict=True)]
    table.add_row("all", *(f"{total:,}" for total in totals), style="bold")
    return table


def gates_table(verdicts: Sequence[GateVerdict]) -> Table:
    """Return the status of each batch at each gate, and how many expectations were not met."""
    by_batch: dict[str, dict[str, GateVerdict]] = defaultdict(dict)
    for verdict in verdicts:
        by_batch[verdict.batch_id][verdict.gate] = verdict
    gates = [gate.name for gate in catalogue.GATES]
    table = _table("batch", *gates)
    for batch_id in sorted(by_batch, key=batch_number):
        found = by_batch[batch_id]
        table.add_row(batch_id, *(_status(found.get(gate)) for gate in gates))
    return table


def _status(verdict: GateVerdict | None) -> Text:
    if verdict is None:
        return Text("-", "dim")
    unmet = f", {len(verdict.failures)} not met" if verdict.failures else ""
    return Text(f"{verdict.status}{unmet}", STYLES[verdict.status])


def models_table(history: ModelHistory, registry: Registry) -> Table:
    """Return the metrics of the models trained on the last batch, with the best one in bold."""
    shown = {name: METRICS[name] for name in ("weighted_f1", "auroc_under_30", "log_loss")}
    table = _table("model", *shown.values(), "fit", "registered")
    last = history.candidates()[-1]
    runs = registry.client.search_runs(
        [registry.experiment_id()],
        f"{FINISHED} and tags.batch_id = '{last.batch_id}'"
        f" and tags.data_sha256 = '{last.data_sha256}'",
        order_by=["metrics.val_weighted_f1 DESC"],
    )
    for run in runs:
        metrics, family = run.data.metrics, run.data.tags["family"]
        best = run.info.run_id == last.run_id
        figures = (f"{metrics[f'val_{name}']:.4f}" for name in shown)
        seconds = f"{metrics['fit_seconds']:.1f} s"
        version = f"version {last.version}" if best else ""
        table.add_row(family, *figures, seconds, version, style="bold" if best else None)
    return table


def champion_text(history: ModelHistory, registry: Registry) -> str:
    """Return the champion, why it was promoted, and its metrics on the test rows of that time."""
    version = registry.served_version()
    promotions = history.promotions()
    judged = [p for p in promotions if p.challenger_version == version]
    moves = MoveLog(history.connection).moves()
    if version is None or not (judged or moves):
        raise NoModel(f"{registry.name} has no model in production; were all challengers refused?")
    verdicts = [f"{p.batch_id} {p.verdict}" for p in promotions] + list(map(move_text, moves))
    lines = [f"{registry.name} version {version}", f"history: {', '.join(verdicts)}"]
    if judged:
        figures = judged[-1].figures["challenger"]
        shown = ", ".join(f"{label} {figures[name]:.4f}" for name, label in METRICS.items())
        lines[0] += f", since {judged[-1].batch_id}: {judged[-1].reason}"
        lines.insert(1, f"on {judged[-1].figures['test_rows']:,} test rows: {shown}")
    return "\n".join(lines)


def move_text(move: ProductionMove) -> str:
    """Return a change of the version in production by hand, in words."""
    if move.kind == BY_HAND:
        return f"version {move.version} promoted by {move.by}: {move.reason}"
    if move.kind == MANUAL:
        return f"moved by hand from version {move.left} to {move.version or 'none'}"
    return f"settled on version {move.version}"


def prediction_text(api_url: str) -> str:
    """Request a prediction for the example encounter, and return it as text."""
    encounter, predicted = schema.example(), predict_example(api_url)
    risks = predicted["probabilities"].items()
    probabilities = ", ".join(f"{name} {probability:.1%}" for name, probability in risks)
    origin = predicted["data_source"]
    return (
        f"{encounter['gender']}, {encounter['age']} years, {encounter['time_in_hospital']} days in "
        f"hospital, primary diagnosis {encounter['diag_1']}\n"
        f"{predicted['predicted_class']} ({predicted['meaning']}); {probabilities}\n"
        f"by {predicted['model_name']} version {predicted['model_version']}, "
        f"trained on {ORIGINS.get(origin, origin)}"
    )


def pages_table(site: Site) -> Table:
    """Return the addresses of all pages."""
    settings = site.settings
    table = Table.grid(padding=(0, 2))
    table.add_row("Clinicians' page", f"http://{HOST}:{settings.ui_port}")
    table.add_row("API", f"{settings.api_url}/docs")
    table.add_row("Airflow", f"{site.airflow_url}/assets")
    table.add_row("", f"user {airflow.USER}, password in {site.paths.airflow_passwords}")
    table.add_row("MLflow", f"{settings.mlflow_tracking_uri}/#/models/{settings.model_name}")
    table.add_row("", f"user {mlflow.USER}, password in {site.paths.mlflow_passwords}")
    table.add_row("Data quality", f"{site.airflow_url}/plugin/data-quality")
    table.add_row("", f"{settings.docs_dir}/index.html, bucket {settings.docs_bucket}")
    addresses = [service.url for service in prometheus.services(site)]
    table.add_row("Prometheus", *(addresses or [prometheus.INSTALL_HINT]))
    if addresses:
        password = site.paths.prometheus_login / prometheus_login.PASSWORD
        table.add_row("", f"user {prometheus_login.USER}, password in {password}")
    addresses = [service.url for service in grafana.services(site)]
    table.add_row("Grafana", *(addresses or [grafana.INSTALL_HINT]))
    if addresses:
        table.add_row("", f"user {grafana.USER}, password in {grafana.password_file(site)}")
    addresses = [service.url for service in alertmanager.services(site) if service.url]
    table.add_row("Alertmanager", *(addresses or [alertmanager.INSTALL_HINT]))
    if addresses:
        table.add_row("", f"user as for Prometheus, alerts in {site.paths.alert_log}")
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify="right")
    return table
