"""Which models learned from a patient's rows, and which comparisons of models used them."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlflow.exceptions import MlflowException

from readmission.domain.batch_ids import batch_number
from readmission.domain.splitting import Split
from readmission.errors import InvalidBatchId, ReadmissionError
from readmission.registry import Registry
from readmission.settings import Settings
from readmission.warehouse import CleanWarehouse, ModelHistory
from readmission.warehouse.clean.erasures import UseOfRows
from readmission.warehouse.clean.judged_rows import JudgedRowLog

LEARNING = {Split.TRAIN: "fitted to the rows", Split.VALIDATION: "tuned on the rows"}


class RegistryUnavailable(ReadmissionError):
    """MLflow cannot be reached, so nobody knows which models learned from the rows."""


def models_of(settings: Settings, use: UseOfRows | None) -> list[Mapping[str, Any]]:
    """Return the registered versions that learned from a patient's rows, newest first.

    A version is trained on the rows of all accepted batches up to that of its tag ``batch_id``.

    Parameters
    ----------
    settings : Settings
        Address of MLflow and name of the model.
    use : UseOfRows, optional
        What the rows are used for. Test rows and rows that CLEAN has not accepted are never
        trained on.

    Raises
    ------
    RegistryUnavailable
        If MLflow cannot be reached.
    """
    if use is None or use.part not in LEARNING:
        return []
    try:
        versions = Registry(settings).versions()
    except MlflowException as error:
        raise RegistryUnavailable(
            "MLflow is unavailable, so the models that learned from the rows cannot be listed, and"
            f" nothing was deleted: {error}"
        ) from error
    return [
        {
            "version": found["version"],
            "batch_id": found["tags"]["batch_id"],
            "family": found["tags"].get("family"),
            "aliases": sorted(found["aliases"]),
            "use": LEARNING[Split(use.part)],
        }
        for found in versions
        if _number(found["tags"].get("batch_id")) >= use.first_number
    ]


def verdicts_of(
    clean: CleanWarehouse, patient: int, use: UseOfRows | None
) -> list[Mapping[str, Any]]:
    """Return the comparisons of models whose figures include test rows of a patient.

    For a verdict of a version that stored no rows, these are all since the patient's first row was
    accepted.
    """
    if use is None or use.part != Split.TEST:
        return []
    used = JudgedRowLog(clean).verdicts_on(patient)
    return [
        {
            "batch_id": promotion.batch_id,
            "version": promotion.challenger_version,
            "verdict": promotion.verdict,
        }
        for promotion in ModelHistory(clean.connection).promotions(figures=False)
        if promotion.created_at is not None and promotion.promotion_id is not None
        if used.get(promotion.promotion_id, promotion.created_at >= use.since)
    ]


def named(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return models or verdicts as the ledger stores them."""
    return [f"{one['batch_id']} version {one['version']}" for one in found]


def _number(batch_id: str | None) -> int:
    try:
        return batch_number(batch_id or "")
    except InvalidBatchId:  # A version that somebody registered by hand names no batch.
        return 0
