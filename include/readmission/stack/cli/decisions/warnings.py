"""The commands `readmission warnings list`, `acknowledge` and `withdraw`."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from readmission.quality.catalogue import GATES
from readmission.stack.audit import record
from readmission.stack.cli.terminal import (
    ByOption,
    JsonOption,
    console,
    escape_markup,
    open_stack_warehouses,
    print_json,
)
from readmission.warehouse.audit.events import Action, by_os_user, os_user, signed

if TYPE_CHECKING:
    from readmission.warehouse.sql.gate_warnings import GateWarning

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Review the warnings of the gates, drift alarms among them, and acknowledge known ones.

An **acknowledged** warning stays on the pages and in the metrics, and the alert *DriftStrong* does
not fire for it. It is **open** again when the time is over, when somebody withdraws it, or when the
warning changes: its number has grown by half.""",
)

GateArgument = Annotated[
    str,
    typer.Argument(
        metavar="GATE", help=f"Name of the gate: {', '.join(gate.name for gate in GATES)}."
    ),
]
SubjectArgument = Annotated[
    str,
    typer.Argument(metavar="WARNING", help="The warning as `list` shows it, or how it begins."),
]
ReasonOption = Annotated[
    str, typer.Option("--reason", "-r", help="The reason for the decision; kept in the history.")
]
UntilOption = Annotated[
    datetime | None,
    typer.Option("--until", help="When it is open again, in UTC; by default never."),
]


@app.command("list")
def list_warnings(as_json: JsonOption = False) -> None:
    """List each warning once, as the newest batch has it, and who acknowledged it."""
    with open_stack_warehouses() as (_site, raw, clean):
        from readmission.warehouse.sql.gate_warnings import GateWarnings

        found = [one for store in (raw, clean) for one in GateWarnings(store.connection).newest()]
        if as_json:
            print_json(found)
        elif found:
            console.print(warnings_table(found))
        else:
            console.print("no gate has warned")


@app.command()
def acknowledge(
    gate: GateArgument,
    warning: SubjectArgument,
    reason: ReasonOption,
    by: ByOption,
    until: UntilOption = None,
) -> None:
    """Acknowledge a known warning.

    Example: `readmission warnings acknowledge clean "payer_code has drifted" --reason
    "new form since May" --until 2027-01-31`
    """
    from readmission.quality.gate_decisions import warnings_of
    from readmission.stack.access import write_overview

    with open_stack_warehouses() as (site, raw, clean):
        by = signed(by, os_user())
        record(site, by_os_user(Action.ACKNOWLEDGE, gate, by=by, warning=warning, why=reason))
        done = warnings_of(gate, raw, clean).acknowledge(gate, warning, by, reason, until)
        console.print(escape_markup(f"acknowledged: {done.sentence}"))
        write_overview(site, raw, clean)


@app.command()
def withdraw(
    gate: GateArgument, warning: SubjectArgument, reason: ReasonOption, by: ByOption
) -> None:
    """Withdraw an acknowledgement: the warning is open again."""
    from readmission.quality.gate_decisions import warnings_of
    from readmission.stack.access import write_overview

    with open_stack_warehouses() as (site, raw, clean):
        by = signed(by, os_user())
        record(site, by_os_user(Action.WITHDRAW, gate, by=by, warning=warning, why=reason))
        done = warnings_of(gate, raw, clean).withdraw(gate, warning, by, reason)
        console.print(escape_markup(f"open again: {done.sentence}"))
        write_overview(site, raw, clean)


def warnings_table(warnings: list["GateWarning"]) -> Table:
    """Return one line a warning: gate, status, newest batch, who decided, and the sentence."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("gate", "status", "batch", "decided", "until", "warning"):
        table.add_column(heading, overflow="fold")
    for one in warnings:
        decided = f"{one.decided_by}, {one.decided_at:%Y-%m-%d}" if one.decided_at else ""
        until = f"{one.until:%Y-%m-%d %H:%M}" if one.until else ""
        cells = (one.gate, one.status, one.batch_id, decided, until, one.sentence)
        table.add_row(*map(escape_markup, cells))
    return table
