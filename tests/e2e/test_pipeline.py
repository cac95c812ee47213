"""Real batches pass through the whole asset graph: good input, bad input, and killed processes."""

import os
import re
import signal
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from readmission.domain.schema import example
from readmission.pipeline import ingest, source
from readmission.quality.gates import Gatekeeper
from readmission.registry import PREVIOUS, PRODUCTION
from readmission.registry.rollbacks import rollbacks
from readmission.stack.cli.batch_progress import INGESTION, PROCESSING, PROMOTION, TRAINING
from readmission.stack.cli.models.promote import request_promotion
from readmission.stack.services import mlflow
from readmission.stack.services.airflow import USER
from readmission.stack.supervision.supervisor import Supervisor
from readmission.warehouse import CleanWarehouse, ModelHistory, RawWarehouse
from readmission.warehouse.clean.move_log import MoveLog
from readmission.warehouse.clean.rollback_log import RollbackLog
from readmission.warehouse.verdicts import VerdictLog
from tests.e2e.pipeline import PATIENCE, Pipeline

BATCH = 1_500
GATES = {"clean", "training", "predictions"}
FAMILIES = {"logistic_regression", "random_forest", "xgboost"}

pytestmark = pytest.mark.timeout(2 * PATIENCE)


@pytest.fixture(scope="module")
def two_batches(pipeline: Pipeline) -> Pipeline:
    """Given two batches that have passed through the whole graph."""
    pipeline.deliver(2 * BATCH)
    assert pipeline.ingest(BATCH).state == "success"
    for batch_id in ("batch-0001", "batch-0002"):
        assert pipeline.promoted(batch_id).state == "success"
    return pipeline


def test_every_row_is_accounted_for_and_no_patient_is_in_two_splits(two_batches: Pipeline) -> None:
    with two_batches.connected("raw") as raw, two_batches.connected("clean") as clean:
        assert [b.rows for b in RawWarehouse(raw).batches()] == [BATCH, BATCH]
        parts = clean.execute(
            "SELECT count(*) FROM (SELECT patient_nbr FROM encounter"
            " GROUP BY 1 HAVING count(DISTINCT part) > 1) p"
        ).fetchone()
    assert two_batches.unaccounted() == []
    assert parts == (0,)


def test_each_batch_trains_three_models_and_passes_every_gate(two_batches: Pipeline) -> None:
    registry = two_batches.registry
    runs = registry.client.search_runs([registry.experiment_id()])
    logged = {(run.data.tags["batch_id"], run.data.tags["family"]) for run in runs}
    with two_batches.connected("clean") as clean:
        verdicts = VerdictLog(clean).verdicts()

    assert logged == {(b, f) for b in ("batch-0001", "batch-0002") for f in FAMILIES}
    assert {(v.batch_id, v.gate) for v in verdicts if v.passed} == {
        (b, g) for b in ("batch-0001", "batch-0002") for g in GATES
    }


def test_the_api_serves_the_last_promoted_model(two_batches: Pipeline) -> None:
    with two_batches.connected("clean") as clean:
        promoted = [p for p in ModelHistory(clean).promotions() if p.verdict == "promoted"]
    url = f"{two_batches.stack.site.settings.api_url}/predict"
    answer = httpx.post(url, json=example(), trust_env=False, timeout=60)

    assert answer.status_code == 200, answer.text
    assert answer.json()["model_version"] == promoted[-1].challenger_version
    assert two_batches.registry.version_of(PRODUCTION) == promoted[-1].challenger_version
    assert sum(answer.json()["probabilities"].values()) == pytest.approx(1)


def test_the_api_serves_the_compiled_model_and_logs_predictions(two_batches: Pipeline) -> None:
    site = two_batches.stack.site
    with httpx.Client(base_url=site.settings.api_url, trust_env=False, timeout=60) as api:
        assert api.get("/health").json()["runtime"] == "compiled"
        explained = api.post("/explain", json=example()).raise_for_status().json()

    def logged() -> tuple[str, str] | None:
        with two_batches.connected("predictions") as log:
            found: tuple[str, str] | None = log.execute(
                "SELECT model_version, predicted_class FROM prediction WHERE request_id = %s",
                (explained["request_id"],),
            ).fetchone()
        return found

    returned = (explained["model_version"], explained["predicted_class"])
    assert two_batches.wait_for("the prediction to be logged", logged) == returned


def test_only_an_admin_can_roll_back_and_forward(two_batches: Pipeline) -> None:
    site, registry = two_batches.stack.site, two_batches.registry
    current, previous = registry.version_of(PRODUCTION), registry.version_of(PREVIOUS)
    admin = {"X-API-Key": site.credentials.api_admin_key}
    with httpx.Client(base_url=site.settings.api_url, trust_env=False, timeout=60) as api:
        assert api.post("/rollback").status_code == 401
        assert api.post("/rollback", headers=admin).status_code == 422
        why = {"reason": "a test"}
        if previous is None:  # No later model beat the first one.
            assert api.post("/rollback", headers=admin, json=why).status_code == 409
            return
        for left, back in ((current, previous), (previous, current)):
            wanted = why | {"to": back}
            answer = api.post("/rollback", headers=admin, json=wanted).raise_for_status().json()
            assert (answer["previous_version"], answer["model_version"]) == (left, back)
            assert registry.version_of(PRODUCTION) == back
        api.post("/unpin", headers=admin, json=why).raise_for_status()
        versions = api.get("/model/history").raise_for_status().json()["versions"]
    assert next(v["version"] for v in versions if PRODUCTION in v["aliases"]) == current
    done = {(one.left, one.back) for one in rollbacks(registry)}
    assert done == {(current, previous), (previous, current)}


def test_a_move_by_hand_is_served_and_recorded_until_a_version_is_promoted(
    two_batches: Pipeline,
) -> None:
    # given an alias that somebody moved to another signed version
    site, registry = two_batches.stack.site, two_batches.registry
    current = registry.version_of(PRODUCTION)
    assert current is not None
    other = next(v["version"] for v in registry.versions() if v["version"] != current)
    registry.set_alias(PRODUCTION, other)

    # then the API serves it and says so, and a sweep records it
    with httpx.Client(base_url=site.settings.api_url, trust_env=False, timeout=60) as api:
        health = two_batches.wait_for(
            "the API to follow",
            lambda: next(
                (h for h in [api.get("/health").json()] if h["model_version"] == other), None
            ),
        )
        assert f"by hand from version {current} to {other}" in health["moved_by_hand"]
        two_batches.finished(two_batches.airflow.trigger("ledger_sweep", {}))
        # and it has copied the rollbacks so far into the append-only history
        with two_batches.connected("clean") as clean:
            assert set(RollbackLog(clean).rollbacks()) == set(rollbacks(registry))

        # and a promotion on the command line puts the first one back
        sentence = request_promotion(site, current, "a test", "somebody")
        assert sentence == f"version {current} is in production; it replaced version {other}"
        assert api.get("/health").json()["moved_by_hand"] is None
    assert registry.production().moved is False
    two_batches.finished(two_batches.airflow.trigger("ledger_sweep", {}))
    with two_batches.connected("clean") as clean:
        moves = [(move.kind, move.version) for move in MoveLog(clean).moves()]
    assert moves == [("manual", other), ("promoted", current), ("settled", current)]


def test_the_api_returns_the_results_of_the_gates(two_batches: Pipeline) -> None:
    site = two_batches.stack.site
    answer = httpx.get(f"{site.settings.api_url}/quality", trust_env=False, timeout=60)

    batches = answer.raise_for_status().json()["batches"]
    assert {batch["batch_id"] for batch in batches} >= {"batch-0001", "batch-0002"}
    assert all(word != "none" for batch in batches for word in batch["gates"].values())


def test_reports_and_task_logs_are_in_their_buckets(two_batches: Pipeline) -> None:
    reports, logs = two_batches.objects("data-docs"), two_batches.objects("airflow-logs")

    for gate in ("raw", *sorted(GATES)):
        assert any(k.startswith(f"{gate}/validations") and "batch-0002" in k for k in reports), gate
    assert any("dag_id=model_training_pipeline" in key for key in logs)


def test_airflow_shows_each_gates_report_for_each_batch(two_batches: Pipeline) -> None:
    site = two_batches.stack.site
    secret = {"username": USER, "password": site.credentials.airflow_admin}
    with httpx.Client(base_url=site.airflow_url, timeout=30) as airflow:
        token = airflow.post("/auth/token", json=secret).json()["access_token"]
        airflow.headers["Authorization"] = f"Bearer {token}"

        overview = airflow.get("/data-quality/index.html").text
        reports = re.findall(r'<a class="(?:passed|warned)" href="([^"]+)"', overview)
        pages = [airflow.get(f"/data-quality/{report}") for report in reports]

    linked = {tuple(report.split("/")[2:4]) for report in reports}
    batches = ("batch-0001", "batch-0002")
    assert linked == {(gate, batch) for gate in ("raw", *GATES) for batch in batches}
    assert {page.status_code for page in pages} == {200}


def test_running_any_dag_again_leaves_the_same_rows(two_batches: Pipeline) -> None:
    before = two_batches.fingerprint()
    runs_before = len(two_batches.registry.client.search_runs(["1"]))

    # Only the first DAG is triggered by hand; the event of each DAG triggers the next.
    again = two_batches.airflow.trigger(PROCESSING, {}, partition_key="batch-0002")
    assert two_batches.finished(again).state == "success"
    for dag_id in (TRAINING, PROMOTION):
        runs = two_batches.wait_for(
            f"a second run of {dag_id}",
            lambda d=dag_id: [
                r for r in two_batches.airflow.runs(d) if r.partition_key == "batch-0002"
            ][1:],
        )
        assert runs
    two_batches.wait_for(
        "the end of the second promotion",
        lambda: all(r.state == "success" for r in two_batches.airflow.runs(PROMOTION)),
    )
    nothing_left = two_batches.ingest(BATCH)

    assert nothing_left.state == "success"
    assert two_batches.task(nothing_left, "ingest.load")["state"] == "skipped"
    assert two_batches.fingerprint() == before
    assert len(two_batches.registry.client.search_runs(["1"])) == runs_before


def test_a_bad_batch_stops_at_its_gate_and_the_next_good_one_passes_though_mlflow_is_down(
    two_batches: Pipeline,
) -> None:
    # given
    two_batches.deliver(BATCH, age="[300-310)")
    two_batches.deliver(BATCH)
    supervisor = Supervisor(two_batches.stack.paths)
    supervisor.stop_service(mlflow.NAME)
    two_batches.wait_for("the end of MLflow", lambda: not supervisor.states()[mlflow.NAME].pid)

    # when
    try:
        run = two_batches.ingest(BATCH)
        processing = two_batches.run_of(PROCESSING, "batch-0004")
        # The event of its gate starts the training, though its drift cannot be measured.
        two_batches.run_of(TRAINING, "batch-0004")
        assert two_batches.task(processing, "check")["state"] == "success"
        assert two_batches.task(processing, "measure_drift")["state"] != "success"
    finally:
        supervisor.start_service(mlflow.NAME)

    # then
    assert run.state == "failed"
    assert two_batches.judged("batch-0004")
    with two_batches.connected("raw") as raw:
        bad, good = RawWarehouse(raw).batches()[2:]
        kept = RawWarehouse(raw).read(bad.batch_id)
    assert (bad.state, good.state) == ("rejected", "accepted")
    assert "age" in bad.reason
    assert len(kept) == BATCH
    started = {r.partition_key for r in two_batches.airflow.runs(PROCESSING)}
    assert bad.batch_id not in started
    checks = [t for t in two_batches.airflow.tasks(run) if t["task_id"] == "ingest.check"]
    assert sorted((t["state"], t["try_number"]) for t in checks) == [("failed", 1), ("success", 1)]


def test_a_file_without_a_column_is_rejected_and_nothing_is_lost(two_batches: Pipeline) -> None:
    whole = two_batches.file.read_bytes()
    before = two_batches.fingerprint()
    two_batches.file.write_bytes(whole.replace(b"insulin", b"insulina", 1))
    try:
        run = two_batches.ingest(BATCH)
    finally:
        two_batches.file.write_bytes(whole)

    assert run.state == "failed"
    assert two_batches.task(run, "ingest.load")["try_number"] == 1
    assert two_batches.fingerprint() == before


def test_a_task_killed_in_the_middle_of_each_stage_changes_nothing(two_batches: Pipeline) -> None:
    two_batches.deliver(BATCH)

    # Given: each stage is blocked in the middle of its transaction, or killed while it runs.
    with two_batches.connected("raw") as holder:
        holder.execute("LOCK TABLE encounter IN SHARE MODE")
        ingestion = two_batches.airflow.trigger(INGESTION, {"batch_size": BATCH, "batches": 0})
        blocked(two_batches, "raw")
        two_batches.kill_task(ingestion, "ingest.load")
    with two_batches.connected("clean") as holder:
        holder.execute("LOCK TABLE patient IN SHARE MODE")
        processing = two_batches.run_of(PROCESSING, "batch-0005")
        blocked(two_batches, "clean")
        two_batches.kill_task(processing, "process")
    training = two_batches.run_of(TRAINING, "batch-0005")
    two_batches.kill_task(training, "train")
    promotion = two_batches.run_of(PROMOTION, "batch-0005")
    two_batches.kill_task(promotion, "judge")

    # Then: Airflow retries, and each stage ends as if nothing had happened.
    assert two_batches.judged("batch-0005")
    for run, task_id in (
        (ingestion, "ingest.load"),
        (processing, "process"),
        (promotion, "judge"),
    ):
        assert two_batches.task(run, task_id)["try_number"] == 2, task_id
    assert two_batches.unaccounted() == []
    with two_batches.connected("raw") as raw:
        assert [b.rows for b in RawWarehouse(raw).batches()][4:] == [BATCH]
    registry = two_batches.registry
    finished = registry.client.search_runs(
        [registry.experiment_id()],
        "attributes.status = 'FINISHED' and tags.batch_id = 'batch-0005'",
    )
    assert sorted(run.data.tags["family"] for run in finished) == sorted(FAMILIES)


def test_a_lost_event_is_found_by_the_sweep_and_a_killed_scheduler_resumes_its_work(
    two_batches: Pipeline,
) -> None:
    # given a batch that was accepted in RAW but never announced by an event
    two_batches.deliver(BATCH)
    with two_batches.connected("raw") as raw:
        warehouse = RawWarehouse(raw)
        dataset = source.read(two_batches.file)
        (piece,) = ingest.plan(dataset, warehouse, BATCH)
        batch = ingest.load(dataset, warehouse, piece)
        docs = two_batches.stack.site.settings.docs_dir
        Gatekeeper(docs, lambda _site, _gate: None).raw(warehouse, batch.batch_id, 0.05)
        accepted = warehouse.batches()[-1].decided_at
    assert accepted is not None

    # when a sweep runs after the grace period, and the scheduler is killed during the training
    grace = timedelta(seconds=two_batches.stack.site.settings.sweep_grace_seconds)
    two_batches.wait_for("the grace period", lambda: datetime.now(UTC) > accepted + grace)
    two_batches.finished(two_batches.airflow.trigger("ledger_sweep", {}))
    training = two_batches.run_of(TRAINING, batch.batch_id)
    two_batches.running(training, "train")
    scheduler = next(s for s in two_batches.stack.status() if s.service == "airflow-scheduler")
    os.kill(scheduler.pid, signal.SIGKILL)

    # then the batch reaches its verdict, and every row is accounted for
    assert two_batches.judged(batch.batch_id)
    assert two_batches.unaccounted() == []
    with two_batches.connected("clean") as clean:
        assert CleanWarehouse(clean).batch(batch.batch_id).clean_rows == BATCH


def blocked(pipeline: Pipeline, database: str) -> None:
    """Wait until a task's transaction is blocked by the test's lock."""

    def look() -> bool:
        with pipeline.connected(database) as watcher:
            (waiting,) = watcher.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                " AND query LIKE 'COPY%%'"
            ).fetchone()
        return waiting > 0

    pipeline.wait_for("a COPY blocked by the lock", look)


def test_no_log_contains_a_patient_or_encounter_number(two_batches: Pipeline) -> None:
    # Shorter numbers could be anything.
    with two_batches.connected("raw") as raw:
        keys = raw.execute("SELECT encounter_id, patient_nbr FROM encounter").fetchall()
    known = {str(key) for row in keys for key in row if len(str(key)) >= 8}

    searched = dict(two_batches.logs())
    found = {
        name: named
        for name, text in searched.items()
        if (named := known & set(re.findall(r"(?<![\w.])\d{8,}(?![\w.])", text)))
    }

    assert known
    assert any("model_training_pipeline" in name for name in searched)
    assert any(name.endswith("api.log") for name in searched)
    assert found == {}
