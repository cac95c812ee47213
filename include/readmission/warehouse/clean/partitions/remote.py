"""Training partitions that are read one by one, without a key of the object store or of CLEAN.

Each is a signed link to one object, for a few hours, with the hash that its content must have.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
import pandas as pd

from readmission.domain.splitting import Split
from readmission.errors import ReadmissionError
from readmission.warehouse.clean.partitions import (
    TrainingPartitions,
    decode,
    name_of,
    without,
)

LINK_SECONDS = 6 * 3600
"""Longer than a task may run, so that a part can be read again until the end."""
_TIMEOUT_SECONDS = 60


class PartitionChanged(ReadmissionError):
    """A partition is not what the ledger says; it has to be written again."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(
            f"the training partition of {batch_id} was lost or changed while it was read; it is"
            " written again from CLEAN, and the training is tried again"
        )
        self.batch_id = batch_id

    def __reduce__(self) -> tuple[type["PartitionChanged"], tuple[str]]:
        """Pickle the batch instead of the message, because Dask's workers raise this error."""
        return PartitionChanged, (self.batch_id,)


class PartitionUnreadable(ReadmissionError):
    """The object store did not return a partition; the message does not contain the link."""


@dataclass(frozen=True)
class RemotePartition:
    """The rows of one batch, which any machine that reaches the object store can read.

    Parameters
    ----------
    batch_id : str
        The batch.
    link : str
        Signed address of the object. Whoever has it can read the rows.
    sha256 : str
        Hash of the object.
    corrected : tuple of int
        Source rows that a later batch has corrected.
    splits : tuple of Split
        The splits to read; rows of others are not returned.
    """

    batch_id: str
    link: str = field(repr=False)
    sha256: str
    corrected: tuple[int, ...] = field(repr=False)
    splits: tuple[Split, ...]

    def __call__(self) -> pd.DataFrame:
        """Return the rows, with the columns of `ROW_TYPES`.

        Raises
        ------
        PartitionChanged
            If the object is lost, or its content has another hash.
        PartitionUnreadable
            If the object store does not respond, or refuses.
        """
        content = self._content()
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise PartitionChanged(self.batch_id)
        return without(decode(content, self.splits), self.corrected).to_pandas()

    def _content(self) -> bytes:
        try:
            response = httpx.get(self.link, timeout=_TIMEOUT_SECONDS)
        except httpx.HTTPError as error:
            # Its message would contain the link.
            problem = type(error).__name__
        else:
            if response.status_code == httpx.codes.NOT_FOUND:
                raise PartitionChanged(self.batch_id)
            if response.is_success:
                return response.content
            problem = f"status {response.status_code}"
        raise PartitionUnreadable(
            f"the training partition of {self.batch_id} could not be read: {problem};"
            " can the training task, or each Dask worker, reach the object store?"
        )


def remote(
    partitions: TrainingPartitions, splits: Sequence[Split], up_to: str
) -> list[RemotePartition]:
    """Return the partitions of all accepted batches up to one, to be read on any machine.

    Parameters
    ----------
    partitions : TrainingPartitions
        Those that do not exist are written.
    splits : sequence of Split
        The splits.
    up_to : str
        The last batch to include.

    Raises
    ------
    BatchNotFound
        If the ledger does not contain the batch `up_to`.
    RowsDiffer
        If a partition cannot be written again.
    """
    bucket = partitions.bucket
    return [
        RemotePartition(
            part.batch.batch_id,
            bucket.link(name_of(part.batch), LINK_SECONDS),
            str(part.sha256),
            part.corrected,
            tuple(splits),
        )
        for part in partitions.written(up_to)
    ]
