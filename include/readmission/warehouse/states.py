"""The states of a batch in a ledger and of a row in quarantine."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class BatchState(StrEnum):
    """A batch is loaded in one transaction, and then accepted or rejected by its gate."""

    LOADED = "loaded"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class BatchKind(StrEnum):
    """Where the rows of a batch come from: the source or the quarantine."""

    ARRIVAL = "arrival"
    REPLAY = "replay"


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

PREFIXES: Mapping[BatchKind, str] = MappingProxyType(
    {BatchKind.ARRIVAL: "batch", BatchKind.REPLAY: "replay"}
)


def batch_name(number: int, kind: BatchKind = BatchKind.ARRIVAL) -> str:
    """Return the key of a batch, which is also its asset partition.

    Arrivals and replays share one sequence of numbers, so a key shows its place in the order:
    ``batch-0007``, ``replay-0008``, ``batch-0009``.
    """
    return f"{PREFIXES[kind]}-{number:04d}"


def batch_number(batch_id: str) -> int:
    """Return the position of a batch in the order of all batches."""
    return int(batch_id.rpartition("-")[2])
