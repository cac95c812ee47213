"""Measure the drift of a CLEAN batch from the training rows of the production model."""

from readmission.domain.drift import Drift, alarms, measure
from readmission.quality.drift_warnings import add_drift_warnings
from readmission.registry import Registry
from readmission.warehouse import CleanWarehouse
from readmission.warehouse.clean.drift_log import DriftLog


def measure_drift(warehouse: CleanWarehouse, registry: Registry, batch_id: str) -> list[Drift]:
    """Measure, store and return the drift of a batch; repeating it replaces the measurement.

    If no model is in production, nothing is measured. The clean gate runs at the same time, and
    drift alarms are added to its verdict.

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
    version = registry.served_version()
    if version is None:
        return []
    log = DriftLog(warehouse.connection)
    drifts = measure(warehouse.read_batch(batch_id), registry.drift_reference(version))
    log.record(batch_id, version, drifts, alarms(drifts, log.recent_alarms(batch_id)))
    add_drift_warnings(warehouse, batch_id)
    return drifts
