"""Databases of any number of encounters: some batches as the pipeline writes them, and copies.

A copy has numbers of its own for batches, encounters and patients, and is made inside PostgreSQL,
so that filling takes little longer than a load. Only the published stays are written as the
pipeline does, because their hashes cannot be copied: 5 minutes for a million.
"""

from collections.abc import Mapping

import pandas as pd
import psycopg
from psycopg import sql

from readmission.domain import synthetic
from readmission.domain.batch_ids import batch_name
from readmission.domain.privacy import Pseudonyms
from readmission.pipeline import process
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.migrations.upgrading import upgrade
from readmission.warehouse.predictions import known_stays

BATCH = 15_000
BASE = 7
"""Batches that are written as the pipeline does; 105,000 rows are one copy."""
QUARANTINED = 150
"""Rows of each batch that are set aside: one in a hundred."""
KEY = "a key of at least thirty-two characters"
_APART = 1_000_000_000
"""Distance between the numbers of encounters and patients of two copies."""
_VERSIONS = 10


def copies_for(rows: int) -> int:
    """Return how many copies have about that number of rows, at least one."""
    return max(1, round(rows / (BASE * BATCH)))


def recreate(dsns: Mapping[str, str]) -> None:
    """Delete all tables of the databases and migrate them."""
    for database, dsn in dsns.items():
        with psycopg.connect(dsn) as connection:
            connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        upgrade(dsn, database)


def fill(dsns: Mapping[str, str], rows: int, *, only_clean: bool = False) -> int:
    """Fill RAW, CLEAN and PREDICTIONS, and return the number of encounters.

    With `only_clean`, RAW has only what the pipeline writes, and PREDICTIONS nothing.
    """
    copies = copies_for(rows)
    recreate(dsns)
    with psycopg.connect(dsns["raw"]) as raw, psycopg.connect(dsns["clean"]) as clean:
        _write_base(RawWarehouse(raw), CleanWarehouse(clean))
        for connection in (clean,) if only_clean else (raw, clean):
            connection.execute("SET statement_timeout = 0")
            for number in range(1, copies):
                for table in _TABLES[connection.info.dbname]:
                    _copy(connection, table, number)
                connection.commit()
    if not only_clean:
        _log_predictions(dsns, copies * BASE * BATCH)
    for dsn in dsns.values():
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("SET statement_timeout = 0")
            connection.execute("VACUUM (ANALYZE)")
    return copies * BASE * BATCH


def _log_predictions(dsns: Mapping[str, str], rows: int) -> None:
    with psycopg.connect(dsns["clean"]) as clean, psycopg.connect(dsns["predictions"]) as log:
        for connection in (clean, log):
            connection.execute("SET statement_timeout = 0")
        known_stays.publish(CleanWarehouse(clean), log, Pseudonyms(KEY).encounter)
        for statement in (_LOGGED, _OUTCOMES):
            log.execute(statement, {"rows": rows, "versions": _VERSIONS})


def _write_base(raw: RawWarehouse, clean: CleanWarehouse) -> None:
    encounters, hashed = synthetic.encounters(BASE * BATCH), Pseudonyms(KEY).patient
    for number in range(BASE):
        offset = number * BATCH
        batch = raw.load(encounters.slice(offset, BATCH), offset, "synthetic")
        aside = range(offset, offset + QUARANTINED)
        reasons = [["measured"]] * QUARANTINED
        raw.accept(batch.batch_id, pd.DataFrame({"source_row": aside, "reasons": reasons}))
        process.process(raw, clean, batch.batch_id, KEY, hashed)
        clean.accept(batch.batch_id)
    assert batch.batch_id == batch_name(BASE), "a copy begins after the last of these"  # noqa: S101


def _copy(connection: psycopg.Connection, table: str, number: int) -> None:
    """Append a copy of the first batches of a table, with keys of its own."""
    columns = [
        name
        for (name,) in connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND NOT attisdropped ORDER BY attnum",
            (table,),
        )
    ]
    types = {"raw": "text", "clean": "bigint"}[connection.info.dbname]
    changed = {name: text.replace("%TYPE%", types) for name, text in _CHANGED.items()}
    query = sql.SQL(
        "INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {batch} <= %(last)s"
    )
    connection.execute(
        query.format(
            table=sql.Identifier(table),
            names=sql.SQL(", ").join(map(sql.Identifier, columns)),
            values=sql.SQL(", ").join(
                sql.SQL(changed[name]) if name in changed else sql.Identifier(name)
                for name in columns
            ),
            batch=sql.Identifier("first_batch" if table == "patient" else "batch_id"),
        ),
        {
            "last": batch_name(BASE),
            "batches": number * BASE,
            "rows": number * BASE * BATCH,
            "apart": number * _APART,
        },
    )


_BATCH_ID = "'batch-' || lpad((right({0}, 4)::integer + %(batches)s)::text, 4, '0')"
_CHANGED = {
    "batch_id": _BATCH_ID.format("batch_id"),
    "first_batch": _BATCH_ID.format("first_batch"),
    "number": "number + %(batches)s",
    "source_offset": "source_offset + %(rows)s",
    "source_row": "source_row + %(rows)s",
    "encounter_id": "(encounter_id::bigint + %(apart)s)::%TYPE%",
    "patient_nbr": "(patient_nbr::bigint + %(apart)s)::%TYPE%",
    "patient_hash": "md5(patient_hash || %(apart)s)",
}
_TABLES = {
    "raw": ("batch", "encounter", "quarantine"),
    "clean": ("batch", "patient", "encounter", "patient_history"),
}
_LOGGED = """
INSERT INTO prediction (id, at, request_id, row, model_version, encounter_hash, patient_hash,
    features, p_no, p_over_30, p_under_30, predicted_class)
SELECT gen_random_uuid(), now() - i * interval '365 days' / %(rows)s, 'request-' || i, 0,
    (1 + %(versions)s - ceil(%(versions)s * i::float / %(rows)s))::text,
    md5('encounter' || i), md5('patient' || i / 2),
    '{"race": "Caucasian", "gender": "Female", "age": "[70-80)"}', .5, .3, .2, 'NO'
FROM generate_series(1, %(rows)s) AS i
"""
"""As many predictions as encounters, over a year in which ten models were in production."""
_OUTCOMES = """
INSERT INTO outcome (encounter_hash, readmitted, part, known_at)
SELECT md5('encounter' || i), 'NO', 'test', now() FROM generate_series(1, %(rows)s, 2) AS i
"""
