"""A bad row of any table costs its own sample; every other sample stays as it was."""

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import psycopg
import pytest
from psycopg.types.json import Jsonb

from readmission.domain.drift import Drift, Level
from readmission.exporter import rows
from readmission.exporter.catalogue import ROWS as ROWS_FAMILY
from readmission.exporter.catalogue import Sample
from readmission.exporter.collecting import PipelineCollector, Source
from readmission.exporter.connecting import connected
from readmission.exporter.metrics import batches
from readmission.settings import PREFIX, Settings
from readmission.stack.services import exporter, postgres
from readmission.stack.site.ports import free_ports
from readmission.stack.stack import Stack
from readmission.warehouse import Candidate, CleanWarehouse, ModelHistory, Promotion, RawWarehouse
from readmission.warehouse.clean.drift_log import DriftLog
from readmission.warehouse.predictions.outcomes import OutcomeStore
from readmission.warehouse.verdicts import GateVerdict, VerdictLog
from tests.databases import emptied
from tests.include.exporter.conftest import Page, Scrape
from tests.include.hospital import FIRST, Hospital

Tables = tuple[RawWarehouse, CleanWarehouse, OutcomeStore]

COPY = """
CREATE TEMPORARY TABLE copied ON COMMIT DROP AS SELECT * FROM encounter LIMIT 3;
UPDATE copied SET {};
INSERT INTO encounter SELECT * FROM copied;
"""
QUARANTINE = """
INSERT INTO quarantine (batch_id, source_row, reasons)
SELECT batch_id, source_row, '{}' FROM encounter WHERE batch_id = 'batch_0026';
"""
RAW_BATCH = (
    "INSERT INTO batch (batch_id, number, rows, source_offset, content_sha256, origin, state,"
    " created_at, decided_at) VALUES ('{}', {}, {}, 0, 'sha', 'file', '{}', {}, {});"
)
CLEAN_BATCH = (
    "INSERT INTO batch (batch_id, number, raw_rows, clean_rows, quarantined_rows, content_sha256,"
    " origin, state, created_at, decided_at)"
    " VALUES ('{}', {}, {}, 5, {}, 'sha', 'file', '{}', {}, {});"
)
VERDICT = "INSERT INTO gate_verdict VALUES ('{}', '{}', {}, 1, '{{}}', {}, 'page');"
DRIFT = "INSERT INTO drift VALUES ('{}', '{}', {}, 'none', {}, '1');"
CANDIDATE = "INSERT INTO candidate VALUES ('{}', 'run', 'xgboost', '{}', 'sha', {});"
PROMOTION = (
    "INSERT INTO promotion (batch_id, challenger_version, verdict, reason, figures, created_at)"
    " VALUES ('{}', '{}', '{}', 'why', '{}', {});"
)
FIGURES = '{"challenger": {"log_loss": 0.1}, "subgroups": {"gender": {"Male": {"rows": 9}}}}'
PREDICTION = (
    "INSERT INTO prediction (id, at, request_id, row, model_version, encounter_hash, features,"
    " p_no, p_over_30, p_under_30, predicted_class)"
    " VALUES (gen_random_uuid(), {}, 'id', 0, '{}', 'hash', '{{}}', 1, 0, 0, '{}');"
)

BAD: Mapping[tuple[str, str], tuple[str, int]] = MappingProxyType(
    {
        ("raw", "batch"): (
            RAW_BATCH.format("batch_0026", 26, 5, "accepted", "now()", "now()")
            + RAW_BATCH.format("../../x", 27, 5, "accepted", "now()", "now()")
            + RAW_BATCH.format("batch-0028", 28, -5, "accepted", "now()", "now()")
            + RAW_BATCH.format("batch-0029", 29, 5, "accepted", "'infinity'", "now()")
            + RAW_BATCH.format("batch-0030", 30, 5, "accepted", "now()", "'20000-01-01'")
            + RAW_BATCH.format("batch-0031", 31, 5, "loaded", "'9000-01-01'", "NULL")
            + "ALTER TABLE batch ALTER rows DROP NOT NULL;"
            + RAW_BATCH.format("batch-0032", 32, "NULL", "loaded", "now()", "NULL"),
            7,
        ),
        ("raw", "encounter"): (
            RAW_BATCH.format("batch_0026", 26, 3, "accepted", "now()", "now()")
            + COPY.format("batch_id = 'batch_0026'"),
            1,
        ),
        ("raw", "quarantine"): (
            RAW_BATCH.format("batch_0026", 26, 3, "accepted", "now()", "now()")
            + COPY.format("batch_id = 'batch_0026'")
            + QUARANTINE,
            1,
        ),
        ("raw", "gate_verdict"): (
            VERDICT.format("batch_0026", "raw", True, 1)
            + VERDICT.format("batch-0027", "raw", True, "'NaN'")
            + VERDICT.format("batch-0028", "raw", True, "'infinity'")
            + VERDICT.format("batch-0029", "raw", True, -1)
            + "ALTER TABLE gate_verdict ALTER passed DROP NOT NULL, ALTER seconds DROP NOT NULL;"
            + VERDICT.format("batch-0030", "raw", "NULL", 1)
            + VERDICT.format("batch-0031", "raw", True, "NULL"),
            6,
        ),
        ("clean", "batch"): (
            CLEAN_BATCH.format("batch_0026", 26, 5, 0, "accepted", "now()", "now()")
            + CLEAN_BATCH.format("batch-0027", 27, 4, -1, "accepted", "now()", "now()")
            + CLEAN_BATCH.format("batch-0028", 28, 5, 0, "accepted", "'-infinity'", "now()")
            + CLEAN_BATCH.format("batch-0029", 29, 5, 0, "accepted", "now()", "'infinity'"),
            4,
        ),
        ("clean", "encounter"): (
            COPY.format("part = 'other', batch_id = 'batch_0026', encounter_id = -encounter_id"),
            1,
        ),
        ("clean", "gate_verdict"): (
            VERDICT.format("batch_0026", "training", True, 1)
            + VERDICT.format("batch-99999999999999999999", "training", True, 1)
            + VERDICT.format("batch-0029", "clean", False, "'-infinity'"),
            3,
        ),
        ("clean", "drift"): (
            DRIFT.format("batch_0026", "age", 0.5, True)
            + DRIFT.format("9", "age", 0.5, True)
            + DRIFT.format(FIRST, "weight", "'NaN'", True)
            + DRIFT.format(FIRST, "race", -1, True),
            4,
        ),
        ("clean", "candidate"): (
            CANDIDATE.format("batch_0026", "9", "now()")
            + CANDIDATE.format("batch-0027", "9", "'infinity'"),
            2,
        ),
        ("clean", "promotion"): (
            PROMOTION.format("batch_0026", "9", "promoted", FIGURES, "now()")
            + PROMOTION.format("batch-0027", "9", "promoted", FIGURES, "'infinity'").replace(
                "promoted', 'why', '" + FIGURES, "promoted', 'why', '{}"
            )
            + PROMOTION.format("../x", "9", "refused", '["challenger", "subgroups"]', "now()"),
            # The history, the metrics and the patient groups are read one by one.
            3 + 2 + 1,
        ),
        ("predictions", "prediction"): (
            PREDICTION.format("now()", "a-version-that-is-not-a-number", "NO")
            + PREDICTION.format("'infinity'", "1e9", "NO"),
            2,
        ),
        ("predictions", "outcome"): (
            "INSERT INTO outcome VALUES ('other', 'NO', 'test', 'infinity'),"
            " ('another', 'NO', 'train', '-infinity');",
            0,
        ),
    }
)
"""Bad rows of each table that the exporter reads, and how many rows it then skips."""
SUCCESSES = {("raw",): 1, ("clean",): 1, ("predictions",): 1, ("databases",): 1, ("mlflow",): 0}
MEASURED = ("collect_duration", "database_", "bucket_", "mlflow_response", "skipped_rows")


@pytest.fixture
def predictions_db(databases: Stack) -> Iterator[psycopg.Connection]:
    with emptied(postgres.dsn(databases.site, "predictions")) as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture
def settings(databases: Stack, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings that the stack passes to its exporter, without MLflow and object store."""
    for name, value in exporter.service(databases.site).environment.items():
        if name.startswith(PREFIX):
            monkeypatch.setenv(name, value)
    return Settings.from_environment().model_copy(
        update={
            "exporter_port": free_ports(1)[0],
            "mlflow_tracking_uri": "http://127.0.0.1:1",
            "docs_endpoint": None,
        }
    )


@pytest.fixture
def databases_with_rows(tables: Tables, tmp_path: Path) -> Mapping[str, psycopg.Connection]:
    """Given a batch that went through the whole pipeline, with one good row in every table."""
    raw, clean, outcomes = tables
    hospital = Hospital(raw.connection, clean.connection, tmp_path)
    hospital.arrive()
    hospital.set_aside(FIRST, 3)
    hospital.refine(FIRST)
    for warehouse, gate in ((raw, "raw"), (clean, "clean")):
        VerdictLog(warehouse.connection).record(GateVerdict(FIRST, gate, True, 9, [], 1.5, "page"))
    DriftLog(clean.connection).record(FIRST, "1", [Drift("age", 0.01, Level.NONE)], [])
    history = ModelHistory(clean.connection)
    history.record_candidate(Candidate(FIRST, "run", "xgboost", "1", "sha"))
    figures = {
        "challenger": {"log_loss": 0.9},
        "subgroups": {"gender": {"Female": {"rows": 50}}},
    }
    history.record_promotion(Promotion(FIRST, "1", None, "promoted", "first", figures))
    outcomes.record(FIRST, "sha", datetime.now(UTC), [("hash", "NO", "test")])
    outcomes.connection.execute(PREDICTION.format("now()", "1", "NO").encode())
    for connection in (raw.connection, clean.connection):
        connection.commit()
    return {"raw": raw.connection, "clean": clean.connection, "predictions": outcomes.connection}


def samples(page: Page) -> dict[tuple[str, ...], float]:
    """Return every sample of the page, except measurements that differ between two scrapes."""
    return {
        (sample.name, *map(str, sorted(sample.labels.items()))): sample.value
        for sample in page._samples
        if sample.name.startswith("readmission_")
        and not sample.name.removeprefix("readmission_").startswith(MEASURED)
    }


@pytest.mark.parametrize("table", BAD, ids="-".join)
def test_a_bad_row_costs_its_own_sample(
    table: tuple[str, str],
    databases_with_rows: Mapping[str, psycopg.Connection],
    scrape: Scrape,
) -> None:
    # given
    good = scrape()
    assert set(good.all("skipped_rows").values()) == {0}
    assert good.all("collect_success") == SUCCESSES
    statements, skipped = BAD[table]
    connection = databases_with_rows[table[0]]
    connection.execute(statements.encode())
    if not connection.autocommit:
        connection.commit()

    # when
    page = scrape()

    # then
    assert samples(page) == samples(good)
    assert page.all("collect_success") == SUCCESSES
    counted = page.all("skipped_rows")
    assert sum(counted.values()) == skipped
    if skipped:
        source, name = table
        where = "batch" if name in ("encounter", "quarantine") and source == "raw" else name
        assert counted[source, where] == skipped


def test_the_page_shows_a_sample_of_every_table(
    databases_with_rows: Mapping[str, psycopg.Connection], scrape: Scrape
) -> None:
    page = scrape()

    assert page.all("gate_duration_seconds") == {("raw",): 1.5, ("clean",): 1.5}
    assert page.all("drift_psi") == {("age",): 0.01}
    assert page("model_metric", model_version="1", metric="log_loss", rows="all") == 0.9
    assert page.all("subgroup_metric") == {("gender", "Female", "rows", "1"): 50}
    assert page.all("live_outcomes") == {("1", "NO", "NO"): 1}
    assert page("promotions_total", verdict="promoted") == 1
    assert page("batch_to_production_seconds") is not None
    tables = set(page.all("skipped_rows"))
    assert {
        ("clean", table)
        for table in ("batch", "candidate", "drift", "encounter", "gate_verdict", "promotion")
    } <= tables
    assert {("raw", "batch"), ("raw", "gate_verdict"), ("predictions", "prediction")} <= tables


def test_a_bad_metric_of_a_good_promotion_costs_only_itself(
    databases_with_rows: Mapping[str, psycopg.Connection], scrape: Scrape
) -> None:
    # given
    figures = {
        "challenger": {"log_loss": 0.5, "macro_f1": "high", "weighted_f1": None, "auroc": True},
        "subgroups": {"gender": {"Female": {"rows": 7, "f1": []}, "Male": 3}, "race": "none"},
    }
    connection = databases_with_rows["clean"]
    connection.execute(
        "INSERT INTO promotion (batch_id, challenger_version, verdict, reason, figures)"
        " VALUES ('batch-0002', '2', 'promoted', 'why', %s)",
        (Jsonb(figures),),
    )
    connection.commit()

    # when
    page = scrape()

    # then
    newest = {key: value for key, value in page.all("model_metric").items() if "2" in key}
    assert newest == {("log_loss", "2", "all"): 0.5}
    assert page.all("subgroup_metric") == {("gender", "Female", "rows", "2"): 7}
    assert page("skipped_rows", source="clean", table="promotion") == 6


def test_a_bad_row_is_logged_once(
    databases_with_rows: Mapping[str, psycopg.Connection],
    databases: Stack,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # given
    monkeypatch.setattr(rows, "_logged", set())
    caplog.set_level(logging.ERROR, logger="readmission")
    statements, _ = BAD["raw", "gate_verdict"]
    databases_with_rows["raw"].execute(statements.encode())
    databases_with_rows["raw"].commit()

    # when
    with connected(postgres.dsn(databases.site, "raw")) as connection:
        for _ in range(3):
            batches.read_raw(connection)

    # then
    assert len(caplog.messages) == 6
    (poison,) = [message for message in caplog.messages if "batch_0026" in message]
    assert poison.startswith("raw: a row of gate_verdict is skipped: 'batch_0026' is not the id")


@pytest.fixture
def reading() -> Source[int]:
    """A source that can be read and whose samples cannot be computed."""

    def to_samples(_reading: int) -> Iterator[Sample]:
        yield ROWS_FAMILY(1, "raw")
        raise ZeroDivisionError

    return Source("broken", lambda: 1, to_samples)


def test_a_scrape_survives_whatever_a_source_or_a_joint_metric_raises(
    reading: Source[int], caplog: pytest.LogCaptureFixture
) -> None:
    # given another source, and a metric of several sources that cannot be computed
    good = Source("good", lambda: 1, lambda rows: [ROWS_FAMILY(rows, "clean")])

    def joint() -> Iterator[Sample]:
        yield ROWS_FAMILY(1, "joint")
        raise ZeroDivisionError

    collector = PipelineCollector([reading, good], [joint])
    for source in (reading, good):
        source.poll()
        source.schedule_next(10)

    # when
    for _ in range(2):
        found = {metric.name: metric.samples for metric in collector.collect()}

    # then
    assert [sample.labels for sample in found["readmission_rows"]] == [{"stage": "clean"}]
    success = {s.labels["source"]: s.value for s in found["readmission_collect_success"]}
    assert success == {"broken": 0, "good": 1}
    assert sum("several sources" in message for message in caplog.messages) == 1


def test_a_version_with_more_digits_than_python_reads_is_bad() -> None:
    assert rows.RowReader("predictions").keep("prediction", ["7", "9" * 5_000], rows.numbered) == [
        "7"
    ]
