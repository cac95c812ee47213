"""Metrics of batches, gates, drift and promotions."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from readmission.domain.drift import Drift, Level
from readmission.domain.production import Production, Rollback
from readmission.pipeline.sweep import find
from readmission.warehouse import Candidate, CleanWarehouse, ModelHistory, Promotion, RawWarehouse
from readmission.warehouse.clean.drift_log import DriftLog
from readmission.warehouse.clean.failure_log import ENOUGH_RESTARTS, FailureLog
from readmission.warehouse.clean.move_log import MoveLog
from readmission.warehouse.clean.rollback_log import RollbackLog
from readmission.warehouse.predictions.outcomes import OutcomeStore
from readmission.warehouse.sql.gate_warnings import GateWarnings
from readmission.warehouse.verdicts import GateVerdict, VerdictLog
from tests.include.exporter.conftest import Page, Scrape
from tests.include.hospital import BAD, FIRST, ROWS, Hospital
from tests.promtool import promtool

Tables = tuple[RawWarehouse, CleanWarehouse, OutcomeStore]
SECOND, THIRD = "batch-0002", "batch-0003"
BY, WHY = "Dr. Osei", "typing error"


@pytest.fixture
def hospital(tables: Tables, tmp_path: Path) -> Hospital:
    return Hospital(tables[0].connection, tables[1].connection, tmp_path)


def commit(hospital: Hospital) -> None:
    for warehouse in (hospital.raw, hospital.clean):
        warehouse.connection.commit()


def waiting(page: Page) -> dict[str, float | None]:
    stages = ("processing", "training", "promotion")
    return {stage: page("waiting_batches", stage=stage) for stage in stages}


def closed(page: Page) -> dict[str, float | None]:
    stages = ("processing", "training", "promotion")
    return {stage: page("closed_batches", stage=stage) for stage in stages}


def left_behind(hospital: Hospital) -> dict[str, float]:
    history = ModelHistory(hospital.clean.connection)
    time.sleep(0.01)
    found = find(hospital.raw, hospital.clean, history, timedelta(0))
    return {stage: len(batches) for stage, batches in vars(found).items()}


def test_before_the_first_batch_all_counts_are_zero(tables: Tables, scrape: Scrape) -> None:
    page = scrape()

    assert page.all("rows") == {("raw",): 0, ("clean",): 0}
    assert page("unaccounted_rows") == 0
    assert page.all("last_event_timestamp_seconds") == {}
    assert page.all("promotions_total") == {
        ("promoted",): 0, ("refused",): 0, ("rolled_back",): 0, ("manual",): 0,
    }  # fmt: skip
    assert page("batch_to_production_seconds") is None
    assert set(page.all("collect_success").values()) == {1}


def test_a_database_without_tables_counts_as_empty(
    raw_db: object, clean_db: object, scrape: Scrape
) -> None:
    page = scrape()

    assert page.all("rows") == {("raw",): 0, ("clean",): 0}
    assert page("collect_success", source="raw") == 1


def test_every_row_is_counted_where_it_is(hospital: Hospital, scrape: Scrape) -> None:
    # given a batch with two bad rows, one of them waived, and a batch that was just loaded
    started = time.time()
    hospital.gate(hospital.arrive(age=BAD))
    hospital.refine(FIRST)
    hospital.quarantine.waive(FIRST, [7], BY, WHY)
    hospital.arrive(ROWS)
    commit(hospital)

    # when
    page = scrape()

    # then
    assert page.all("rows") == {("raw",): 2 * ROWS, ("clean",): ROWS - 2}
    assert page.all("quarantine_rows") == {
        ("open",): 1, ("fixed",): 0, ("waived",): 1, ("replayed",): 0,
    }  # fmt: skip
    assert page("unaccounted_rows") == 0
    parts = hospital.clean.split_sizes()
    assert page.all("part_rows") == {(part,): rows for (_, part), rows in parts.items()}
    assert page.all("batches") == {
        ("raw", "loaded"): 1, ("raw", "accepted"): 1, ("raw", "rejected"): 0,
        ("clean", "loaded"): 0, ("clean", "accepted"): 1, ("clean", "rejected"): 0,
    }  # fmt: skip
    events = page.all("last_event_timestamp_seconds")
    assert events.keys() == {("raw",), ("clean",)}
    assert all(started - 1 <= at <= time.time() + 1 for at in events.values())


def test_lost_rows_are_counted(hospital: Hospital, scrape: Scrape) -> None:
    # given
    hospital.set_aside(hospital.arrive().batch_id, 3)
    hospital.refine(FIRST)
    commit(hospital)
    assert scrape()("unaccounted_rows") == 0

    # when
    hospital.clean.connection.execute("DELETE FROM encounter WHERE source_row IN (5, 6)")
    commit(hospital)

    # then
    assert scrape()("unaccounted_rows") == 2


def test_the_waiting_batches_are_those_that_the_sweep_finds(
    hospital: Hospital, scrape: Scrape
) -> None:
    # given three batches: one trained but not judged, one cleaned but not trained, one not
    # processed
    history = ModelHistory(hospital.clean.connection)
    for number, batch_id in enumerate((FIRST, SECOND, THIRD)):
        hospital.arrive(number * ROWS)
        hospital.set_aside(batch_id)
    hospital.refine(FIRST)
    hospital.refine(SECOND)
    history.record_candidate(Candidate(FIRST, "run", "xgboost", "1", "sha"))
    commit(hospital)
    assert waiting(scrape()) == left_behind(hospital) == {
        "processing": 1, "training": 1, "promotion": 1,
    }  # fmt: skip

    # when the first is judged, a gate stops the second and all rows of the third are quarantined
    verdicts = VerdictLog(hospital.clean.connection)
    verdicts.record(GateVerdict(SECOND, "training", False, 3, ["a patient twice"], 1.5, "key"))
    history.record_promotion(Promotion(FIRST, "1", None, "promoted", "first"))
    hospital.set_aside(THIRD, *range(2 * ROWS, 3 * ROWS))
    commit(hospital)

    # then
    assert waiting(scrape()) == left_behind(hospital) == {
        "processing": 0, "training": 0, "promotion": 0,
    }  # fmt: skip


def test_a_batch_that_failed_for_good_is_closed_and_not_waiting(
    hospital: Hospital, scrape: Scrape
) -> None:
    # given one batch that waits for training and one that waits for processing
    for number, batch_id in enumerate((FIRST, SECOND)):
        hospital.arrive(number * ROWS)
        hospital.set_aside(batch_id)
    hospital.refine(FIRST)
    failures = FailureLog(hospital.clean.connection)
    commit(hospital)
    assert closed(scrape()) == {"processing": 0, "training": 0, "promotion": 0}

    # when
    failures.record_error(FIRST, "training", "run", "a row of patient 12345", lasting=True)
    failures.record_error(SECOND, "clean", "run", "rows are lost", lasting=True)

    # then
    page = scrape()
    assert closed(page) == {"processing": 1, "training": 1, "promotion": 0}
    assert waiting(page) == left_behind(hospital) == {
        "processing": 0, "training": 0, "promotion": 0,
    }  # fmt: skip

    # and a candidate that a person's run has made ends it
    history = ModelHistory(hospital.clean.connection)
    history.record_candidate(Candidate(FIRST, "run", "xgboost", "1", "sha"))
    assert closed(scrape()) == {"processing": 1, "training": 0, "promotion": 0}


def test_a_batch_that_keeps_failing_is_counted_apart_and_still_waits(
    hospital: Hospital, scrape: Scrape
) -> None:
    # given
    hospital.arrive(0)
    hospital.set_aside(FIRST)
    hospital.refine(FIRST)
    failures = FailureLog(hospital.clean.connection)
    commit(hospital)
    assert scrape()("failing_batches", stage="training") == 0

    # when
    for number in range(ENOUGH_RESTARTS):
        failures.record_restarts([FIRST], "training", f"sweep {number}")
        failures.record_error(
            FIRST, "training", f"run {number}", "patient 12345", lasting=False, error="KeyError"
        )

    # then
    page = scrape()
    assert page.all("failing_batches") == {("processing",): 0, ("training",): 1, ("promotion",): 0}
    assert waiting(page)["training"] == 1
    assert closed(page)["training"] == 0


def test_each_gate_counts_its_verdicts_and_details_the_newest(
    hospital: Hospital, scrape: Scrape
) -> None:
    # given
    for offset in (0, ROWS):
        hospital.set_aside(hospital.arrive(offset).batch_id)
    hospital.refine(FIRST)
    raw, clean = (VerdictLog(w.connection) for w in (hospital.raw, hospital.clean))
    raw.record(GateVerdict(SECOND, "raw", True, 20, ["2 rows are odd"], 2.5, "key"))
    raw.record(GateVerdict(FIRST, "raw", True, 20, [], 9.0, "key"))
    clean.record(GateVerdict(FIRST, "clean", False, 9, ["a", "b", "c"], 1.0, "key"))
    GateWarnings(hospital.raw.connection).acknowledge("raw", "2 rows", "somebody", "known", None)
    commit(hospital)

    # when
    page = scrape()

    # then
    assert page("gate_verdicts", gate="raw", verdict="passed") == 1
    assert page("gate_verdicts", gate="raw", verdict="warned") == 1
    assert page("gate_verdicts", gate="raw", verdict="failed") == 0
    assert page("gate_verdicts", gate="clean", verdict="failed") == 1
    assert page("gate_verdicts", gate="training", verdict="failed") == 0
    # The newest batch is the last that arrived, not the last that was checked.
    assert page.all("gate_duration_seconds") == {("raw",): 2.5, ("clean",): 1.0}
    assert page.all("gate_passed") == {("raw",): 1, ("clean",): 0}
    assert page.all("gate_failed_expectations") == {("raw",): 1, ("clean",): 3}
    assert page.all("gate_acknowledged_warnings") == {("raw",): 1, ("clean",): 0}
    assert "odd" not in page.text


def test_drift_is_shown_for_the_newest_batch(hospital: Hospital, scrape: Scrape) -> None:
    # given
    drifts = DriftLog(hospital.clean.connection)
    strong = Drift("payer_code", 1.25, Level.STRONG)
    drifts.record(SECOND, "1", [strong, Drift("age", 0.01, Level.NONE)], [strong])
    drifts.record(FIRST, "1", [Drift("weight", 0.5, Level.STRONG)], [])
    commit(hospital)

    # when
    page = scrape()

    # then
    assert page.all("drift_psi") == {("payer_code",): 1.25, ("age",): 0.01}
    assert page.all("drift_alarm") == {("payer_code",): 1, ("age",): 0}
    assert page.all("drift_acknowledged") == {("payer_code",): 0, ("age",): 0}


def test_promotions_and_rollbacks_are_counted_and_the_newest_challengers_shown(
    hospital: Hospital, scrape: Scrape
) -> None:
    # given ten verdicts, one of them a promotion, a rollback and a move by hand
    history = ModelHistory(hospital.clean.connection)
    hospital.arrive()
    for number in range(1, 11):
        figures = {"challenger": {"log_loss": number / 10, "eligible_log_loss": number / 5}}
        verdict = "promoted" if number == 1 else "refused"
        batch_id = f"batch-{number:04d}"
        history.record_promotion(Promotion(batch_id, str(number), None, verdict, "why", figures))
    RollbackLog(hospital.clean.connection).record([Rollback.now("2", "1", "admin")])
    MoveLog(hospital.clean.connection).record_state(Production("2", ("1",)))
    commit(hospital)

    # when
    page = scrape()

    # then
    assert page.all("promotions_total") == {
        ("promoted",): 1, ("refused",): 9, ("rolled_back",): 1, ("manual",): 1,
    }  # fmt: skip
    assert page("model_metric", model_version="10", metric="log_loss", rows="all") == 1.0
    assert page("model_metric", model_version="10", metric="log_loss", rows="eligible") == 2.0
    versions = {labels[1] for labels in page.all("model_metric")}
    assert versions == {str(number) for number in range(3, 11)}
    # RAW holds only the first batch, and the newest verdict is about another one.
    assert page("batch_to_production_seconds") is None


def test_patient_groups_are_shown_for_the_most_recently_promoted_model(
    hospital: Hospital, scrape: Scrape
) -> None:
    # given
    history = ModelHistory(hospital.clean.connection)
    for number, verdict in enumerate(("promoted", "promoted", "refused"), start=1):
        groups = {"gender": {"Female": {"rows": 100.0 * number}}, "race": {}}
        figures = {"challenger": {}, "subgroups": groups}
        batch_id = f"batch-{number:04d}"
        history.record_promotion(Promotion(batch_id, str(number), None, verdict, "why", figures))
    commit(hospital)

    # then
    assert scrape().all("subgroup_metric") == {("gender", "Female", "rows", "2"): 200}


def test_the_figures_of_the_newest_batch_are_those_of_the_newest_challenger(
    hospital: Hospital, scrape: Scrape
) -> None:
    # given verdicts with and without such figures, and one of an earlier release
    history = ModelHistory(hospital.clean.connection)
    figures = {"metrics": {"log_loss": 0.9}, "limit": 0.05, "alarm": True}
    for number, newest in enumerate(({}, None, figures, None), start=1):
        stored = {"challenger": {}} | ({} if newest == {} else {"newest_batch": newest})
        batch_id = f"batch-{number:04d}"
        history.record_promotion(Promotion(batch_id, str(number), None, "refused", "why", stored))
    commit(hospital)

    # then
    page = scrape()
    assert page.all("newest_batch_metric") == {("log_loss", "3"): 0.9}
    assert page.all("newest_batch_alarm") == {("3",): 1}


def test_the_time_from_raw_to_the_verdict_is_measured(hospital: Hospital, scrape: Scrape) -> None:
    # given
    hospital.arrive()
    hospital.raw.connection.execute("UPDATE batch SET created_at = now() - interval '90 s'")
    history = ModelHistory(hospital.clean.connection)
    history.record_promotion(Promotion(FIRST, "1", None, "promoted", "first"))
    commit(hospital)

    # when
    seconds = scrape()("batch_to_production_seconds")

    # then
    assert seconds is not None
    assert 90 <= seconds < 150


def test_promtool_accepts_the_page(hospital: Hospital, scrape: Scrape) -> None:
    hospital.gate(hospital.arrive(age=BAD))
    commit(hospital)

    done = promtool("check", "metrics", stdin=scrape().text)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
