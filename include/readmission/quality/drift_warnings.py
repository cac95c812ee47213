"""Drift alarms in the verdict of the clean gate: they warn and never stop a batch."""

from dataclasses import replace

from readmission.quality.catalogue import CLEAN
from readmission.warehouse import CleanWarehouse
from readmission.warehouse.clean.drift_log import DriftLog
from readmission.warehouse.verdicts import VerdictLog

_DRIFTED = " has drifted: PSI "
"""Distinguishes the warnings added by this module from the gate's own findings."""

_LOCK_VERDICT = "SELECT FROM gate_verdict WHERE (batch_id, gate) = (%s, %s) FOR UPDATE"


def add_drift_warnings(warehouse: CleanWarehouse, batch_id: str) -> None:
    """Add the drift alarms of a batch to the stored verdict of the clean gate.

    The gate and the drift measurement run concurrently. Each calls this function after storing its
    own result, so the later call finds both. Without a verdict, nothing changes.

    Parameters
    ----------
    warehouse : CleanWarehouse
        Holds the verdict and the alarms.
    batch_id : str
        The batch.
    """
    connection = warehouse.connection
    log = VerdictLog(connection)
    with connection.transaction():
        connection.execute(_LOCK_VERDICT, (batch_id, CLEAN.name))
        warnings = [
            f"{alarm.column}{_DRIFTED}{alarm.psi:.2f} against the rows of version"
            f" {alarm.reference_version}"
            for alarm in DriftLog(connection).alarms(batch_id)
        ]
        for verdict in log.verdicts():
            if (verdict.batch_id, verdict.gate) == (batch_id, CLEAN.name):
                failures = [f for f in verdict.failures if _DRIFTED not in f] + warnings
                if failures != verdict.failures:
                    log.record(replace(verdict, failures=failures))
