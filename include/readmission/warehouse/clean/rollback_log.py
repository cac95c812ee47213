"""The append-only history of rollbacks, beside that of promotions in the CLEAN database."""

from collections.abc import Sequence

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from readmission.domain.rollback import Rollback
from readmission.warehouse.sql.creating import append_only, create

_LOCK = 296_009
"""Advisory lock under which the table is created."""


class RollbackLog:
    """The rollbacks behind a connection to CLEAN; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def create_tables(self) -> None:
        """Create what is not there yet; safe to repeat and to race."""
        create(self.connection, _LOCK, "rollback", (_TABLE, append_only("rollback", "rollbacks")))

    def record(self, rollbacks: Sequence[Rollback]) -> int:
        """Append the rollbacks that are not there yet, and return how many those were."""
        rows = [(one.left, one.back, one.by, one.at) for one in rollbacks]
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany(_INSERT, rows)
            return max(cursor.rowcount, 0)  # Of no rows at all it says -1.

    def rollbacks(self) -> list[Rollback]:
        """Return the whole history, oldest first."""
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(Rollback)) as cursor,
        ):
            return cursor.execute(_SELECT).fetchall()


_TABLE = sql.SQL("""
CREATE TABLE IF NOT EXISTS rollback (
    version_left text NOT NULL,
    version_back text NOT NULL,
    asked_by text NOT NULL,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (version_left, at)
);
""")

_INSERT = """
INSERT INTO rollback (version_left, version_back, asked_by, at) VALUES (%s, %s, %s, %s)
ON CONFLICT (version_left, at) DO NOTHING
"""

_SELECT = """
SELECT version_left AS left, version_back AS back, asked_by AS by, at FROM rollback
ORDER BY at, recorded_at
"""
