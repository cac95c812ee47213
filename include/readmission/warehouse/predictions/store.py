"""What was answered to whom: the log of predictions, without a patient's own numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import psycopg
from psycopg import sql
from psycopg.rows import class_row

COLUMNS = (
    "id", "at", "request_id", "row", "model_version", "encounter_hash", "patient_hash",
    "features", "p_no", "p_over_30", "p_under_30", "predicted_class",
)  # fmt: skip
"""Order of the values of one prediction, here and in every line that waits on disk."""

_CLEANING_LOCK = 296_008
_BLOCK_BYTES = 1 << 16


def to_line(values: Sequence[str | None]) -> str:
    r"""Return one prediction as a line that COPY reads; None is null.

    Parameters
    ----------
    values : sequence of str
        In the order of `COLUMNS`.
    """
    return "\t".join([r"\N" if value is None else _escaped(value) for value in values]) + "\n"


def _escaped(value: str) -> str:
    escaped = value.replace("\\", r"\\").replace("\t", r"\t")
    return escaped.replace("\n", r"\n").replace("\r", r"\r")


def _send(cursor: psycopg.Cursor, statement: sql.Composed, lines: bytes) -> None:
    content = memoryview(lines)
    with cursor.copy(statement) as copy:
        for start in range(0, len(content), _BLOCK_BYTES):
            copy.write(content[start : start + _BLOCK_BYTES])


@dataclass(frozen=True)
class DailyCount:
    """How often one version of the model gave one answer on one day (UTC)."""

    day: date
    model_version: str
    predicted_class: str
    predictions: int


class PredictionStore:
    """The log of predictions in PostgreSQL; every method does all its work or none.

    Its role needs to connect, to use the schema, to make temporary tables, and to select from,
    insert into and delete from ``prediction``; it creates only while there is no table.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def copy(self, lines: bytes) -> int:
        """Append predictions; return how many were not there before.

        A prediction whose id is there already is left as it is, so that lines whose arrival
        is in doubt can be sent again.

        Parameters
        ----------
        lines : bytes
            Made by `to_line`, in UTF-8.
        """
        try:
            with self.connection.transaction(), self.connection.cursor() as cursor:
                _send(cursor, _COPY, lines)
                return cursor.rowcount
        except psycopg.errors.UniqueViolation:
            return self._merge(lines)

    def _merge(self, lines: bytes) -> int:
        """Append what is not there, by way of a temporary table: twice the work of the database."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute(_ARRIVALS)
            _send(cursor, _COPY_ARRIVALS, lines)
            cursor.execute(_MERGE)
            return cursor.rowcount

    def delete_before(self, moment: datetime, limit: int) -> int:
        """Delete the oldest predictions made before a moment; return how many.

        If another process is at it right now, that is enough: it returns 0.

        Parameters
        ----------
        moment : datetime
            With a time zone.
        limit : int
            Most rows to delete, so that nobody waits for long.
        """
        with self.connection.transaction():
            free = self.connection.execute(
                "SELECT pg_try_advisory_xact_lock(%s)", (_CLEANING_LOCK,)
            ).fetchone()
            if not (free and free[0]):
                return 0
            return self.connection.execute(_DELETE, (moment, limit)).rowcount

    def daily_counts(self, since: datetime) -> list[DailyCount]:
        """Count predictions per day, model version and class, oldest day first."""
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(DailyCount)) as cursor,
        ):
            return cursor.execute(_DAILY, (since,)).fetchall()


# Made anew in each transaction that needs it: behind a pooler, the next one may run in
# another session.
_ARRIVALS = """
CREATE TEMPORARY TABLE IF NOT EXISTS prediction_arrival (LIKE prediction) ON COMMIT DELETE ROWS
"""

_NAMES = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
_COPY = sql.SQL("COPY prediction ({}) FROM STDIN").format(_NAMES)
_COPY_ARRIVALS = sql.SQL("COPY prediction_arrival ({}) FROM STDIN").format(_NAMES)
_MERGE = sql.SQL(
    "INSERT INTO prediction ({0}) SELECT {0} FROM prediction_arrival ON CONFLICT (id) DO NOTHING"
).format(_NAMES)

_DELETE = """
DELETE FROM prediction
WHERE id IN (SELECT id FROM prediction WHERE at < %s ORDER BY at LIMIT %s)
"""

_DAILY = """
SELECT (at AT TIME ZONE 'UTC')::date AS day, model_version, predicted_class,
       count(*) AS predictions
FROM prediction WHERE at >= %s
GROUP BY day, model_version, predicted_class
ORDER BY day, model_version, predicted_class
"""
