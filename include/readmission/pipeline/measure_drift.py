"""Measure the drift of a CLEAN batch from the training rows of the production model."""

import logging
from collections.abc import Mapping
from typing import Any

from readmission.domain.drift import MEASURED, Drift, alarms, measure
from readmission.errors import NoDriftReference
from readmission.pipeline.promotion.order import standing
from readmission.quality.drift_warnings import add_drift_warnings
from readmission.registry import Registry
from readmission.settings import Settings
from readmission.warehouse import CleanWarehouse, ModelHistory
from readmission.warehouse.clean.drift_log import DriftLog
from readmission.warehouse.clean.skipped_trainings import OnDrift

log = logging.getLogger(__name__)


def measure_drift(warehouse: CleanWarehouse, registry: Registry, batch_id: str) -> list[Drift]:
    """Measure, store and return the drift of a batch; repeating it replaces the measurement.

    If no model is in production, nothing is measured. If its version was deleted or has no
    reference, because somebody else registered it, the last promoted version that has one is the
    reference. The clean gate runs at the same time; drift alarms are added to its verdict, and so
    is a warning if nothing could be measured although a model was promoted.

    Parameters
    ----------
    warehouse : CleanWarehouse
        Holds the batch and the drift of all batches.
    registry : Registry
        Knows the production model and the reference that was stored with it.
    batch_id : str
        The batch.

    Returns
    -------
    list of Drift
        Largest first.
    """
    version, drifts, found = _measured(warehouse, registry, batch_id)
    if version is not None:
        DriftLog(warehouse.connection).record(batch_id, version, drifts, found)
    add_drift_warnings(warehouse, batch_id)
    return drifts


def when_to_train(
    settings: Settings, warehouse: CleanWarehouse, batch_id: str
) -> int | str | OnDrift:
    """Return READMISSION_TRAIN_EVERY; if it is ``drift``, the drift alarms of a batch.

    The drift is measured here and not stored: `measure_drift` runs beside the gate, so a training
    may start before it ends.
    """
    if settings.train_every != "drift":
        return settings.train_every
    version, _, found = _measured(warehouse, Registry(settings), batch_id)
    return OnDrift(None if version is None else [one.column for one in found], settings.train_gap)


def _measured(
    warehouse: CleanWarehouse, registry: Registry, batch_id: str
) -> tuple[str | None, list[Drift], list[Drift]]:
    """Return the reference version, if there is one, the drift from it, and the alarms."""
    version, reference = find_reference(warehouse, registry)
    if version is None:
        return None, [], []
    drifts = measure(warehouse.read_batch(batch_id), reference)
    known = DriftLog(warehouse.connection).known_drift(batch_id)
    return version, drifts, alarms(drifts, known)


def find_reference(
    warehouse: CleanWarehouse, registry: Registry
) -> tuple[str | None, Mapping[str, Mapping[str, Any]]]:
    """Return the version to measure from and its reference; None and an empty one without any."""
    history = ModelHistory(warehouse.connection)
    earlier = [one.challenger_version for one in standing(history, registry)]
    for version in dict.fromkeys(filter(None, (registry.served_version(), *reversed(earlier)))):
        try:
            reference = registry.drift_reference(version)
        except NoDriftReference as missing:
            log.warning("drift is not measured from production: %s", missing)
            continue
        if reference and reference.keys() <= set(MEASURED):
            return version, reference
        log.warning("version %s: its drift reference names other columns", version)
    return None, {}
