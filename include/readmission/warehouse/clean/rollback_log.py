"""The append-only history of rollbacks, stored in CLEAN."""

from collections.abc import Sequence

import psycopg
from psycopg.rows import class_row

from readmission.domain.production import Rollback


class RollbackLog:
    """The rollbacks in CLEAN; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def record(self, rollbacks: Sequence[Rollback]) -> int:
        """Append the rollbacks that are new, and return their number."""
        rows = [
            (one.left, one.back, one.by, one.at, one.reason, one.pinned, one.until)
            for one in rollbacks
        ]
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany(_INSERT, rows)
            return max(cursor.rowcount, 0)  # `rowcount` is -1 if there were no rows.

    def rollbacks(self) -> list[Rollback]:
        """Return all rollbacks, oldest first."""
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(Rollback)) as cursor,
        ):
            return cursor.execute(_SELECT).fetchall()


_INSERT = """
INSERT INTO rollback (version_left, version_back, asked_by, at, reason, pinned, pinned_until)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (version_left, at) DO NOTHING
"""

_SELECT = """
SELECT version_left AS left, version_back AS back, asked_by AS by, at, reason, pinned,
    pinned_until AS until
FROM rollback ORDER BY at, recorded_at
"""
