"""One training: select the rows, fit each family, register the best model as challenger."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from opentelemetry import trace

from readmission.domain.columns import earlier_stays
from readmission.domain.drift import reference_of
from readmission.domain.splitting import Split
from readmission.errors import NotServable, RowsErased, SigningKeyError
from readmission.modelling.fitting import LOCAL, Fit, fit
from readmission.modelling.fitting.parted_rows import PartedRows
from readmission.modelling.mlflow_runs import (
    NOT_SERVABLE,
    Lineage,
    bundle_tags,
    code_tags,
    find_run,
    log_fit,
)
from readmission.pipeline.training.reading import accepted
from readmission.registry import DRIFT_REFERENCE, Registry
from readmission.registry.datasets import training_data
from readmission.serving.signature import Signer, TrustedKeys
from readmission.settings import Settings
from readmission.settings.lock import commit, lock_sha256
from readmission.warehouse import (
    BatchState,
    Candidate,
    CleanWarehouse,
    ModelHistory,
)

CHOSEN_BY = "val_weighted_f1"
LEARNING_CURVE = "learning_curve.json"
"""Artifact of a model that saw a sample of the rows."""


@dataclass(frozen=True)
class FitResult:
    """The run of one family, its validation metric, and the reason if it cannot be served."""

    family: str
    run_id: str
    weighted_f1: float
    not_servable: str | None = None


def signer_of(settings: Settings) -> Signer:
    """Return the signer of this training's models.

    Raises
    ------
    SigningKeyError
        If the settings have no key, a malformed one, or one that is not trusted.
    """
    if settings.signing_key is None:
        raise SigningKeyError("signing_key")
    signer = Signer(settings.signing_key.get_secret_value())
    if signer.key_id not in TrustedKeys.parse(settings.trusted_signing_keys).by_id:
        raise SigningKeyError("trusted_signing_keys")
    return signer


def lineage(warehouse: CleanWarehouse, batch_id: str, rows: int) -> Lineage:
    """Describe the data of a training on all batches up to `batch_id`.

    Parameters
    ----------
    warehouse : CleanWarehouse
        Its ledger lists the batches.
    batch_id : str
        The newest batch.
    rows : int
        Number of train and validation rows in all accepted batches up to the newest.

    Raises
    ------
    BatchNotFound
        If the batch is not accepted in CLEAN.
    """
    newest = accepted(warehouse, batch_id)
    batches = [
        batch
        for batch in warehouse.batches()
        if batch.state is BatchState.ACCEPTED and batch.number <= newest.number
    ]
    digest = hashlib.sha256("".join(batch.content_sha256 for batch in batches).encode())
    return Lineage(
        batch_id=batch_id,
        batches=len(batches),
        rows=rows,
        data_sha256=digest.hexdigest(),
        data_source="+".join(sorted({batch.origin for batch in batches})),
        lock_sha256=lock_sha256(),
        commit=commit(),
    )


def train(
    family: str,
    rows: pd.DataFrame | PartedRows,
    data: Lineage,
    registry: Registry,
    signer: Signer,
    threads: int,
) -> FitResult:
    """Fit one family and log a run; a run of the same family, code, data and engine is reused.

    Parameters
    ----------
    family : str
        Key of `readmission.modelling.families.FAMILIES`.
    rows : DataFrame or PartedRows
        The result of `reading.whole` or of `reading.in_parts`.
    data : Lineage
        Describes the rows.
    registry : Registry
        The run is logged to its experiment.
    signer : Signer
        Signs the model.
    threads : int
        Number of threads of the fit.
    """
    experiment_id = registry.experiment_id()
    known = rows.sample if isinstance(rows, PartedRows) else rows
    engine = rows.engine if isinstance(rows, PartedRows) else LOCAL
    history = earlier_stays.KNOWN in known
    run_id = find_run(
        registry.client, experiment_id, data, family, signer, history=history, engine=engine
    )
    if run_id is None:
        fitted = fit(family, rows, threads)
        run_id = log_fit(fitted, data, experiment_id, _artifacts(fitted, known), signer)
        registry.client.log_inputs(run_id, datasets=[training_data(data.tags())])
        if trace_id := current_trace():
            registry.client.set_tag(run_id, "trace_id", trace_id)
    run = registry.client.get_run(run_id).data
    return FitResult(family, run_id, run.metrics[CHOSEN_BY], run.tags.get(NOT_SERVABLE))


def _artifacts(fitted: Fit, rows: pd.DataFrame) -> dict[str, Any]:
    """Return the summary of the training rows, and the learning curve if there is one."""
    found: dict[str, Any] = {DRIFT_REFERENCE: reference_of(rows[rows["part"] == Split.TRAIN])}
    if fitted.learning_curve:
        found[LEARNING_CURVE] = {"validation": list(fitted.learning_curve)}
    return found


def current_trace() -> str | None:
    """Return the id of the trace that this task belongs to; None if it is not traced."""
    context = trace.get_current_span().get_span_context()
    # Airflow gives every task a context; only that of a trace is sampled.
    return trace.format_trace_id(context.trace_id) if context.trace_flags.sampled else None


def _require_unerased(warehouse: CleanWarehouse, data: Lineage) -> None:
    if not any(batch.erased_rows for batch in warehouse.batches()):
        return
    if lineage(warehouse, data.batch_id, data.rows).data_sha256 != data.data_sha256:
        raise RowsErased(data.batch_id)


def register_best(
    results: Sequence[FitResult],
    data: Lineage,
    registry: Registry,
    signer: Signer,
    history: ModelHistory,
) -> Candidate:
    """Register the model with the best validation F1 (weighted) as the candidate of its batch.

    Raises
    ------
    NotServable
        If none of the models can be compiled.
    RowsErased
        If rows were erased while the models learned from them.
    """
    _require_unerased(CleanWarehouse(history.connection), data)
    servable = [result for result in results if result.not_servable is None]
    if not servable:
        raise NotServable(data.batch_id, (f"{r.family}: {r.not_servable}" for r in results))
    best = max(servable, key=lambda result: result.weighted_f1)
    tags = data.tags() | bundle_tags(signer) | code_tags(best.family)
    version = registry.register(best.run_id, tags)
    candidate = Candidate(data.batch_id, best.run_id, best.family, version, data.data_sha256)
    history.record_candidate(candidate)
    return candidate
