"""The work of `readmission demo`: ingest all batches and follow each to the end of the pipeline."""

import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from readmission.pipeline import ingest, source
from readmission.pipeline.delivery.arrival import Arrival
from readmission.settings import Settings
from readmission.stack.access import open_airflow, open_warehouses
from readmission.stack.cli import summary
from readmission.stack.cli.batch_progress import (
    CONSUMERS,
    INGESTION,
    BatchProgress,
    BlockedStage,
    ProgressReader,
    StageStatus,
    blocked_stages,
)
from readmission.stack.cli.batch_table import BatchTable
from readmission.stack.cli.boot_display import duration
from readmission.stack.errors import StackError
from readmission.stack.services.airflow_client import FINISHED_STATES, AirflowClient, DagRun
from readmission.stack.site.site import Site
from readmission.warehouse import BatchState

POLL_SECONDS = 2.0
STALL_SECONDS = 25 * 60
"""Give up after this time without progress; by then the sweep would have restarted a batch."""
ALL_BATCHES = 0
"""The DAG's parameter for ingesting all remaining batches."""


def find_dataset(settings: Settings, console: Console) -> Sequence[Arrival]:
    """Return the files of encounters; show a progress bar if it has to be downloaded from UCI."""
    columns = (TextColumn("downloading the dataset"), BarColumn(), DownloadColumn())
    progress = Progress(*columns, TransferSpeedColumn(), console=console)
    task = progress.add_task("download", total=None)

    def show(done: int, total: int) -> None:
        # Started here because usually there is nothing to download.
        progress.start()
        progress.update(task, completed=done, total=total or None)

    try:
        return source.find(settings, show)
    finally:
        progress.stop()


def ingest_all_batches(
    site: Site, arrivals: Sequence[Arrival], console: Console
) -> list[BatchProgress]:
    """Have Airflow ingest the remaining batches, and follow each to the end of the pipeline.

    Returns
    -------
    list of BatchProgress
        All batches, each finished.

    Raises
    ------
    StackError
        If a batch was stopped or failed, or if progress has stalled.
    """
    client = open_airflow(site)
    client.wait_for_dags([INGESTION, *CONSUMERS])
    with open_warehouses(site) as (raw, clean):
        awaiting = [b for b in raw.batches() if b.state is BatchState.LOADED]
        new = ingest.count_new(arrivals, raw, site.settings.batch_size)
        expected = len(raw.batches()) + new
        run = client.trigger(INGESTION, {"batches": ALL_BATCHES}) if new or awaiting else None
        batches = follow(ProgressReader(raw, clean, client), client, run, expected, console)
    if found := blocked_stages(batches):
        raise StackError(explain_failures(site, found, client))
    return batches


def follow(
    reader: ProgressReader,
    client: AirflowClient,
    run: DagRun | None,
    expected: int,
    console: Console,
    stall_seconds: float = STALL_SECONDS,
) -> list[BatchProgress]:
    """Show the progress of the batches until all of them are finished.

    Parameters
    ----------
    reader, client : ProgressReader, AirflowClient
        The sources of the progress.
    run : DagRun, optional
        The run of the ingestion; no more batches arrive once it has finished.
    expected : int
        How many batches there will be in total.
    console : Console
        Where to show the progress.
    stall_seconds : float
        Give up after this many seconds without a change.

    Raises
    ------
    StackError
        If the ingestion failed although no batch did, or if progress has stalled.
    """
    with BatchTable(console) as display:
        before: Sequence[BatchProgress] = ()
        changed = time.monotonic()
        while True:
            if run and run.state not in FINISHED_STATES:
                run = client.run(run.dag_id, run.run_id)
            ended = run is None or run.state in FINISHED_STATES
            batches = reader.read(0 if ended else expected)
            display.show(batches)
            if batches != before:
                before, changed = batches, time.monotonic()
            if ended and not any(batch.can_continue for batch in batches):
                break
            if time.monotonic() - changed > stall_seconds:
                raise StackError(_describe_stall(batches, stall_seconds, client))
            time.sleep(POLL_SECONDS)
    if run and run.state == "failed" and not blocked_stages(batches):
        raise StackError(f"the ingestion failed: {_explain_failed_run(run, client)}")
    return batches


def print_summary(site: Site, console: Console) -> None:
    """Print the summary at the end of the demo."""
    with open_warehouses(site) as (raw, clean):
        summary.print_summary(console, site, raw, clean)


def explain_failures(site: Site, found: Sequence[BlockedStage], client: AirflowClient) -> str:
    """Return a message for each blocked batch: what happened, where to read more, what to do."""
    lines = []
    for batch_id, stage, progress in found:
        if progress.status is StageStatus.STOPPED:
            lines += [f"the {stage} gate stopped {batch_id}:", progress.why]
            lines.append(f"see the reports of the gates in {site.settings.docs_dir}")
            lines.append("its rows stay in their database, but no model is trained on them")
        else:
            lines += [f"{batch_id} failed in {stage}:", _explain_failed_run(progress.run, client)]
    return "\n".join([*lines, "the other batches were processed, and the stack is still running"])


def _explain_failed_run(run: DagRun | None, client: AirflowClient) -> str:
    if run is None:
        return "Airflow has no run for it"
    tasks = ", ".join(client.failed_tasks(run)) or "none; the run itself failed"
    return (
        f"failed tasks: {tasks}; see their logs at {client.url}{run.path}\n"
        'after fixing the cause, press "Clear" on that page and run `readmission demo` again'
    )


def _describe_stall(batches: Sequence[BatchProgress], seconds: float, client: AirflowClient) -> str:
    waiting = ", ".join(batch.batch_id for batch in batches if not batch.is_finished)
    return (
        f"no progress for {duration(seconds)}; unfinished: {waiting}. See {client.url} and "
        "`readmission status`. The stack is still running; `readmission demo` continues waiting"
    )
