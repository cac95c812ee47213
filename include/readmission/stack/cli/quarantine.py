"""The command line of the quarantine: `readmission quarantine list`, `show`, `fix`, `waive`, …

What takes long to import is imported by the command that needs it.
"""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from readmission.errors import ReadmissionError
from readmission.stack.cli.terminal import console, open_stack, plain, spoken
from readmission.stack.errors import StackError

if TYPE_CHECKING:
    from readmission.stack.site.site import Site
    from readmission.warehouse import CleanWarehouse, RawWarehouse

DAG = "quarantine_replay"

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Rows that the raw gate set aside: look at them, decide, send them on.

A quarantined row is **open** until somebody decides about it:

- **fix** gives the right values; **replay** then sends the corrected row through the same gates and
  cleaning, in a batch of its own (`replay-0008`);
- **waive** gives it up for ever.

Who decided, when and why is kept for ever (**history**), and the row itself stays in RAW as it
arrived.
**account** proves that no row was lost. Numbers of patients and of encounters are never shown.""",
)

Batch = Annotated[
    str, typer.Argument(metavar="BATCH", help="Key of the batch, such as batch-0001.")
]
Row = Annotated[int, typer.Argument(metavar="ROW", help="The row's number, as `list` shows it.")]
Rows = Annotated[
    list[int], typer.Argument(metavar="ROW", help="The rows' numbers, as `list` shows them.")
]
OneBatch = Annotated[
    str | None, typer.Option("--batch", "-b", metavar="BATCH", help="Only rows of this batch.")
]
Why = Annotated[str, typer.Option("--why", "-w", help="The reason; kept with the row.")]
By = Annotated[
    str,
    typer.Option(
        "--by",
        default_factory=getpass.getuser,
        show_default="your user name",
        help="Who decides; kept with the row.",
    ),
]


@app.command("list")
def list_rows(
    batch: OneBatch = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Waived and replayed rows too.")
    ] = False,
) -> None:
    """List the rows that wait: for a decision (open), or for their replay (fixed)."""
    from readmission.stack.cli import quarantine_tables as display
    from readmission.warehouse import Quarantine

    with _ledgers() as (_, raw, _clean):
        if batch:
            raw.batch(batch)  # A batch that nobody knows is not merely empty.
        rows = Quarantine(raw.connection).rows(batch)
        shown = rows if everything else [row for row in rows if row.is_waiting]
        if shown:
            console.print(display.rows_table(shown))
        console.print(display.count_line(rows))


@app.command()
def show(
    batch: Batch,
    row: Row,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="All columns, not only those in question.")
    ] = False,
) -> None:
    """Show one row: why it was set aside, its wrong values, and all that was decided."""
    from readmission.stack.cli import quarantine_tables as display
    from readmission.warehouse import DecisionLog, Quarantine

    with _ledgers() as (_, raw, _clean):
        quarantine = Quarantine(raw.connection)
        found = quarantine.row(batch, row)
        (arrived,) = quarantine.as_arrived([found])
        for line in display.story(found, DecisionLog(raw.connection).decisions(batch, row)):
            console.print(plain(line))
        table = display.values_table(found, arrived, everything=everything)
        if table.row_count:
            console.print()
            console.print(table)


@app.command()
def history(batch: OneBatch = None) -> None:
    """List every decision ever taken, the oldest first; none is overwritten by a later one."""
    from readmission.stack.cli import quarantine_tables as display
    from readmission.warehouse import DecisionLog

    with _ledgers() as (_, raw, _clean):
        if batch:
            raw.batch(batch)
        decisions = DecisionLog(raw.connection).decisions(batch)
        for decision in decisions:
            console.print(plain(display.decision_line(decision)))
        if not decisions:
            console.print("nobody has decided anything yet")


@app.command()
def fix(
    batch: Batch,
    rows: Rows,
    why: Why,
    by: By,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            "-s",
            metavar="COLUMN=VALUE",
            help="A right value, as the file spells it; once for each column.",
        ),
    ] = None,
    as_it_is: Annotated[
        bool,
        typer.Option("--as-it-is", help="Right as it arrived, e.g. its twin was waived."),
    ] = False,
) -> None:
    """Say what is right in a row; `replay` then sends it on.

    Several rows get the same values. Until the replay a second fix counts instead of the first.

    Example: `readmission quarantine fix batch-0001 4711 --set 'age=[70-80)' --why "asked the ward"`
    """
    from readmission.stack.access import write_overview
    from readmission.stack.cli import quarantine_tables as display
    from readmission.warehouse import Quarantine

    with _ledgers() as (site, raw, clean):
        if bool(changes) is as_it_is:
            raise ReadmissionError("say what is right by --set COLUMN=VALUE, or --as-it-is")
        quarantine = Quarantine(raw.connection)
        fixed = quarantine.fix(batch, rows, dict(map(_assignment, changes or ())), by, why)
        for row, arrived in zip(fixed, quarantine.as_arrived(fixed), strict=True):
            console.print(plain(display.decision_line(row)))
            for problem in display.still_wrong(row, arrived):
                console.print(f"[yellow]  still wrong:[/] {plain(problem)}")
        console.print("`readmission quarantine replay` sends what is fixed on")
        write_overview(site, raw, clean)


@app.command()
def waive(
    batch: Batch,
    rows: Rows,
    why: Why,
    by: By,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Give rows up for ever: they never reach CLEAN, and nobody can take it back."""
    from readmission.stack.access import write_overview
    from readmission.stack.cli import quarantine_tables as display
    from readmission.warehouse import Quarantine

    with _ledgers() as (site, raw, clean):
        if not yes:
            typer.confirm(f"Waive row {', '.join(map(str, rows))} of {batch} for ever?", abort=True)
        for row in Quarantine(raw.connection).waive(batch, rows, by, why):
            console.print(plain(display.decision_line(row)))
        write_overview(site, raw, clean)


@app.command()
def replay(batch: OneBatch = None) -> None:
    """Have Airflow send all fixed rows on, in a batch of their own.

    Each row goes once: asked again, there is nothing left. A row that is still wrong is set
    aside again, in the new batch.
    """
    from readmission.pipeline.replay import awaiting_gate
    from readmission.stack.access import open_airflow
    from readmission.stack.cli.batch_progress import CONSUMERS
    from readmission.warehouse import Quarantine, RowState

    with _ledgers() as (site, raw, _clean):
        if batch:
            raw.batch(batch)
        fixed = len(Quarantine(raw.connection).rows(batch, RowState.FIXED))
        left = sum(replayed.rows for replayed in awaiting_gate(raw))
        if not fixed + left:
            console.print("nothing to replay: no row is fixed and waits")
            return
        client = open_airflow(site)
        client.wait_for_dags([DAG, *CONSUMERS])
        run = client.trigger(DAG, {"action": "replay", "batch_id": batch})
        console.print(f"rows to be replayed: {fixed + left}; see {client.url}{run.path}")
        console.print("afterwards `readmission quarantine account` says where every row is")


@app.command()
def account() -> None:
    """Count both databases and say where every row is; exit code 1 if one is nowhere."""
    from readmission.stack.cli import quarantine_tables as display
    from readmission.warehouse import reconciliation

    with _ledgers() as (_, raw, clean):
        found = reconciliation.account(raw, clean)
        if found.lines:
            console.print(display.account_table(found))
        console.print(str(found))


@contextmanager
def _ledgers() -> Iterator[tuple["Site", "RawWarehouse", "CleanWarehouse"]]:
    """Yield the running stack's site and warehouses; errors are said in words."""
    with spoken():
        from readmission.stack.access import warehouses

        stack = open_stack()
        if not stack.is_running:
            raise StackError("the stack is down; start it with `readmission up`")
        site = stack.site
        with warehouses(site) as (raw, clean):
            yield site, raw, clean


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ReadmissionError(f"--set {text}: expected COLUMN=VALUE, such as 'age=[70-80)'")
    return name.strip(), value
