"""Drift alarms in the verdict of the clean gate: they warn and never stop a batch."""

from dataclasses import replace
from itertools import filterfalse

from readmission.domain.drift import MINIMUM_ROWS, advice
from readmission.quality.catalogue import CLEAN
from readmission.warehouse import CleanWarehouse
from readmission.warehouse.clean.drift_log import DriftLog
from readmission.warehouse.verdicts import VerdictLog

_DRIFTED = " has drifted: PSI "
_UNMEASURED = "drift has not been measured: "
"""Both distinguish the warnings added by this module from the gate's own findings."""
_WHY = (
    "MLflow did not respond, or neither the version in production nor an earlier promoted one has a"
    " summary of its training rows; `readmission retrain` trains one that has"
)

_LOCK_VERDICT = "SELECT FROM gate_verdict WHERE (batch_id, gate) = (%s, %s) FOR UPDATE"
_MISSES_DRIFT = """
SELECT EXISTS (SELECT FROM promotion WHERE verdict = 'promoted')
   AND NOT EXISTS (SELECT FROM drift WHERE batch_id = %s)
"""


def add_drift_warnings(warehouse: CleanWarehouse, batch_id: str) -> None:
    """Add the drift alarms of a batch to the stored verdict of the clean gate.

    If nothing has been measured although a model was promoted, one warning says so.

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
            f" {alarm.reference_version}; {advice(alarm.column)}"
            for alarm in DriftLog(connection).alarms(batch_id)
        ]
        if _misses_drift(warehouse, batch_id):
            warnings = [f"{_UNMEASURED}{_WHY}"]
        for verdict in log.verdicts():
            if (verdict.batch_id, verdict.gate) == (batch_id, CLEAN.name):
                failures = [*filterfalse(_is_ours, verdict.failures), *warnings]
                if failures != verdict.failures:
                    log.record(replace(verdict, failures=failures))


def _is_ours(failure: str) -> bool:
    return _DRIFTED in failure or failure.startswith(_UNMEASURED)


def _misses_drift(warehouse: CleanWarehouse, batch_id: str) -> bool:
    """Return whether a batch that is large enough lacks a measurement, and could have one."""
    if warehouse.batch(batch_id).clean_rows < MINIMUM_ROWS:
        return False
    found = warehouse.connection.execute(_MISSES_DRIFT, (batch_id,)).fetchone()
    return bool(found and found[0])
