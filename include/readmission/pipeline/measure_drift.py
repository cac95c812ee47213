"""Measure the drift of a CLEAN batch from the training rows of the production model."""

import logging
from collections.abc import Mapping
from typing import Any

from readmission.domain.drift import MEASURED, Drift, alarms, measure
from readmission.errors import NoDriftReference
from readmission.pipeline.promotion.order import standing
from readmission.quality.drift_warnings import add_drift_warnings
from readmission.registry import Registry
from readmission.warehouse import CleanWarehouse, ModelHistory
from readmission.warehouse.clean.drift_log import DriftLog

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
    version, reference = find_reference(warehouse, registry)
    drift_log = DriftLog(warehouse.connection)
    drifts: list[Drift] = []
    if version is not None:
        drifts = measure(warehouse.read_batch(batch_id), reference)
        found = alarms(drifts, drift_log.known_drift(batch_id))
        drift_log.record(batch_id, version, drifts, found)
    add_drift_warnings(warehouse, batch_id)
    return drifts


def find_reference(
    warehouse: CleanWarehouse, registry: Registry
) -> tuple[str | None, Mapping[str, Mapping[str, Any]]]:
    """Return the version to measure from with its reference, or None and an empty one."""
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
