"""The prediction log, which stores hashes instead of encounter and patient numbers."""

from collections.abc import Sequence
from datetime import datetime

import psycopg
from psycopg import sql

COLUMNS = (
    "id", "at", "request_id", "row", "model_version", "encounter_hash", "patient_hash",
    "features", "p_no", "p_over_30", "p_under_30", "predicted_class", "caller", "peer",
)  # fmt: skip
"""Order of the values of one prediction, also in the lines of the spool."""
_BEFORE_CALLERS = COLUMNS[:12]
"""The same for version 0.1.0, whose lines may still be in a spool after an upgrade."""

_CLEANING_LOCK = 296_008
_LOCK_WAIT = "2s"
_BLOCK_BYTES = 1 << 16


def to_line(values: Sequence[str | None]) -> str:
    r"""Return one prediction as a line for COPY; None becomes null.

    Parameters
    ----------
    values : sequence of str
        In the order of `COLUMNS`.
    """
    return "\t".join([r"\N" if value is None else _escaped(value) for value in values]) + "\n"


def _escaped(value: str) -> str:
    escaped = value.replace("\\", r"\\").replace("\t", r"\t")
    return escaped.replace("\n", r"\n").replace("\r", r"\r")


def _names_in(lines: bytes) -> sql.Composed:
    """Return the columns of lines, by the number of values in the first one."""
    # A tab within a value is escaped.
    old = lines.partition(b"\n")[0].count(b"\t") < len(_BEFORE_CALLERS)
    return _names(_BEFORE_CALLERS if old else COLUMNS)


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _send(cursor: psycopg.Cursor, statement: sql.Composed, lines: bytes) -> None:
    content = memoryview(lines)
    with cursor.copy(statement) as copy:
        for start in range(0, len(content), _BLOCK_BYTES):
            copy.write(content[start : start + _BLOCK_BYTES])


class PredictionStore:
    """The prediction log in PostgreSQL; every method does all of its work or none.

    The role must be allowed to connect, to use the schema, to create temporary tables, and to
    select from, insert into and delete from ``prediction``, ``shadow_prediction`` and
    ``card_feedback``. The table ``prediction`` has a partition for each month.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def copy(self, lines: bytes) -> int:
        """Append predictions; return how many of them are new.

        A prediction with a known id is skipped, so lines can be sent again if it is unclear
        whether they arrived.

        Parameters
        ----------
        lines : bytes
            Lines made by `to_line`, in UTF-8, all of this version or all of version 0.1.0.
        """
        try:
            with self.connection.transaction(), self.connection.cursor() as cursor:
                _send(cursor, _COPY.format(_names_in(lines)), lines)
                return cursor.rowcount
        except psycopg.errors.UniqueViolation:
            return self._merge(lines)

    def _merge(self, lines: bytes) -> int:
        """Append new predictions through a temporary table, which is twice the work."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute(_ARRIVALS)
            _send(cursor, _COPY_ARRIVALS.format(_names_in(lines)), lines)
            cursor.execute(_MERGE)
            return cursor.rowcount

    def delete_before(self, moment: datetime, limit: int) -> int:
        """Delete the oldest predictions made before a moment; return how many.

        If another process is deleting at the same time, it returns 0.

        Parameters
        ----------
        moment : datetime
            With a time zone.
        limit : int
            Largest number of rows to delete, so that no other query waits for long.
        """
        with self.connection.transaction():
            if not self._may_clean():
                return 0
            return self.connection.execute(_DELETE, (moment, moment, limit)).rowcount

    def keep_months(self, moment: datetime) -> None:
        """Create the partition of the next month, and drop months that ended before a moment.

        If another process is doing so, nothing happens.

        Parameters
        ----------
        moment : datetime
            With a time zone.

        Raises
        ------
        psycopg.errors.LockNotAvailable
            If a query kept a month in use for `_LOCK_WAIT`; new predictions wait behind it.
        """
        with self.connection.transaction():
            if self._may_clean():
                self.connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
                self.connection.execute("SELECT keep_prediction_months(%s)", (moment,))

    def _may_clean(self) -> bool:
        """Whether no other process is cleaning; none does until the transaction ends."""
        row = self.connection.execute(
            "SELECT pg_try_advisory_xact_lock(%s)", (_CLEANING_LOCK,)
        ).fetchone()
        return bool(row and row[0])


# Created in each transaction that needs it: behind a connection pooler, the next transaction may
# run in another session.
_ARRIVALS = """
CREATE TEMPORARY TABLE IF NOT EXISTS prediction_arrival (LIKE prediction) ON COMMIT DELETE ROWS
"""

_COPY = sql.SQL("COPY prediction ({}) FROM STDIN")
_COPY_ARRIVALS = sql.SQL("COPY prediction_arrival ({}) FROM STDIN")
_MERGE = sql.SQL(
    "INSERT INTO prediction ({0}) SELECT {0} FROM prediction_arrival ON CONFLICT DO NOTHING"
).format(_names(COLUMNS))

_DELETE = """
DELETE FROM prediction
WHERE at < %s AND (id, at) IN (SELECT id, at FROM prediction WHERE at < %s ORDER BY at LIMIT %s)
"""
