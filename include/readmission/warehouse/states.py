"""The states of a batch in a ledger and of a row in quarantine."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class BatchState(StrEnum):
    """A batch is loaded in one transaction, and then accepted or rejected by its gate."""

    LOADED = "loaded"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class RowState(StrEnum):
    """The decision about a quarantined row; open if there is none yet."""

    OPEN = "open"
    FIXED = "fixed"
    WAIVED = "waived"
    REPLAYED = "replayed"


BECOMES: Mapping[RowState, frozenset[RowState]] = MappingProxyType(
    {
        RowState.OPEN: frozenset({RowState.FIXED, RowState.WAIVED}),
        RowState.FIXED: frozenset({RowState.FIXED, RowState.WAIVED, RowState.REPLAYED}),
        RowState.WAIVED: frozenset(),
        RowState.REPLAYED: frozenset(),
    }
)
"""The states that may follow each state; waived and replayed are final."""
