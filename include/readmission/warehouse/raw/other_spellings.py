"""Rows that RAW already has in another spelling: an empty cell for ``?``, ``250,83`` for 250.83.

A hospital that exports another format sends all of its rows like this. They are no corrections, so
they are repeated. What is read with a loss, such as an age in years, is compared as it was sent.
"""

from collections.abc import Sequence
from functools import cache

import psycopg
from psycopg import sql

from readmission.domain import schema
from readmission.warehouse.raw.corrections import Corrections


def mark_other_spellings(connection: psycopg.Connection, batch_id: str) -> int:
    """Mark rows that differ from valid rows of other batches only in spelling; return how many.

    `RepeatedRows.mark` comes first: it replaces all marks of the batch.
    """
    with connection.transaction(), connection.cursor() as cursor:
        found = Corrections(connection).find(batch_id)
        names = sorted({name for one in found for name in one.columns})
        if not names:
            return 0
        keys = [[getattr(one, key) for one in found] for key in _KEYS]
        pairs = cursor.execute(_pairs(names), (*keys, batch_id)).fetchall()
        meaning = cache(_meaning)
        repeated = [
            key
            for *key, sent, known in pairs
            if list(map(meaning, names, sent)) == list(map(meaning, names, known))
        ]
        with cursor.copy(_COPY) as copy:
            for key in repeated:
                copy.write_row((batch_id, *key))
        return len(repeated)


def _meaning(name: str, text: str) -> object:
    """Return what a text is read as; if it is interpreted, together with what was sent."""
    column = schema.BY_NAME[name]
    return column.interpret(text) or column.read(text)


def _pairs(names: Sequence[str]) -> sql.Composed:
    """Return the query of rows and those they differ from: keys, and the values of columns."""
    sent, known = (sql.SQL(", ").join(sql.Identifier(t, n) for n in names) for t in ("e", "o"))
    return sql.SQL(_PAIRS).format(sent=sent, known=known)


_KEYS = ("source_row", "earlier_batch", "earlier_row")
_PAIRS = """
SELECT e.source_row, o.batch_id, o.source_row, ARRAY[{sent}], ARRAY[{known}]
FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS d (source_row, earlier_batch, earlier_row)
JOIN encounter e ON (e.batch_id, e.source_row) = (%s, d.source_row)
JOIN encounter o ON (o.batch_id, o.source_row) = (d.earlier_batch, d.earlier_row)
"""
_COPY = "COPY repeated_row (batch_id, source_row, earlier_batch, earlier_row) FROM STDIN"
