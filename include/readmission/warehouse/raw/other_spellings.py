"""Rows that RAW already has in another spelling: an empty cell for ``?``, ``250,83`` for 250.83.

A hospital that exports another format sends all of its rows like this, and a file that was put
together from two exports has copies like this. They are no corrections, so they are repeated. What
is read with a loss, such as an age in years, is compared as it was sent.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

import psycopg
from psycopg import sql

from readmission.domain import schema
from readmission.warehouse.raw.corrections import Corrections

RepeatedRow = tuple[int, str, int]
"""A row, and the batch and row that it repeats."""
Meaning = Callable[[str, str], object]


def mark_other_spellings(connection: psycopg.Connection, batch_id: str) -> int:
    """Mark rows that differ from known rows only in spelling, and return how many.

    The known rows are the valid ones of other batches, and then earlier ones of the batch itself.
    `RepeatedRows.mark` comes first: it replaces all marks of the batch.
    """
    meaning: Meaning = cache(_meaning)
    with connection.transaction(), connection.cursor() as cursor:
        return sum(
            _mark(cursor, batch_id, find(cursor, batch_id, meaning))
            for find in (_of_other_batches, _of_the_batch)
        )


def _of_other_batches(
    cursor: psycopg.Cursor, batch_id: str, meaning: Meaning
) -> Iterator[RepeatedRow]:
    """Yield the rows that repeat a valid row of another batch in another spelling."""
    found = Corrections(cursor.connection).find(batch_id)
    names = sorted({name for one in found for name in one.columns})
    if not names:
        return
    keys = [[getattr(one, key) for one in found] for key in _KEYS]
    for row, batch, earlier, sent, known in cursor.execute(_pairs(names), (*keys, batch_id)):
        if list(map(meaning, names, sent)) == list(map(meaning, names, known)):
            yield row, batch, earlier


def _of_the_batch(cursor: psycopg.Cursor, batch_id: str, meaning: Meaning) -> Iterator[RepeatedRow]:
    """Yield the rows that an earlier row of the same batch has in another spelling."""
    firsts: dict[tuple[object, ...], int] = {}
    for row, values in cursor.execute(_SHARING, {"batch": batch_id}):
        first = firsts.setdefault(tuple(map(meaning, schema.NAMES, values)), row)
        if first != row:
            yield row, batch_id, first


def _mark(cursor: psycopg.Cursor, batch_id: str, found: Iterable[RepeatedRow]) -> int:
    """Mark rows as repeated, and return how many."""
    repeated = list(found)  # They come from the same cursor.
    with cursor.copy(_COPY) as copy:
        for one in repeated:
            copy.write_row((batch_id, *one))
    return len(repeated)


def _meaning(name: str, text: str) -> object:
    """Return the value that a text is read as, with the text itself if it was interpreted."""
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
_SHARING = sql.SQL("""
WITH unmarked AS (
    SELECT e.source_row, e.encounter_id, count(*) OVER (PARTITION BY e.encounter_id) AS copies
    FROM encounter e LEFT JOIN repeated_row r USING (batch_id, source_row)
    WHERE e.batch_id = %(batch)s AND r.source_row IS NULL
)
SELECT e.source_row, ARRAY[{values}]
FROM unmarked JOIN encounter e ON (e.batch_id, e.source_row) = (%(batch)s, unmarked.source_row)
WHERE copies > 1 ORDER BY e.source_row
""").format(values=sql.SQL(", ").join(sql.Identifier("e", name) for name in schema.NAMES))
"""The rows of a batch whose encounter has several rows in it, in their order."""
_COPY = "COPY repeated_row (batch_id, source_row, earlier_batch, earlier_row) FROM STDIN"
