"""The rows of a training: all in this process, or in parts if they are too many for it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pandas as pd

from readmission.domain.splitting import Split
from readmission.errors import BatchNotFound
from readmission.modelling.fitting import LOCAL, streaming
from readmission.modelling.fitting.cluster import Cluster, connect
from readmission.modelling.fitting.parted_rows import PartedRows
from readmission.modelling.fitting.parts import Part
from readmission.settings import Settings
from readmission.warehouse import BatchState, CleanBatch, CleanWarehouse
from readmission.warehouse.clean.partitions import TrainingPartitions
from readmission.warehouse.clean.partitions.remote import PartitionChanged, remote
from readmission.warehouse.clean.patient_history import with_history

TRAINED_ON = (Split.TRAIN, Split.VALIDATION)


def accepted(warehouse: CleanWarehouse, batch_id: str) -> CleanBatch:
    """Return a batch that may be trained on.

    Raises
    ------
    BatchNotFound
        If the batch is not accepted in CLEAN.
    """
    batch = warehouse.batch(batch_id)
    if batch.state is not BatchState.ACCEPTED:
        raise BatchNotFound(batch_id, "accepted CLEAN")
    return batch


def whole(
    warehouse: CleanWarehouse,
    batch_id: str,
    *,
    history: bool = False,
    partitions: TrainingPartitions | None = None,
) -> pd.DataFrame:
    """Return the train and validation rows of all accepted batches up to `batch_id`.

    With `history`, each row has the fields of its patient's earlier stays too, as they were known
    with its batch. The rows are the same with and without `partitions`.

    Raises
    ------
    BatchNotFound
        If the batch is not accepted in CLEAN.
    """
    newest = accepted(warehouse, batch_id)
    rows = (partitions or warehouse).read_splits(TRAINED_ON, newest.batch_id)
    return with_history(warehouse.connection, rows, TRAINED_ON) if history else rows


def to_check(
    partitions: TrainingPartitions, batch_id: str, *, history: bool = False
) -> pd.DataFrame:
    """Return the rows of `whole` for the training gate, text as categories to save memory."""
    newest = accepted(partitions.warehouse, batch_id)
    rows = partitions.read_splits(TRAINED_ON, newest.batch_id, categories=True)
    return with_history(partitions.connection, rows, TRAINED_ON) if history else rows


@contextmanager
def cluster_of(settings: Settings) -> Iterator[Cluster | None]:
    """Connect to the cluster that fits the models; None if this process does.

    Raises
    ------
    ReadmissionError
        If the cluster is unavailable, see `readmission.modelling.fitting.cluster.connect`.
    """
    if settings.dask_address is None or settings.training_engine == LOCAL:
        yield None
        return
    sample_rows, tls = settings.training_sample_rows, settings.dask_tls_dir
    with connect(settings.dask_address, sample_rows, tls) as cluster:
        yield cluster


def to_fit(
    settings: Settings,
    partitions: TrainingPartitions,
    batch_id: str,
    rows: int,
    cluster: Cluster | None,
) -> pd.DataFrame | PartedRows:
    """Return the rows as they are fitted: by a cluster, by this process in parts, or whole.

    Parameters
    ----------
    settings : Settings
        Of the training.
    partitions : TrainingPartitions
        Have the rows.
    batch_id : str
        The newest batch.
    rows : int
        Number of train and validation rows.
    cluster : Cluster, optional
        The result of `cluster_of`.
    """
    if cluster:
        return in_parts(partitions, batch_id, cluster.read)
    limit, history = settings.training_sample_rows, settings.train_with_history
    if rows > limit and not history:
        return in_parts(partitions, batch_id, partial(streaming.read, limit=limit))
    return whole(partitions.warehouse, batch_id, history=history, partitions=partitions)


def in_parts(
    partitions: TrainingPartitions,
    batch_id: str,
    reader: Callable[[Sequence[Part]], PartedRows],
) -> PartedRows:
    """Return what `whole` returns, of which this process holds a sample at most.

    Parameters
    ----------
    partitions : TrainingPartitions
        Have the rows.
    batch_id : str
        The newest batch.
    reader : callable
        Reads the partitions: `Cluster.read` or `streaming.read`.

    Raises
    ------
    BatchNotFound
        If the batch is not accepted in CLEAN.
    ClusterFailed, PartitionChanged, PartitionUnreadable
        If the rows cannot be read. A partition that was lost or damaged is written again, so that a
        retry can.
    """
    newest = accepted(partitions.warehouse, batch_id)
    try:
        return reader(remote(partitions, TRAINED_ON, newest.batch_id))
    except PartitionChanged as changed:
        partitions.rewrite(changed.batch_id)
        raise
