"""Rows of a batch that RAW already has, value for value: the file overlaps an earlier one.

They stay in RAW as they arrived, but go no further. The raw gate decides which rows these are, not
the load: only then is it known which earlier batches were accepted.
"""

import psycopg
from psycopg import sql

from readmission.domain import schema


class RepeatedRows:
    """The repeated rows in RAW; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def mark(self, batch_id: str) -> int:
        """Mark the repeated rows of a batch, replacing earlier marks, and return how many.

        A row is repeated if all its values equal those of a row that was accepted with another
        batch, or of an earlier row of its own batch. A quarantined row counts as well, because its
        copy would only wait for the same decision; a superseded row does not. A replay is compared
        only with rows that reached CLEAN: it brings quarantined rows back on purpose.
        """
        with self.connection.transaction():
            self.clear(batch_id)
            return self.connection.execute(_MARK, {"batch": batch_id}).rowcount

    def clear(self, batch_id: str) -> None:
        """Remove the marks of a batch, which was rejected or is compared again."""
        with self.connection.transaction():
            self.connection.execute("DELETE FROM repeated_row WHERE batch_id = %s", (batch_id,))


def values_of(table: str) -> sql.Composed:
    """Return all values of a row in SQL, to be compared with those of another."""
    columns = (sql.Identifier(table, name) for name in schema.NAMES)
    return sql.SQL("ROW({})").format(sql.SQL(", ").join(columns))


SUPERSEDED_ROWS = sql.SQL("""
SELECT c.earlier_batch AS batch_id, c.earlier_row AS source_row
FROM correction c LEFT JOIN quarantine q USING (batch_id, source_row) WHERE q.source_row IS NULL
""")
"""The rows replaced by an accepted correction, that is, one that is not in quarantine."""

_MARK = sql.SQL("""
WITH superseded AS ({superseded})
INSERT INTO repeated_row (batch_id, source_row, earlier_batch, earlier_row)
SELECT DISTINCT ON (e.source_row) e.batch_id, e.source_row, o.batch_id, o.source_row
FROM encounter e
JOIN batch mine ON mine.batch_id = e.batch_id
JOIN encounter o ON o.encounter_id = e.encounter_id AND {values} IS NOT DISTINCT FROM {others}
JOIN batch b ON b.batch_id = o.batch_id
LEFT JOIN repeated_row r ON (r.batch_id, r.source_row) = (o.batch_id, o.source_row)
LEFT JOIN quarantine q ON (q.batch_id, q.source_row) = (o.batch_id, o.source_row)
WHERE e.batch_id = %(batch)s AND (
    o.batch_id = e.batch_id AND o.source_row < e.source_row
    OR o.batch_id <> e.batch_id AND b.state = 'accepted' AND r.source_row IS NULL
       AND (mine.kind = 'arrival' OR q.source_row IS NULL)
       AND NOT EXISTS (SELECT FROM superseded x
                       WHERE (x.batch_id, x.source_row) = (o.batch_id, o.source_row))
)
ORDER BY e.source_row, b.number, o.source_row
""").format(superseded=SUPERSEDED_ROWS, values=values_of("e"), others=values_of("o"))
