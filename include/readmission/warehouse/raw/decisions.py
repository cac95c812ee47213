"""The rules for decisions about quarantined rows: which are allowed and which are final."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from readmission.domain import schema
from readmission.domain.columns import Kind
from readmission.errors import DecisionRefused, InvalidValue
from readmission.warehouse.raw.line_numbers import NumberedRow
from readmission.warehouse.states import BECOMES, RowState


@dataclass(frozen=True)
class QuarantinedRow(NumberedRow):
    """A quarantined row and the last decision about it.

    Parameters
    ----------
    batch_id, source_row : str, int
        The batch, and the row of the source file.
    reasons : sequence of str
        One sentence for each expectation that the row failed.
    state : RowState
        The last decision.
    correction : mapping of str to str
        Corrected value by column, as it should be in the file; empty if the row is right as it
        arrived.
    decided_by, decided_at, why : str, datetime, str
        Who decided, when, and the reason; empty while the row is open.
    replay_batch : str, optional
        The batch in which the row was replayed.
    created_at : datetime
        When the row was quarantined.
    """

    batch_id: str
    source_row: int
    reasons: Sequence[str]
    state: RowState
    correction: Mapping[str, str]
    decided_by: str
    decided_at: datetime | None
    why: str
    replay_batch: str | None
    created_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", RowState(self.state))

    @property
    def is_waiting(self) -> bool:
        """Whether the state of the row is not final."""
        return bool(BECOMES[self.state])

    def repeats(self, state: RowState, correction: Mapping[str, str], by: str, why: str) -> bool:
        """Whether a decision equals the last one, e.g. because a task was repeated."""
        decided = (self.state, self.correction, self.decided_by, self.why)
        return decided == (state, correction, by, why)


def require_allowed(name: str, value: str) -> None:
    """Raise an error unless the contract allows a value, as text, in a column.

    Raises
    ------
    InvalidValue
        If it does not. The message names the column and the expected values, but never repeats
        the value of a key.
    """
    column = schema.BY_NAME.get(name)
    if column is None:
        near = difflib.get_close_matches(name, schema.NAMES) or schema.NAMES
        raise InvalidValue(name, "no such column", "one of " + ", ".join(near))
    if not column.allows(value):
        shown = "this value" if column.kind is Kind.KEY else value
        raise InvalidValue(name, shown, column.expected)


def require_signed(by: str, why: str) -> None:
    """Raise an error unless a decision has a name and a reason.

    Raises
    ------
    DecisionRefused
        If either is empty.
    """
    if not (by.strip() and why.strip()):
        raise DecisionRefused("a decision needs a name and a reason: state who decides and why")


def require_rows(source_rows: Sequence[int]) -> None:
    """Raise an error unless a decision is about at least one row.

    Raises
    ------
    DecisionRefused
        If it is about none: a form that was sent without rows must not look as if it had worked.
    """
    if not source_rows:
        raise DecisionRefused("a decision needs rows: state the number of at least one")


def require_undecided(row: QuarantinedRow, wanted: RowState) -> None:
    """Raise an error unless the row may still change to the wanted state.

    Raises
    ------
    DecisionRefused
        If the state of the row is final; the message names it.
    """
    if wanted in BECOMES[row.state]:
        return
    done = f"waived by {row.decided_by}"
    if row.state is RowState.REPLAYED:
        done = f"replayed in {row.replay_batch}"
    raise DecisionRefused(
        f"row {row.line} of {row.batch_id} was {done}; that is final, so it can no longer"
        f" be {wanted}"
    )
