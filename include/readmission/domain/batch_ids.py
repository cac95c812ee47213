"""The id of a batch: ``batch-0007`` or ``replay-0008``; it is also the batch's asset partition.

Every id from outside (a run of Airflow, the command line, the address of a page, a tag in the
registry) is parsed here before anything is read or written with it.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

from readmission.errors import InvalidBatchId

BatchId = NewType("BatchId", str)
"""A text that `parse_batch_id` has accepted."""


class BatchKind(StrEnum):
    """Where the rows of a batch come from: the source or the quarantine."""

    ARRIVAL = "arrival"
    REPLAY = "replay"


PREFIXES: Mapping[BatchKind, str] = MappingProxyType(
    {BatchKind.ARRIVAL: "batch", BatchKind.REPLAY: "replay"}
)

PATTERN = f"^(?:{'|'.join(PREFIXES.values())})-(?!0000$)([0-9]{{4}}|[1-9][0-9]{{4,8}})$"
"""A regular expression for Python, PostgreSQL and JSON Schema, which captures the number. Nine
digits fit the ledger's column."""


def batch_name(number: int, kind: BatchKind = BatchKind.ARRIVAL) -> BatchId:
    """Return the id of a batch.

    Arrivals and replays share one sequence of numbers, so an id shows its place in the order:
    ``batch-0007``, ``replay-0008``, ``batch-0009``.
    """
    return BatchId(f"{PREFIXES[kind]}-{number:04d}")


def parse_batch_id(value: object) -> BatchId:
    """Return a value as the id of a batch; the batch need not exist.

    Parameters
    ----------
    value : object
        Usually a text from outside; None if a run of Airflow has no partition key.

    Raises
    ------
    InvalidBatchId
        If it is anything but a prefix, a hyphen and a number from 1, of at least four digits.
    """
    if not isinstance(value, str) or re.fullmatch(PATTERN, value) is None:
        raise InvalidBatchId(value)
    return BatchId(value)


def batch_number(batch_id: str) -> int:
    """Return the position of a batch in the order of all batches.

    Raises
    ------
    InvalidBatchId
        If it is not the id of a batch.
    """
    return int(parse_batch_id(batch_id).rpartition("-")[2])
