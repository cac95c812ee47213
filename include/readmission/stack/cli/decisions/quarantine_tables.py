"""Tables and lines about the quarantine; patient and encounter numbers are never shown."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from readmission.domain import schema
from readmission.domain.privacy import shown
from readmission.warehouse import Decision, QuarantinedRow, RowState
from readmission.warehouse.reconciliation import Account

STYLES = {
    RowState.OPEN: "red",
    RowState.FIXED: "yellow",
    RowState.WAIVED: "dim",
    RowState.REPLAYED: "green",
}
ACCOUNT_COLUMNS = (
    "rows", "clean", "open", "fixed", "waived", "replayed", "rejected", "in_progress",
    "repeated", "superseded", "erased",
)  # fmt: skip


def rows_table(rows: Sequence[QuarantinedRow]) -> Table:
    """Return a table with one line a row: batch, number, state, decision and reasons."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("batch", no_wrap=True)
    table.add_column("row", justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("decided", no_wrap=True)
    table.add_column("why it is in quarantine", overflow="fold")
    for row in rows:
        decided = f"{row.decided_by}, {row.decided_at:%Y-%m-%d}" if row.decided_at else ""
        table.add_row(
            row.batch_id,
            str(row.line),
            Text(row.state, STYLES[row.state]),
            Text(decided),
            Text("; ".join(_short(reason) for reason in row.reasons)),
        )
    return table


def as_json(rows: Sequence[QuarantinedRow]) -> list[dict[str, Any]]:
    """Return rows with their `line`; corrections show no patient and encounter numbers.

    The deprecated field `source_row` is the same number, counted from 0.
    """
    return [
        {
            "batch_id": row.batch_id,
            "line": row.line,
            **asdict(row),
            "correction": {name: shown(name, value) for name, value in row.correction.items()},
        }
        for row in rows
    ]


def state_counts(rows: Sequence[QuarantinedRow]) -> str:
    """Return the number of rows in each state, as one line."""
    counted = Counter(row.state for row in rows)
    return ", ".join(f"{counted[state]:,} {state}" for state in RowState)


def row_history(row: QuarantinedRow, decisions: Sequence[Decision]) -> Iterator[str]:
    """Yield the history of a row: its reasons, the decisions about it and its replay."""
    since = f"{row.created_at:%Y-%m-%d %H:%M}"
    yield f"row {row.line} of {row.batch_id}, in quarantine since {since}:"
    for reason in row.reasons:
        yield f"  - {reason}"
    if not decisions:
        yield "open: no decision yet"
    yield from map(decision_line, decisions)
    if row.replay_batch:
        yield f"replayed in {row.replay_batch}"


def decision_line(decision: Decision | QuarantinedRow) -> str:
    """Return a decision as one line: the row, its new state, author, time, reason and changes."""
    changes = (
        f"{name} = {shown(name, value)}" for name, value in sorted(decision.correction.items())
    )
    return (
        f"row {decision.line} of {decision.batch_id}: {decision.state} by"
        f" {decision.decided_by}, {decision.decided_at:%Y-%m-%d %H:%M}: {decision.why}"
        + "".join(f"; {change}" for change in changes)
    )


def values_table(
    row: QuarantinedRow, arrived: Mapping[str, str], *, everything: bool = False
) -> Table:
    """Return the invalid and the corrected values of a row; all values with `everything`."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("column", "original", "correction"):
        table.add_column(heading, no_wrap=True)
    table.add_column("expected", overflow="fold")
    for column in schema.COLUMNS:
        value, corrected = arrived[column.name], row.correction.get(column.name)
        is_wrong = not column.allows(value)
        if everything or is_wrong or corrected is not None:
            table.add_row(
                column.name,
                Text(shown(column.name, value), "red" if is_wrong else ""),
                Text("" if corrected is None else shown(column.name, corrected), "yellow"),
                Text(column.expected if is_wrong or corrected is not None else ""),
            )
    return table


def remaining_problems(row: QuarantinedRow, arrived: Mapping[str, str]) -> list[str]:
    """Return the values of a fixed row that are still invalid."""
    values = {**arrived, **row.correction}
    return [
        f"{column.name} is {shown(column.name, values[column.name])}, expected {column.expected}"
        for column in schema.COLUMNS
        if not column.allows(values[column.name])
    ]


def account_table(found: Account) -> Table:
    """Return a table of where the rows of each batch are now."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("batch", no_wrap=True)
    for figure in ACCOUNT_COLUMNS:
        table.add_column(figure.replace("_", " "), justify="right", no_wrap=True)
    for line in found.lines:
        numbers = (getattr(line, figure) for figure in ACCOUNT_COLUMNS)
        table.add_row(line.batch_id, *(f"{number:,}" if number else "-" for number in numbers))
    return table


def _short(reason: str) -> str:
    """Return the start of a reason; `readmission quarantine show` prints all of it."""
    first, *others = reason.partition(";")[0].split(", ")
    return f"{first}, …" if others else first
