"""The drift of every batch, measured against the champion of the time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import psycopg
from psycopg import sql
from psycopg.rows import class_row

from readmission.domain.batch_ids import batch_number
from readmission.domain.drift import Drift, Level
from readmission.warehouse.sql.batch_order import BATCH_NUMBER


@dataclass(frozen=True)
class Alarm:
    """A column with strong drift, and the model version whose training rows it drifted from."""

    column: str
    psi: float
    reference_version: str


@dataclass(frozen=True)
class Measurement:
    """The drift of one column of one batch.

    Parameters
    ----------
    batch_id, column : str
        The batch and its column.
    psi, level : float, Level
        Population stability index, and its level.
    alarm : bool
        Whether the drift was strong and new, or much stronger than at the last alarm.
    reference_version : str
        Model version whose training rows are the reference.
    measured_at : datetime
        When it was measured.
    """

    batch_id: str
    column: str
    psi: float
    level: Level
    alarm: bool
    reference_version: str
    measured_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", Level(self.level))


class DriftLog:
    """The drift of every batch and column, stored in CLEAN; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def record(
        self,
        batch_id: str,
        reference_version: str,
        drifts: Sequence[Drift],
        alarms: Sequence[Drift],
    ) -> None:
        """Store the measurements of a batch, replacing earlier ones."""
        alarming = {drift.column for drift in alarms}
        rows = [
            (batch_id, d.column, d.psi, d.level, d.column in alarming, reference_version)
            for d in drifts
        ]
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute("DELETE FROM drift WHERE batch_id = %s", (batch_id,))
            cursor.executemany(
                "INSERT INTO drift (batch_id, column_name, psi, level, alarm, reference_version)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                rows,
            )

    def alarms(self, batch_id: str) -> list[Alarm]:
        """Return the alarms of a batch, strongest drift first."""
        with self.connection.transaction():
            found = self.connection.execute(
                "SELECT column_name, psi, reference_version FROM drift"
                " WHERE batch_id = %s AND alarm ORDER BY psi DESC",
                (batch_id,),
            ).fetchall()
        return [Alarm(*row) for row in found]

    def known_drift(self, batch_id: str) -> dict[str, float]:
        """Return the columns that drifted strongly in the previous measured batch.

        Returns
        -------
        dict of str to float
            The population stability index of each column's last alarm.
        """
        with self.connection.transaction():
            found = self.connection.execute(_KNOWN, (batch_number(batch_id),)).fetchall()
        return dict(found)

    def latest(self) -> list[Measurement]:
        """Return the newest measurement of each column, in order of columns."""
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(Measurement)) as cursor,
        ):
            return cursor.execute(_LATEST).fetchall()

    def history(self) -> pd.DataFrame:
        """Return all measurements: ``batch_id``, ``column``, ``psi``, ``level``, ``alarm``."""
        with self.connection.transaction():
            found = self.connection.execute(_HISTORY).fetchall()
        return pd.DataFrame(found, columns=["batch_id", "column", "psi", "level", "alarm"])


_HISTORY = sql.SQL("""
SELECT batch_id, column_name, psi, level, alarm FROM drift
WHERE {number} IS NOT NULL ORDER BY 1, 2
""").format(number=BATCH_NUMBER)

_LATEST = sql.SQL("""
SELECT DISTINCT ON (column_name) batch_id, column_name AS column, psi, level, alarm,
       reference_version, measured_at
FROM drift WHERE {number} IS NOT NULL ORDER BY column_name, {number} DESC
""").format(number=BATCH_NUMBER)

_KNOWN = sql.SQL("""
WITH before AS (
    SELECT column_name, psi, level, alarm, {number} AS number FROM drift WHERE {number} < %s
)
SELECT DISTINCT ON (column_name) column_name, psi FROM before
WHERE alarm AND column_name IN (
    SELECT column_name FROM before
    WHERE level = 'strong' AND number = (SELECT max(number) FROM before)
)
ORDER BY column_name, number DESC
""").format(number=BATCH_NUMBER)
