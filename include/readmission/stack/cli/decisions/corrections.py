"""The commands `readmission corrections list`, `accept` and `reject`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from readmission.stack.audit import record
from readmission.stack.cli.decisions.quarantine import (
    BatchArgument,
    BatchOption,
    RowsArgument,
)
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
    from readmission.warehouse.raw.corrections import Correction, Corrections

_FIELDS = (
    "batch_id", "line", "earlier_batch", "earlier_line", "columns", "arrived_at", "status",
    "decided_by", "decided_at", "why",
)  # fmt: skip

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Review rows that bring other values for an encounter that had arrived before.

Such a correction is **held** in quarantine until somebody decides. Until then, and if it is
**rejected**, the earlier row stays valid. The new rows of its batch do not wait for it.""",
)

ReasonOption = Annotated[
    str, typer.Option("--reason", "-r", help="The reason for the decision; kept in the history.")
]


@app.command("list")
def list_corrections(
    batch: BatchOption = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Also list accepted and rejected corrections.")
    ] = False,
    values: Annotated[
        bool,
        typer.Option(
            "--values", help="Show the earlier and the new values, without keys; this is audited."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List corrections: the row, which row it corrects, and the columns that differ."""
    from readmission.warehouse.raw.corrections import Corrections

    with open_stack_warehouses() as (site, raw, _clean):
        if batch:
            raw.batch(batch)
        corrections = Corrections(raw.connection)
        found = [one for one in corrections.all() if batch in (None, one.batch_id)]
        listed = [one for one in found if everything or one.status == "held"]
        if values:
            record(site, by_os_user(Action.READ_CORRECTIONS, batch, rows=len(listed)))
        changes = [_changes(corrections, one) if values else None for one in listed]
        if as_json:
            print_json(list(map(_as_json, listed, changes)))
            return
        for one, changed in zip(listed, changes, strict=True):
            console.print(escape_markup(_line(one)))
            for change in changed or ():
                change_line = f"  {change['column']}: {change['earlier']} -> {change['new']}"
                console.print(escape_markup(change_line))
        counts = ", ".join(
            f"{sum(one.status == status for one in found):,} {status}"
            for status in ("held", "accepted", "rejected")
        )
        console.print(counts)


def _changes(corrections: "Corrections", one: "Correction") -> list[dict[str, str]]:
    """Return the values that differ; patient and encounter numbers are not shown."""
    from readmission.domain.privacy import shown

    return [
        {"column": name, "earlier": shown(name, earlier), "new": shown(name, new)}
        for name, earlier, new in corrections.values(one)
    ]


def _line(one: "Correction") -> str:
    decided = f" by {one.decided_by}: {one.why}" if one.decided_at else ""
    return (
        f"row {one.line} of {one.batch_id}, {one.arrived_at:%Y-%m-%d %H:%M},"
        f" corrects row {one.earlier_line} of {one.earlier_batch}:"
        f" {', '.join(one.columns)}; {one.status}{decided}"
    )


def _as_json(one: "Correction", changes: list[dict[str, str]] | None) -> dict[str, Any]:
    described = {name: getattr(one, name) for name in _FIELDS}
    return described if changes is None else {**described, "changes": changes}


@app.command()
def reject(batch: BatchArgument, rows: RowsArgument, reason: ReasonOption, by: ByOption) -> None:
    """Reject corrections: the earlier rows stay valid. This cannot be undone."""
    from readmission.stack.access import write_overview
    from readmission.warehouse import Quarantine
    from readmission.warehouse.raw.corrections import Corrections

    with open_stack_warehouses() as (site, raw, clean):
        Corrections(raw.connection).require(batch, rows)
        by = signed(by, os_user())
        record(site, by_os_user(Action.WAIVE_ROWS, batch, rows=len(rows), by=by))
        Quarantine(raw.connection).waive(batch, rows, by, reason)
        console.print(f"rejected {len(rows)} of {batch}; the earlier rows stay valid")
        write_overview(site, raw, clean)


@app.command()
def accept(batch: BatchArgument, rows: RowsArgument, reason: ReasonOption, by: ByOption) -> None:
    """Accept corrections: they replace the earlier rows, with the replay of all fixed rows.

    The earlier rows are kept as superseded. The next training uses the corrected ones.
    """
    from readmission.warehouse import Quarantine
    from readmission.warehouse.raw.corrections import Corrections

    with open_stack_warehouses() as (site, raw, _clean):
        Corrections(raw.connection).require(batch, rows)
        by = signed(by, os_user())
        record(site, by_os_user(Action.FIX_ROWS, batch, rows=len(rows), by=by, columns=[]))
        Quarantine(raw.connection).fix(batch, rows, {}, by, reason)
        console.print(f"accepted {len(rows)} of {batch}")
        console.print("run `readmission quarantine replay` to process the accepted rows")
