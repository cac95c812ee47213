"""The commands `readmission quarantine`: `list`, `show`, `history`, `fix`, `waive`, `replay`, …

Slow imports are inside the commands that need them, so that `--help` stays fast.
"""

from typing import Annotated

import typer

from readmission.domain.batch_ids import parse_batch_id
from readmission.errors import ReadmissionError
from readmission.stack.audit import record
from readmission.stack.cli.terminal import (
    ByOption,
    JsonOption,
    console,
    escape_markup,
    exit_on_error,
    open_stack_warehouses,
    print_json,
)
from readmission.warehouse.audit.events import Action, by_os_user, os_user, signed
from readmission.warehouse.raw.line_numbers import line_of, source_row_of

REPLAY_DAG = "quarantine_replay"

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Review the rows that the raw gate put in quarantine, and decide what happens to them.

A quarantined row is **open** until somebody decides what to do with it:

- **fix** corrects its values. **replay** then sends all fixed rows through the same gates and
  cleaning again, as a new batch (`replay-0008`).
- **waive** excludes it permanently.

A typical session is `list`, `show`, `fix` or `waive`, `replay`, `account`.

The original row stays in RAW unchanged. Each decision is kept permanently with its author, time and
reason (**history**). **account** checks that no row was lost. Patient and encounter numbers are
never shown.""",
)


def _batch_id(value: str | None) -> str | None:
    with exit_on_error():
        return None if value is None else parse_batch_id(value)


def _source_row(value: int) -> int:
    with exit_on_error():
        return source_row_of(value)


def _source_rows(values: list[int]) -> list[int]:
    return [_source_row(value) for value in values]


BatchArgument = Annotated[
    str,
    typer.Argument(metavar="BATCH", help="The batch, such as batch-0001.", callback=_batch_id),
]
RowArgument = Annotated[
    int,
    typer.Argument(
        metavar="ROW", help="Number of the row, from 1, as `list` shows it.", callback=_source_row
    ),
]
RowsArgument = Annotated[
    list[int],
    typer.Argument(
        metavar="ROW",
        help="Numbers of the rows, from 1, as `list` shows them.",
        callback=_source_rows,
    ),
]
BatchOption = Annotated[
    str | None,
    typer.Option(
        "--batch", "-b", metavar="BATCH", help="Only rows from this batch.", callback=_batch_id
    ),
]
WhyOption = Annotated[
    str, typer.Option("--why", "-w", help="The reason for the decision; kept in the history.")
]


@app.command("list")
def list_rows(
    batch: BatchOption = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Also list waived and replayed rows.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List the rows that need a decision (open) or a replay (fixed)."""
    from readmission.stack.cli.decisions import quarantine_tables as display
    from readmission.warehouse import Quarantine

    with open_stack_warehouses() as (site, raw, _clean):
        if batch:
            raw.batch(batch)  # An unknown batch is an error, not an empty list.
        rows = Quarantine(raw.connection).rows(batch)
        shown = rows if everything else [row for row in rows if row.is_waiting]
        record(site, by_os_user(Action.READ_QUARANTINE, batch, rows=len(shown)))
        if as_json:
            print_json(display.as_json(shown))
            return
        if shown:
            console.print(display.rows_table(shown))
        console.print(display.state_counts(rows))


@app.command()
def show(
    batch: BatchArgument,
    row: RowArgument,
    everything: Annotated[
        bool,
        typer.Option("--all", "-a", help="Show all columns, not only invalid or corrected ones."),
    ] = False,
) -> None:
    """Show one row: why it is in quarantine, its invalid values and the decisions about it."""
    from readmission.stack.cli.decisions import quarantine_tables as display
    from readmission.warehouse import DecisionLog, Quarantine

    with open_stack_warehouses() as (site, raw, _clean):
        quarantine = Quarantine(raw.connection)
        found = quarantine.row(batch, row)
        record(site, by_os_user(Action.READ_QUARANTINE, batch, rows=1, line=line_of(row)))
        (arrived,) = quarantine.as_arrived([found])
        for line in display.row_history(found, DecisionLog(raw.connection).decisions(batch, row)):
            console.print(escape_markup(line))
        table = display.values_table(found, arrived, everything=everything)
        if table.row_count:
            console.print()
            console.print(table)


@app.command()
def history(batch: BatchOption = None) -> None:
    """List all decisions, oldest first; later decisions do not overwrite earlier ones."""
    from readmission.stack.cli.decisions import quarantine_tables as display
    from readmission.warehouse import DecisionLog

    with open_stack_warehouses() as (site, raw, _clean):
        if batch:
            raw.batch(batch)
        decisions = DecisionLog(raw.connection).decisions(batch)
        record(site, by_os_user(Action.READ_QUARANTINE, batch, decisions=len(decisions)))
        for decision in decisions:
            console.print(escape_markup(display.decision_line(decision)))
        if not decisions:
            console.print("there are no decisions yet")


@app.command()
def fix(
    batch: BatchArgument,
    rows: RowsArgument,
    why: WhyOption,
    by: ByOption,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            "-s",
            metavar="COLUMN=VALUE",
            help="The correct value, written as in the source file; repeatable.",
        ),
    ] = None,
    as_it_is: Annotated[
        bool,
        typer.Option(
            "--as-it-is", help="Accept the row unchanged, e.g. after waiving its duplicate."
        ),
    ] = False,
) -> None:
    """Correct the values of one or more rows; `replay` then processes them again.

    All rows get the same values. Until the replay, a new fix replaces the previous one.

    Example: `readmission quarantine fix batch-0001 4711 --set 'age=[70-80)' --why "asked the ward"`
    """
    from readmission.stack.access import write_overview
    from readmission.stack.cli.decisions import quarantine_tables as display
    from readmission.warehouse import Quarantine

    with open_stack_warehouses() as (site, raw, clean):
        if bool(changes) is as_it_is:
            raise ReadmissionError(
                "give either the correct values with --set COLUMN=VALUE, or --as-it-is"
            )
        quarantine, values = Quarantine(raw.connection), dict(map(_parse_assignment, changes or ()))
        by, columns = signed(by, os_user()), sorted(values)
        record(site, by_os_user(Action.FIX_ROWS, batch, rows=len(rows), by=by, columns=columns))
        fixed = quarantine.fix(batch, rows, values, by, why)
        for row, arrived in zip(fixed, quarantine.as_arrived(fixed), strict=True):
            console.print(escape_markup(display.decision_line(row)))
            for problem in display.remaining_problems(row, arrived):
                console.print(f"[yellow]  still invalid:[/] {escape_markup(problem)}")
        console.print("run `readmission quarantine replay` to process the fixed rows again")
        write_overview(site, raw, clean)


@app.command()
def waive(
    batch: BatchArgument,
    rows: RowsArgument,
    why: WhyOption,
    by: ByOption,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Exclude rows permanently: they never reach CLEAN. This cannot be undone."""
    from readmission.stack.access import write_overview
    from readmission.stack.cli.decisions import quarantine_tables as display
    from readmission.warehouse import Quarantine

    with open_stack_warehouses() as (site, raw, clean):
        if not yes:
            numbers = ", ".join(str(line_of(row)) for row in rows)
            typer.confirm(f"Permanently waive row {numbers} of {batch}?", abort=True)
        by = signed(by, os_user())
        record(site, by_os_user(Action.WAIVE_ROWS, batch, rows=len(rows), by=by))
        for row in Quarantine(raw.connection).waive(batch, rows, by, why):
            console.print(escape_markup(display.decision_line(row)))
        write_overview(site, raw, clean)


@app.command()
def replay(batch: BatchOption = None) -> None:
    """Have Airflow process all fixed rows again, as a new batch.

    Each fixed row is replayed once; running the command twice does not repeat it. A row that is
    still invalid goes back into quarantine, as part of the new batch.
    """
    from readmission.pipeline.replay import awaiting_gate
    from readmission.stack.access import open_airflow
    from readmission.stack.cli.batch_progress import CONSUMERS
    from readmission.warehouse import Quarantine, RowState

    with open_stack_warehouses() as (site, raw, _clean):
        if batch:
            raw.batch(batch)
        fixed = len(Quarantine(raw.connection).rows(batch, RowState.FIXED))
        left = sum(replayed.rows for replayed in awaiting_gate(raw))
        if not fixed + left:
            console.print("nothing to replay: there are no fixed rows")
            return
        record(site, by_os_user(Action.REPLAY_ROWS, batch, rows=fixed + left))
        client = open_airflow(site)
        client.wait_for_dags([REPLAY_DAG, *CONSUMERS])
        run = client.trigger(REPLAY_DAG, {"action": "replay", "batch_id": batch})
        console.print(f"replaying {fixed + left} rows; follow the run at {client.url}{run.path}")
        console.print("afterwards, `readmission quarantine account` shows where every row is")


@app.command()
def account() -> None:
    """Count the rows of RAW and CLEAN and show where each is; exit with 1 if any is missing."""
    from readmission.stack.cli.decisions import quarantine_tables as display
    from readmission.warehouse import reconciliation

    with open_stack_warehouses() as (_, raw, clean):
        found = reconciliation.account(raw, clean, recount=True)
        if found.lines:
            console.print(display.account_table(found))
        console.print(str(found))


def _parse_assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ReadmissionError(f"--set {text}: expected COLUMN=VALUE, such as 'age=[70-80)'")
    return name.strip(), value
