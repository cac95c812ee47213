"""The command `readmission trace`: from a prediction back to the source file."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import httpx
import typer
from rich.console import RenderableType
from rich.table import Table

from readmission.stack.audit import record
from readmission.stack.cli.models.promote import api_expected, result_of, running_site
from readmission.stack.cli.terminal import JsonOption, console, escape_markup, exit_on_error
from readmission.stack.site.site import Site
from readmission.warehouse.audit.events import Action, by_os_user

TIMEOUT_SECONDS = 60
"""The API queries MLflow, the object store and the database."""

_ROW = ("line", "predicted_class", "risk", "patient_hash", "encounter_hash", "at")
_BATCH = ("batch_id", "file", "first_line", "rows", "clean", "quarantined")


def trace(
    request_id: Annotated[
        str, typer.Argument(metavar="REQUEST_ID", help="As in the response of the prediction.")
    ],
    line: Annotated[
        int | None, typer.Option("--line", min=1, help="Only this row of an uploaded file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Trace a prediction: the request, its model, training run, batches, gates and source file.

    The rows of an uploaded file share one request id; the first 20 are shown, or the one that
    `--line` names. Patients and encounters are shown as keyed hashes.
    """
    with exit_on_error():
        found = request_trace(running_site(), request_id, line)
        if as_json:
            typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
            return
        for part in page(found):
            console.print(part)


def request_trace(site: Site, request_id: str, line: int | None = None) -> dict[str, Any]:
    """Return the API's trace of a request, which is audited.

    Raises
    ------
    StackError
        If the log has no such prediction, or the API is down.
    """
    record(site, by_os_user(Action.TRACE, request_id))
    with api_expected():
        response = httpx.get(
            httpx.URL(site.settings.api_url).join(f"/predictions/{request_id}"),
            headers={"X-API-Key": site.credentials.api_admin_key},
            params={} if line is None else {"line": line},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )
    return result_of(response)


def page(found: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield the parts of a trace, as the terminal shows them."""
    first, rows = found["predictions"][0], found["rows"]
    counted = ", ".join(f"{number:,} {name}" for name, number in found["by_class"].items())
    yield _line(f"[bold]request[/]  {found['request_id']}: {rows:,} logged ({counted})")
    yield _line(f"by {first['caller'] or 'anonymous'} from {first['peer'] or 'unknown'}", 9)
    yield _rows(found["predictions"])
    if len(found["predictions"]) < rows:
        yield _line(f"{len(found['predictions'])} of {rows:,} rows; --line shows another one")
    if model := found["model"]:
        yield _line(f"[bold]model[/]    {model['name']} version {model['version']}")
        yield _line(f"{model['family']}, {model['verdict'] or 'not judged'}", 9)
        yield _line(escape_markup(model["verdict_reason"] or "no reason is stored"), 9)
    if run := found["run"]:
        yield _line(f"[bold]run[/]      {run['run_id']}, signed by key {run['signed_by']}")
        yield _line(f"{run['rows']} rows of {run['batches']} batches up to {run['batch_id']}", 9)
        yield _line(f"data {run['data_sha256']}", 9)
        yield _line(f"code {run['code_sha256']}", 9)
    if found["batches"]:
        yield _batches(found["batches"])
    for note in found["notes"]:
        yield _line(f"[yellow]note[/]     {escape_markup(note)}")


def _line(text: str, indent: int = 0) -> str:
    return " " * indent + text


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading.replace("_", " "), overflow="fold")
    return table


def _rows(predictions: list[dict[str, Any]]) -> Table:
    table = _table(*_ROW)
    for one in predictions:
        shown = one | {"risk": f"{one['probabilities']['<30']:.1%}"}
        table.add_row(*(_text(shown[name]) for name in _ROW))
    return table


def _batches(batches: list[dict[str, Any]]) -> Table:
    """Return each batch with its file and the status of each gate; the first column is its id."""
    gates = [gate["name"] for gate in batches[0]["gates"]]
    table = _table(*_BATCH, *gates)
    for one in batches:
        statuses = [gate["status"] for gate in one["gates"]]
        table.add_row(*(_text(one[name]) for name in _BATCH), *statuses)
    return table


def _text(value: object) -> str:
    return "-" if value is None else escape_markup(str(value))
