"""One training: which rows, three fits, and the best of them as challenger."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from readmission.domain.drift import reference_of
from readmission.domain.splitting import Part
from readmission.errors import BatchNotFound
from readmission.modelling.fitting import fit
from readmission.modelling.mlflow_runs import Lineage, find_run, log_fit
from readmission.registry import CHALLENGER, DRIFT_REFERENCE, Registry
from readmission.warehouse import BatchState, Candidate, CleanWarehouse, ModelHistory

CHOSEN_BY = "val_weighted_f1"


@dataclass(frozen=True)
class Trained:
    """What one fit leaves for the choice among the three."""

    family: str
    run_id: str
    weighted_f1: float


def lineage(warehouse: CleanWarehouse, batch_id: str, rows: int) -> Lineage:
    """Say which data a training up to `batch_id` uses.

    Parameters
    ----------
    warehouse : CleanWarehouse
        Its ledger tells the batches.
    batch_id : str
        The newest batch.
    rows : int
        Train and validation rows of all accepted batches up to it.

    Raises
    ------
    BatchNotFound
        If the batch is not accepted in CLEAN.
    """
    newest = warehouse.batch(batch_id)
    batches = [
        batch
        for batch in warehouse.batches()
        if batch.state is BatchState.ACCEPTED and batch.number <= newest.number
    ]
    if newest.batch_id not in {batch.batch_id for batch in batches}:
        raise BatchNotFound(batch_id, "accepted CLEAN")
    digest = hashlib.sha256("".join(batch.content_sha256 for batch in batches).encode())
    return Lineage(
        batch_id=batch_id,
        batches=len(batches),
        rows=rows,
        data_sha256=digest.hexdigest(),
        data_source="+".join(sorted({batch.origin for batch in batches})),
    )


def training_rows(warehouse: CleanWarehouse, batch_id: str) -> pd.DataFrame:
    """Return the train and validation rows of all accepted batches up to one."""
    return warehouse.read_parts((Part.TRAIN, Part.VALIDATION), batch_id)


def train(
    family: str, rows: pd.DataFrame, data: Lineage, registry: Registry, threads: int
) -> Trained:
    """Fit one family and log it as a run, unless the same fit is there already.

    Parameters
    ----------
    family : str
        Key of `readmission.modelling.families.FAMILIES`.
    rows : DataFrame
        What `training_rows` returns.
    data : Lineage
        What the rows are.
    registry : Registry
        Where the run goes.
    threads : int
        Threads of the fit.
    """
    experiment_id = registry.experiment_id()
    run_id = find_run(registry.client, experiment_id, data, family)
    if run_id is None:
        reference = reference_of(rows[rows["part"] == Part.TRAIN])
        fitted = fit(family, rows, threads)
        run_id = log_fit(fitted, data, experiment_id, {DRIFT_REFERENCE: reference})
    return Trained(family, run_id, registry.run_metrics(run_id)[CHOSEN_BY])


def register_best(
    trained: Sequence[Trained], data: Lineage, registry: Registry, history: ModelHistory
) -> Candidate:
    """Register the model with the best weighted F1 on validation, alias ``challenger``."""
    best = max(trained, key=lambda result: result.weighted_f1)
    version = registry.register(best.run_id, data.tags() | {"family": best.family})
    registry.set_alias(CHALLENGER, version)
    candidate = Candidate(data.batch_id, best.run_id, best.family, version, data.data_sha256)
    history.record_candidate(candidate)
    return candidate
