"""Retention: the rows of old batches are deleted, their counts stay, and later batches continue."""

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from readmission.pipeline.process import process
from readmission.settings import CHECKOUT, PREFIX
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse import ModelHistory, RawWarehouse
from readmission.warehouse.audit.log import AuditUnavailable
from readmission.warehouse.clean.judged_rows import JudgedRowLog
from readmission.warehouse.predictions.outcomes import OutcomeStore
from readmission.warehouse.raw.erasures import RawErasures
from readmission.warehouse.retention import RETENTION, delete_expired
from tests.conftest import Platform
from tests.include.operations.ward import BATCH, SPLIT_KEY, Ward, file_of_encounters
from tests.include.tables import encounters

DAYS = 30
FIRST, SECOND, REPLAY = "batch-0001", "batch-0002", "replay-0003"


@pytest.fixture
def old(ward: Ward) -> Ward:
    """The ward, a year after its first two batches; the replay arrived today."""
    age(ward, FIRST, SECOND)
    return ward


def age(ward: Ward, *batches: str) -> None:
    """Let batches have arrived a year ago."""
    ward.raw_db.execute(
        "UPDATE batch SET created_at = now() - interval '1 year' WHERE batch_id = ANY(%s)",
        (list(batches),),
    )


def rows(ward: Ward, database: str, batch_id: str) -> int:
    (count,) = ward.databases[database].execute(
        "SELECT count(*) FROM encounter WHERE batch_id = %s", (batch_id,)
    ).fetchone() or (0,)
    return count


def grown(batches: int) -> pa.Table:
    """Return the ward's file after further batches were appended to it."""
    ids = {row: str(1_000_000 + row) for row in range(batches * BATCH)}
    return pa.concat_tables([file_of_encounters(), encounters(len(ids), encounter_id=ids)])


def replayed(ward: Ward) -> int:
    return sum(line.replayed for line in ward.account().lines)


def test_the_rows_of_old_batches_are_deleted_and_stay_accounted_for(old: Ward) -> None:
    arrived, kept = old.account().arrived, replayed(old)

    deleted = delete_expired(old.raw, old.clean, DAYS)

    # The rows that were replayed stay until their new batch is old enough.
    assert deleted == {FIRST: BATCH - kept, SECOND: BATCH}
    assert rows(old, "raw", FIRST) == kept > 0
    assert {rows(old, "clean", batch) for batch in (FIRST, SECOND)} == {0}
    assert rows(old, "clean", REPLAY) == kept
    account = old.account()
    assert (account.arrived, account.erased) == (arrived, 2 * BATCH - kept)


def test_verdicts_forget_the_numbers_of_old_encounters(old: Ward) -> None:
    (promotion,) = ModelHistory(old.clean_db).promotions()
    assert promotion.promotion_id is not None
    kept = {number for number, *_ in old.clean.outcomes(REPLAY)}

    delete_expired(old.raw, old.clean, DAYS)

    rows = JudgedRowLog(old.clean).rows_of(promotion.promotion_id)
    assert rows is not None
    assert set(rows.encounters) == kept
    assert rows.erased == rows.row_count - len(kept) > 0


def test_the_rows_of_a_replay_go_with_those_that_it_replayed(old: Ward) -> None:
    age(old, REPLAY)

    delete_expired(old.raw, old.clean, DAYS)

    assert old.raw_db.execute("SELECT count(*) FROM encounter").fetchone() == (0,)
    assert old.raw_db.execute("SELECT count(*) FROM quarantine_decision").fetchone() == (0,)
    assert old.clean_db.execute("SELECT count(*) FROM patient").fetchone() == (0,)
    assert old.account().arrived == old.account().erased == 2 * BATCH


def test_a_second_run_finds_nothing(old: Ward) -> None:
    delete_expired(old.raw, old.clean, DAYS)

    assert delete_expired(old.raw, old.clean, DAYS) == {}


def test_a_run_that_was_killed_between_the_databases_is_completed(
    old: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(RawErasures, "erase", killed)
        with pytest.raises(KeyboardInterrupt):
            delete_expired(old.raw, old.clean, DAYS)
    assert rows(old, "clean", SECOND) == 0 < rows(old, "raw", SECOND)

    delete_expired(old.raw, old.clean, DAYS)

    assert rows(old, "raw", SECOND) == 0
    assert old.account().erased > BATCH


def test_patients_who_came_again_keep_their_split(old: Ward) -> None:
    before = old.clean.patient_splits()

    delete_expired(old.raw, old.clean, DAYS)

    after = old.clean.patient_splits()
    left = old.clean.read_batch(REPLAY)["patient_nbr"]
    assert set(after) == set(left) < set(before)
    assert all(before[patient] == split for patient, split in after.items())


def test_a_batch_in_progress_waits_for_its_gates(ward: Ward) -> None:
    # given a batch that CLEAN has received but not decided about, and one without a gate's verdict
    more = ward.ingest(grown(2))
    ward.accept(more[0].batch_id)
    process(ward.raw, ward.clean, more[0].batch_id, SPLIT_KEY)
    age(ward, *(batch.batch_id for batch in more))

    assert delete_expired(ward.raw, ward.clean, DAYS) == {}
    assert rows(ward, "clean", more[0].batch_id) > 0


def test_the_pipeline_goes_on_with_an_emptied_batch(old: Ward) -> None:
    delete_expired(old.raw, old.clean, DAYS)

    # when the source is ingested again, and the batch is processed again
    assert old.ingest(file_of_encounters()) == []
    process(old.raw, old.clean, SECOND, SPLIT_KEY)
    new = old.ingest(grown(1))
    for batch in new:
        old.accept(batch.batch_id)
        old.refine(batch.batch_id)

    # then the old rows stay away, and the new batch is complete
    assert rows(old, "clean", SECOND) == 0
    assert [batch.rows for batch in new] == [BATCH]
    old.account()


def test_the_tombstone_says_who_why_and_how_many(old: Ward) -> None:
    delete_expired(old.raw, old.clean, DAYS)

    found = old.raw_db.execute("SELECT erased_by, reason FROM erasure").fetchall()
    assert found == [(RETENTION, "older than 30 days")]


def test_the_rows_are_announced_and_kept_if_that_fails(old: Ward) -> None:
    announced = []

    def refuse(counts: Mapping[str, int]) -> None:
        announced.append(dict(counts))
        raise AuditUnavailable("the database is down")

    with pytest.raises(AuditUnavailable):
        delete_expired(old.raw, old.clean, DAYS, refuse)

    assert rows(old, "clean", SECOND) == rows(old, "raw", SECOND) == BATCH
    assert announced == [dict(delete_expired(old.raw, old.clean, DAYS))]


def test_rows_are_kept_until_their_last_day(ward: Ward) -> None:
    last_day = datetime.now(UTC) + timedelta(days=DAYS, seconds=-60)

    assert delete_expired(ward.raw, ward.clean, DAYS, now=last_day) == {}
    assert delete_expired(ward.raw, ward.clean, DAYS, now=last_day + timedelta(seconds=120))


def test_nothing_is_deleted_while_a_task_works_on_the_rows(old: Ward, platform: Platform) -> None:
    old.raw_db.execute("SET lock_timeout = '200ms'")
    try:
        with (
            psycopg.connect(platform.raw_dsn, autocommit=True) as task,
            RawWarehouse(task).unchanged(),
            pytest.raises(psycopg.errors.LockNotAvailable),
        ):
            delete_expired(old.raw, old.clean, DAYS)
        assert rows(old, "clean", SECOND) == BATCH
    finally:
        old.raw_db.execute("RESET lock_timeout")


RUN_NIGHTLY = """
import sys
from types import SimpleNamespace
from airflow.dag_processing.dagbag import BundleDagBag

folder, user = sys.argv[1:]
bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags-folder")
run = SimpleNamespace(
    dag_id="data_retention", run_id="a-run", triggering_user_name=user or None
)
nightly = bag.dags["data_retention"]
deleted = nightly.get_task("delete_expired").python_callable(dag_run=run)
nightly.get_task("publish_stays").python_callable(deleted)
nightly.get_task("delete_outcomes").python_callable()
"""


@pytest.mark.parametrize(("user", "actor"), [("", RETENTION), ("ada", "ada")])
def test_the_audit_trail_names_the_retention_or_who_started_it(
    old: Ward, databases: Stack, trail: psycopg.Connection, trail_address: str, tmp_path: Path,
    user: str, actor: str,
) -> None:  # fmt: skip
    for name, days in (("old", DAYS + 1), ("new", DAYS - 1)):
        known_at = datetime.now(UTC) - timedelta(days=days)
        OutcomeStore(old.predictions_db).record(name, "sha", known_at, [(name, "NO", "test")])
    dags = CHECKOUT / "dags"
    environment = {
        "PATH": os.environ["PATH"],
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(tmp_path / "plugins"),
        "AIRFLOW_CONN_POSTGRES_RAW": postgres.dsn(databases.site, "raw"),
        "AIRFLOW_CONN_POSTGRES_CLEAN": postgres.dsn(databases.site, "clean"),
        f"{PREFIX}AUDIT_DSN": trail_address,
        f"{PREFIX}PREDICTION_LOG_DSN": postgres.dsn(databases.site, "predictions"),
        f"{PREFIX}PREDICTION_LOG_KEY": old.key,
        f"{PREFIX}RETENTION_DAYS": str(DAYS),
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT / "include"), str(dags)]),
    }

    done = subprocess.run(
        [sys.executable, "-c", RUN_NIGHTLY, dags, user],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    found = trail.execute("SELECT actor, action, subject FROM audit_event ORDER BY subject")
    assert found.fetchall() == [(actor, "retention-delete", batch) for batch in (FIRST, SECOND)]
    assert rows(old, "clean", SECOND) == 0
    # and the API has no stay to copy that CLEAN does not have any longer
    query = "SELECT DISTINCT batch_id FROM known_stay"
    assert old.predictions_db.execute(query).fetchall() == [(REPLAY,)]
    # and of the outcomes, the old one is deleted
    query = "SELECT encounter_hash FROM outcome WHERE encounter_hash = ANY(%s)"
    assert old.predictions_db.execute(query, (["old", "new"],)).fetchall() == [("new",)]
