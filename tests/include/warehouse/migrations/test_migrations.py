"""Migrations: new databases, those of version 0.1.0, races, failures and version mismatches."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest
from psycopg import sql

from readmission.domain import schema
from readmission.errors import DatabaseNotMigrated, DatabaseTooNew
from readmission.stack.services import postgres
from readmission.warehouse import CleanWarehouse, DecisionLog, ModelHistory, RawWarehouse
from readmission.warehouse.clean.warehouse import ROW_TYPES
from readmission.warehouse.migrations import (
    DATABASES,
    require_current,
    revision_of,
    revisions,
    upgrading,
)
from readmission.warehouse.migrations.upgrading import upgrade
from readmission.warehouse.predictions.store import COLUMNS
from readmission.warehouse.sql.tallies import clean_rows, raw_rows
from tests.conftest import Platform
from tests.databases import RENAMED_COLUMNS
from tests.include.tables import held

BEFORE = Path(__file__).parent / "before_migrations"
SQL_TYPES = {
    pa.string(): "text",
    pa.int64(): "bigint",
    pa.int32(): "integer",
    pa.int16(): "smallint",
    pa.bool_(): "boolean",
}
of_version_0_1_0 = pytest.mark.parametrize(
    "database", sorted(file.stem for file in BEFORE.glob("*.sql")), indirect=True
)
"""Runs a test with each database that version 0.1.0 had."""
FAILING = '''
"""A revision that fails after its first statement."""

from alembic import op

revision = "9001"
down_revision = "%s"


def upgrade():
    op.execute("ALTER TABLE batch ADD COLUMN half_done text")
    op.execute("SELECT 1 / 0")
'''
HARMLESS = FAILING.replace('    op.execute("SELECT 1 / 0")\n', "")


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty(platform: Platform, database: str) -> Iterator[psycopg.Connection]:
    """A connection to a database without tables."""
    with psycopg.connect(address(platform, database), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        yield connection


@pytest.fixture
def empty_raw(platform: Platform) -> Iterator[psycopg.Connection]:
    with psycopg.connect(platform.raw_dsn, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        yield connection


def address(platform: Platform, database: str) -> str:
    return postgres.dsn(platform.site, database)


def restore(connection: psycopg.Connection, database: str) -> None:
    """Restore the dump of version 0.1.0 into an empty database."""
    connection.execute((BEFORE / f"{database}.sql").read_bytes())
    connection.execute("RESET ALL")


Rows = dict[tuple[str, ...], list[tuple[str, ...]]]
"""By table, followed by the names of its columns."""


def rows(connection: psycopg.Connection) -> Rows:
    """Return the content of every table except Alembic's."""
    tables = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        " AND table_type = 'BASE TABLE' AND table_name <> 'alembic_version' ORDER BY 1"
    ).fetchall()
    return same_rows(connection, [(name, *columns(connection, name)) for (name,) in tables])


def same_rows(connection: psycopg.Connection, tables: Iterable[tuple[str, ...]]) -> Rows:
    """Return the content of some columns of some tables, as text; others may have been added."""
    found = {}
    for table, *names in tables:
        here = columns(connection, table)
        today = [name if name in here else RENAMED_COLUMNS[name] for name in names]
        listed = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(n)) for n in today)
        query = sql.SQL("SELECT {} FROM {}").format(listed, sql.Identifier(table))
        found[(table, *names)] = sorted(connection.execute(query).fetchall(), key=str)
    return found


def shape(connection: psycopg.Connection) -> set[tuple[str, ...]]:
    """Return columns, constraints, indexes, triggers, functions and comments."""
    return set(connection.execute(SHAPE).fetchall())


SHAPE = """
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relkind IN ('r', 'p', 'v')
UNION ALL
SELECT 'constraint', conrelid::regclass::text, pg_get_constraintdef(oid), '', ''
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'trigger', tgname, pg_get_triggerdef(oid), '', '' FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'function', proname, prosrc, '', '' FROM pg_proc
WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'comment', objoid::regclass::text, description, '', '' FROM pg_description
WHERE classoid = 'pg_class'::regclass AND objoid IN (
    SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
"""


def columns(connection: psycopg.Connection, table: str) -> dict[str, str]:
    return dict(
        connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position",
            (table,),
        ).fetchall()
    )


@of_version_0_1_0
def test_a_database_of_version_0_1_0_keeps_every_row(
    platform: Platform, empty: psycopg.Connection, database: str
) -> None:
    # given
    restore(empty, database)
    before = rows(empty)
    assert all(before.values())
    with pytest.raises(DatabaseNotMigrated, match="has never been migrated"):
        require_current(empty, database)

    # when
    applied = upgrade(address(platform, database), database)

    # then
    assert applied == revisions(database)
    assert same_rows(empty, before) == before
    require_current(empty, database)


@of_version_0_1_0
def test_a_database_of_version_0_1_0_becomes_like_a_new_one(
    platform: Platform, empty: psycopg.Connection, database: str
) -> None:
    upgrade(address(platform, database), database)
    new = shape(empty)
    empty.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    restore(empty, database)
    upgrade(address(platform, database), database)

    assert shape(empty) == new


def test_the_library_reads_a_database_of_version_0_1_0(
    platform: Platform, empty_raw: psycopg.Connection, clean_db: psycopg.Connection
) -> None:
    # given
    clean_db.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    restore(clean_db, "clean")
    clean_db.commit()
    restore(empty_raw, "raw")

    # when
    for database in ("raw", "clean"):
        upgrade(address(platform, database), database)

    # then
    raw, clean = RawWarehouse(empty_raw), CleanWarehouse(clean_db)
    arrived = {batch.batch_id: batch for batch in raw.batches()}
    for batch in clean.batches():
        assert len(raw.read(batch.batch_id)) == arrived[batch.batch_id].rows == batch.raw_rows
        assert len(clean.read_batch(batch.batch_id)) == batch.clean_rows
    assert raw_rows(empty_raw) == raw_rows(empty_raw, recount=True)
    assert sorted(clean_rows(clean_db), key=str) == sorted(
        clean_rows(clean_db, recount=True), key=str
    )
    assert DecisionLog(empty_raw).decisions()
    promotions = ModelHistory(clean_db).promotions()
    assert [one.champion_version for one in promotions] == [None, "1", "2"]
    assert promotions[1].figures["champion"]["log_loss"] == pytest.approx(1.631, abs=0.001)


def test_a_repeated_migration_changes_nothing(
    platform: Platform, empty: psycopg.Connection, database: str
) -> None:
    assert upgrade(address(platform, database), database) == revisions(database)
    assert upgrade(address(platform, database), database) == []
    assert revision_of(empty) == revisions(database)[-1]


def test_two_processes_may_migrate_at_once(
    platform: Platform, empty: psycopg.Connection, database: str
) -> None:
    # More could exceed the five connections of the role `audit`, of which this test has one.
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: upgrade(address(platform, database), database), range(2)))

    require_current(empty, database)


@pytest.fixture
def next_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of RAW's revisions to which a test can add one."""
    folder, known = Path(upgrading.__file__).parent / "raw", revisions("raw")
    for revision in folder.glob("0*.py"):
        (tmp_path / revision.name).write_text(revision.read_text())
    configured = upgrading._configuration

    def configuration(database: str) -> object:
        config = configured(database)
        config.set_main_option("version_locations", str(tmp_path))
        return config

    monkeypatch.setattr(upgrading, "_configuration", configuration)
    monkeypatch.setattr(upgrading, "revisions", lambda _: [*known, "9001"])
    return tmp_path / "9001_next.py"


def test_a_revision_that_fails_half_way_leaves_the_old_tables(
    platform: Platform, empty_raw: psycopg.Connection, next_revision: Path
) -> None:
    # given rows of version 0.1.0, and a revision that fails
    restore(empty_raw, "raw")
    old, before = shape(empty_raw), rows(empty_raw)
    next_revision.write_text(FAILING % revisions("raw")[-1])

    # when
    with pytest.raises(Exception, match="division by zero"):
        upgrade(platform.raw_dsn, "raw")

    # then no revision has left a trace
    assert shape(empty_raw) == old
    assert rows(empty_raw) == before
    assert revision_of(empty_raw) is None


def test_a_migration_may_take_longer_than_other_statements_of_the_role(
    platform: Platform, empty_raw: psycopg.Connection, next_revision: Path
) -> None:
    # given a revision that takes longer than the role's statement timeout
    slow = HARMLESS.replace("ALTER TABLE batch ADD COLUMN half_done text", "SELECT pg_sleep(1)")
    next_revision.write_text(slow % revisions("raw")[-1])
    empty_raw.execute("ALTER ROLE raw SET statement_timeout = '500ms'")
    try:
        # then it is applied
        assert upgrade(platform.raw_dsn, "raw")[-1] == "9001"
    finally:
        empty_raw.execute("ALTER ROLE raw SET statement_timeout = '5min'")


def test_a_library_older_than_the_database_refuses_to_work(
    platform: Platform, empty_raw: psycopg.Connection, next_revision: Path
) -> None:
    # given a database that a later version has migrated
    next_revision.write_text(HARMLESS % revisions("raw")[-1])
    assert upgrade(platform.raw_dsn, "raw") == [*revisions("raw"), "9001"]

    # then the library, which knows only its own revisions, says so
    with pytest.raises(DatabaseTooNew, match="at revision 9001, which this version does not know"):
        require_current(empty_raw, "raw")


def test_a_library_older_than_the_database_does_not_migrate_it(
    platform: Platform, empty_raw: psycopg.Connection
) -> None:
    upgrade(platform.raw_dsn, "raw")
    empty_raw.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(DatabaseTooNew, match="9999"):
        upgrade(platform.raw_dsn, "raw")


def test_the_check_does_not_wait_for_a_hung_writer(
    raw_db: psycopg.Connection, platform: Platform
) -> None:
    with held(platform.raw_dsn, "LOCK TABLE batch, encounter IN ACCESS EXCLUSIVE MODE"):
        raw_db.execute("SET lock_timeout = 1")
        raw_db.commit()
        require_current(raw_db, "raw")

        # reading the tables would have to wait
        with pytest.raises(psycopg.errors.LockNotAvailable):
            RawWarehouse(raw_db).batches()


def test_raw_has_a_column_for_every_column_of_the_contract(raw_db: psycopg.Connection) -> None:
    found = columns(raw_db, "encounter")

    expected = {"batch_id": "text", "source_row": "bigint", **dict.fromkeys(schema.NAMES, "text")}
    assert found == expected, "schema.py and RAW differ; add a revision to migrations/raw"


def test_clean_has_a_column_for_every_feature(clean_db: psycopg.Connection) -> None:
    found = columns(clean_db, "encounter")

    expected = {name: SQL_TYPES[kind] for name, kind in ROW_TYPES.items()}
    expected["superseded_by"] = "text"  # Which batch has corrected the row.
    assert found == expected, "schema.py and CLEAN differ; add a revision to migrations/clean"


def test_the_prediction_log_has_the_columns_and_classes_that_are_written(
    platform: Platform,
) -> None:
    upgrade(platform.predictions_dsn, "predictions")
    with psycopg.connect(platform.predictions_dsn) as connection:
        assert set(columns(connection, "prediction")) == set(COLUMNS)
        checks = connection.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c'"
            " AND conrelid IN ('prediction'::regclass, 'outcome'::regclass)"
        ).fetchall()
    of_classes = [text for (text,) in checks if "NO" in text]
    assert len(of_classes) == 2
    assert all(f"'{label}'" in text for text in of_classes for label in schema.CLASSES)
