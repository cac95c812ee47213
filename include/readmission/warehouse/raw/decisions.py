"""The rules of decisions about quarantined rows: what may be decided, and what is final."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from readmission.domain import schema
from readmission.domain.columns import Kind
from readmission.errors import DecisionRefused, InvalidValue
from readmission.warehouse.states import BECOMES, RowState


@dataclass(frozen=True)
class QuarantinedRow:
    """One row that was set aside, and the last decision about it.

    Parameters
    ----------
    batch_id, source_row : str, int
        Which row of which batch.
    reasons : sequence of str
        One sentence for each expectation that the row broke.
    state : RowState
        What has been decided.
    correction : mapping of str to str
        Column to the value that a replay writes, as the file spells it; empty if the row
        is right as it arrived.
    decided_by, decided_at, why : str, datetime, str
        Who decided, when and for what reason; empty while the row is open.
    replay_batch : str, optional
        The batch in which the corrected row goes on.
    created_at : datetime
        When the row was set aside.
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
        """Whether something is still to happen to the row."""
        return bool(BECOMES[self.state])

    def repeats(self, state: RowState, correction: Mapping[str, str], by: str, why: str) -> bool:
        """Whether this very decision has been taken before, as by a task that is run again."""
        decided = (self.state, self.correction, self.decided_by, self.why)
        return decided == (state, correction, by, why)


def require_allowed(name: str, value: str) -> None:
    """Raise unless a column may hold a value, as the file spells it.

    Raises
    ------
    InvalidValue
        Naming the column and what is expected; values of keys are not repeated.
    """
    column = schema.BY_NAME.get(name)
    if column is None:
        near = difflib.get_close_matches(name, schema.NAMES) or schema.NAMES
        raise InvalidValue(name, "no such column", "one of " + ", ".join(near))
    if not column.allows(value):
        shown = "this value" if column.kind is Kind.KEY else value
        raise InvalidValue(name, shown, column.expected)


def require_signed(by: str, why: str) -> None:
    """Raise unless it is said who decides, and why.

    Raises
    ------
    DecisionRefused
        If either is empty.
    """
    if not (by.strip() and why.strip()):
        raise DecisionRefused("a decision needs a name and a reason: say who decides, and why")


def require_undecided(row: QuarantinedRow, wanted: RowState) -> None:
    """Raise if a row is in a final state.

    Raises
    ------
    DecisionRefused
        Naming the state.
    """
    if wanted in BECOMES[row.state]:
        return
    done = f"waived by {row.decided_by}"
    if row.state is RowState.REPLAYED:
        done = f"replayed in {row.replay_batch}"
    raise DecisionRefused(
        f"row {row.source_row} of {row.batch_id} was {done}; that is final, so it cannot be"
        f" {wanted} any more"
    )
