"""Tables are created once, and nobody waits for a writer to see that they are there."""

import psycopg
import pytest
from psycopg import sql

from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.sql.creating import create
from tests.conftest import Platform
from tests.include.tables import contents, held

BUSY = "LOCK TABLE batch, encounter, gate_verdict IN ACCESS EXCLUSIVE MODE"
TABLE = sql.SQL("CREATE TABLE IF NOT EXISTS ward (name text PRIMARY KEY)")
INDEX = sql.SQL("CREATE INDEX IF NOT EXISTS ward_by_length ON ward (length(name))")


def test_a_writer_that_hangs_does_not_hold_up_the_next_task_at_raw(
    raw_db: psycopg.Connection, platform: Platform
) -> None:
    does_not_wait(RawWarehouse(raw_db), platform.raw_dsn)


def test_a_writer_that_hangs_does_not_hold_up_the_next_task_at_clean(
    clean_db: psycopg.Connection, platform: Platform
) -> None:
    does_not_wait(CleanWarehouse(clean_db), platform.clean_dsn)


def does_not_wait(warehouse: RawWarehouse | CleanWarehouse, dsn: str) -> None:
    # given tables that are there, and a transaction that holds the locks of a writer and more
    warehouse.create_tables()
    locks = "".join(f"SELECT pg_advisory_xact_lock({n});" for n in range(296_001, 296_006))
    with held(dsn, locks + BUSY):
        # when the next one comes, it would fail if it had to wait
        warehouse.connection.execute("SET lock_timeout = 1")
        warehouse.connection.commit()
        warehouse.create_tables()

        # as it does for what is in the tables
        with pytest.raises(psycopg.errors.LockNotAvailable):
            warehouse.batches()


def test_what_a_newer_version_adds_is_made_on_old_tables_and_the_rows_stay(
    raw_db: psycopg.Connection,
) -> None:
    # given a table of before, with a row
    create(raw_db, 1, "ward", (TABLE,))
    raw_db.execute("INSERT INTO ward VALUES ('surgery')")
    raw_db.commit()

    # when a newer version comes, once and again
    for _ in range(2):
        create(raw_db, 1, "ward", (TABLE, INDEX))

    # then
    found = raw_db.execute("SELECT to_regclass('ward_by_length') IS NOT NULL").fetchone()
    assert found == (True,)
    assert contents(raw_db)["ward"] == ["(surgery)"]
