"""The main job, start to end: every batch of the dataset, until the last one is judged."""

import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from readmission.pipeline import ingest, source
from readmission.pipeline.source import Dataset
from readmission.settings import Settings
from readmission.stack.access import open_airflow, warehouses
from readmission.stack.cli import summary
from readmission.stack.cli.batch_progress import (
    CONSUMERS,
    INGESTION,
    Journey,
    Observer,
    Trouble,
    troubles,
)
from readmission.stack.cli.batch_progress import Progress as Outcome
from readmission.stack.cli.batch_table import JourneyDisplay
from readmission.stack.cli.boot_display import duration
from readmission.stack.errors import StackError
from readmission.stack.services.airflow_client import FINISHED, AirflowClient, Run
from readmission.stack.site.site import Site

POLL_SECONDS = 1.0
STANDSTILL_SECONDS = 25 * 60
"""Longer than the sweep takes to find and restart a batch that was left behind."""
ALL = 0
"""As many batches as are left."""


def find_dataset(settings: Settings, console: Console) -> Dataset:
    """Return the encounters, fetched from UCI if need be, with progress."""
    columns = (TextColumn("fetching the dataset"), BarColumn(), DownloadColumn())
    progress = Progress(*columns, TransferSpeedColumn(), console=console)
    task = progress.add_task("download", total=None)

    def show(done: int, total: int) -> None:
        progress.start()  # Only now: most of the time there is nothing to fetch.
        progress.update(task, completed=done, total=total or None)

    try:
        return source.locate(settings, show)
    finally:
        progress.stop()


def ingest_everything(site: Site, dataset: Dataset, console: Console) -> list[Journey]:
    """Have Airflow ingest all that is left, and follow every batch to its verdict.

    Returns
    -------
    list of Journey
        All of them over.

    Raises
    ------
    StackError
        If a batch was stopped or failed, or nothing moves any more.
    """
    client = open_airflow(site)
    client.wait_for_dags([INGESTION, *CONSUMERS])
    with warehouses(site) as (raw, clean):
        left = ingest.plan(dataset, raw, site.settings.batch_size)
        known = {batch.source_offset for batch in raw.batches()}
        expected = len(raw.batches()) + sum(piece.offset not in known for piece in left)
        run = client.trigger(INGESTION, {"batches": ALL}) if left else None
        journeys = follow(Observer(raw, clean, client), client, run, expected, console)
    if found := troubles(journeys):
        raise StackError(explain(site, found, client))
    return journeys


def follow(
    observer: Observer,
    client: AirflowClient,
    run: Run | None,
    expected: int,
    console: Console,
    standstill: float = STANDSTILL_SECONDS,
) -> list[Journey]:
    """Show the journeys until all of them are over.

    Parameters
    ----------
    observer, client : Observer, AirflowClient
        Where to look.
    run : Run, optional
        The ingestion; no further batch comes once it has finished.
    expected : int
        How many batches there will be.
    console : Console
        Where to show them.
    standstill : float
        Seconds without any change after which waiting is given up.

    Raises
    ------
    StackError
        If the ingestion failed without any batch to blame, or nothing moves any more.
    """
    with JourneyDisplay(console) as display:
        before: Sequence[Journey] = ()
        moved = time.monotonic()
        while True:
            if run and run.state not in FINISHED:
                run = client.run(run.dag_id, run.run_id)
            ended = run is None or run.state in FINISHED
            journeys = observer.journeys(0 if ended else expected)
            display.show(journeys)
            if journeys != before:
                before, moved = journeys, time.monotonic()
            if ended and not any(journey.can_move for journey in journeys):
                break
            if time.monotonic() - moved > standstill:
                raise StackError(_stuck(journeys, standstill, client))
            time.sleep(POLL_SECONDS)
    if run and run.state == "failed" and not troubles(journeys):
        raise StackError(f"the ingestion failed: {_failed_run(run, client)}")
    return journeys


def sum_up(site: Site, console: Console) -> None:
    """Print what the main job has left behind."""
    with warehouses(site) as (raw, clean):
        summary.show(console, site, raw, clean)


def explain(site: Site, found: Sequence[Trouble], client: AirflowClient) -> str:
    """Say what stopped which batch, where to read about it and what to do."""
    lines = []
    for batch_id, stage, step in found:
        if step.progress is Outcome.STOPPED:
            lines += [f"the {stage} gate stopped {batch_id}:", step.why]
            lines.append(f"reports of the gates: {site.settings.docs_dir}")
            lines.append("its rows stay readable in their database, and nothing is trained on them")
        else:
            lines += [f"{batch_id} failed in {stage}:", _failed_run(step.run, client)]
    return "\n".join([*lines, "the other batches went on, and the stack still runs"])


def _failed_run(run: Run | None, client: AirflowClient) -> str:
    if run is None:
        return "Airflow knows no run about it"
    tasks = ", ".join(client.failed_tasks(run)) or "none, the run itself failed"
    return (
        f"failed tasks: {tasks}; their logs: {client.url}{run.path}\n"
        'once the cause is mended, press "Clear" on that page; `readmission demo` follows it'
    )


def _stuck(journeys: Sequence[Journey], seconds: float, client: AirflowClient) -> str:
    waiting = ", ".join(journey.batch_id for journey in journeys if not journey.is_over)
    return (
        f"nothing has moved for {duration(seconds)}; still on the way: {waiting}. See "
        f"{client.url} and `readmission status`; the stack goes on, and `readmission demo` "
        "follows it again"
    )
