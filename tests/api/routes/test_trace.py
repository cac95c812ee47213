"""A prediction is traced to its model, training run, batches, gates and source file."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg.rows import class_row

from api.main import create_app
from readmission.domain.schema import example
from readmission.modelling.fitting import Fit
from readmission.quality.report.overview import BatchQuality, Overview
from readmission.quality.report.summary import FILE, summarise
from readmission.stack.services import object_store
from readmission.warehouse import BatchState, CleanBatch, RawBatch
from readmission.warehouse.predictions import requests
from readmission.warehouse.verdicts import GateVerdict
from tests.api.conftest import FakeModelStore
from tests.api.models import ROWS, loaded, put_into_production
from tests.api.routes.test_about import check_error
from tests.conftest import Platform
from tests.databases import emptied

NUMBERS = {"encounter_id": 1_357_924_680, "patient_nbr": 1_864_209_753}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "a key of at least thirty-two characters"
REPORTS = "https://airflow.example.org/data-quality/"


def batch_of(number: int, state: BatchState) -> BatchQuality:
    """Return a batch with a verdict of the raw gate and what became of it."""
    name = f"batch-{number:04}"
    digest = f"hash-{number}"
    raw = RawBatch(name, number, 10, 10 * number, digest, "file", state, "", 1, NOW, NOW)
    clean = CleanBatch(name, number, 10, 9, 1, digest, "file", state, "", NOW, NOW)
    verdict = GateVerdict(name, "raw", True, 9, ["age is new"], 1.0, f"raw/{name}.html")
    return BatchQuality(raw, clean, {"raw": verdict}, f"stays-{number}.csv")


@pytest.fixture(scope="module")
def service(
    platform: Platform, fits: tuple[Fit, Fit], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """A service with a log, reports and a registry that has version 1, trained on a batch."""
    site, name = platform.site, f"traced_{time.time_ns()}"
    settings = platform.settings.model_copy(
        update={
            "model_name": name,
            "experiment": name,
            "api_anonymous_role": "admin",
            "model_poll_seconds": 3600,
            "docs_endpoint": site.s3_endpoint,
            "docs_access_key": site.credentials.docs_access_key,
            "docs_secret_key": site.credentials.docs_secret_key,
            "docs_url": f"{REPORTS}index.html",
            "prediction_log_dsn": platform.predictions_dsn,
            "prediction_log_key": KEY,
            "prediction_spool_dir": tmp_path_factory.mktemp("spool"),
        }
    )
    settings = type(settings)(**settings.model_dump())
    put_into_production(settings, fits[0], "batch-0003")
    states = {1: BatchState.ACCEPTED, 2: BatchState.REJECTED, 3: BatchState.ACCEPTED}
    states[4] = BatchState.ACCEPTED
    batches = [batch_of(number, state) for number, state in states.items()][::-1]
    content = summarise(Overview(batches=batches, lost="nothing"))
    object_store.client(site).put_object(Bucket="data-docs", Key=FILE, Body=content.encode())
    store = FakeModelStore()
    store.content = loaded("1", fits[0])
    app = create_app(settings, store)
    with (
        emptied(platform.predictions_dsn),
        TestClient(app, raise_server_exceptions=False) as client,
    ):
        app.state.service.holder.reload()
        yield client


def traced(service: TestClient, request_id: str, **query: Any) -> dict[str, Any]:
    """Return the trace of a request as soon as it is in the database."""
    deadline = time.monotonic() + 30
    while True:
        response = service.get(f"/predictions/{request_id}", params=query)
        if response.status_code == 200:
            found: dict[str, Any] = response.json()
            return found
        assert response.status_code == 404, response.text
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_prediction_is_traced_to_its_files(service: TestClient) -> None:
    # given
    predicted = service.post("/predict", json=example() | NUMBERS).json()

    # when
    found = traced(service, predicted["request_id"])

    # then
    (row,) = found["predictions"]
    assert (found["rows"], row["line"], row["model_version"]) == (1, 1, "1")
    assert row["probabilities"] == pytest.approx(predicted["probabilities"])
    assert row["patient_hash"]
    assert row["encounter_hash"]
    assert not any(str(number) in str(found) for number in NUMBERS.values())
    assert found["model"]["run_id"] == found["run"]["run_id"]
    assert (found["run"]["batch_id"], found["run"]["rows"]) == ("batch-0003", ROWS)
    # only the accepted batches up to the one that it was trained on
    assert [(one["batch_id"], one["file"]) for one in found["batches"]] == [
        ("batch-0001", "stays-1.csv"),
        ("batch-0003", "stays-3.csv"),
    ]
    gate = found["batches"][0]["gates"][0]
    assert gate == {"name": "raw", "status": "warned", "report": f"{REPORTS}raw/batch-0001.html"}
    # and it says that the run counts other batches than the reports do
    assert "trained on 1 batches" in found["notes"][0]


def test_rows_that_are_logged_meanwhile_are_neither_counted_nor_returned(
    service: TestClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a request that is logged again after its rows have been counted
    request_id = service.post("/predict", json=example()).json()["request_id"]
    assert traced(service, request_id)["rows"] == 1
    again: list[int] = []

    def logged_again(kind: type[requests.LoggedRow]) -> object:
        with psycopg.connect(platform.predictions_dsn) as log:
            log.execute(
                "CREATE TEMPORARY TABLE again AS SELECT * FROM prediction WHERE request_id = %s",
                (request_id,),
            )
            log.execute("UPDATE again SET row = row + 1, id = gen_random_uuid()")
            again.append(log.execute("INSERT INTO prediction SELECT * FROM again").rowcount)
        return class_row(kind)

    monkeypatch.setattr(requests, "class_row", logged_again)

    # when
    found = traced(service, request_id)

    # then
    assert again == [1]
    assert (found["rows"], len(found["predictions"])) == (1, 1)
    monkeypatch.undo()
    found = traced(service, request_id)
    assert (found["rows"], len(found["predictions"])) == (2, 2)


def test_rows_of_a_file_share_one_id_and_one_of_them_can_be_requested(service: TestClient) -> None:
    # given a file of 25 rows
    response = service.post("/predict/batch", json=[example()] * 25)
    request_id = response.headers["x-request-id"]

    # when
    found = traced(service, request_id)

    # then
    assert (found["rows"], sum(found["by_class"].values())) == (25, 25)
    assert [row["line"] for row in found["predictions"]] == list(range(1, 21))
    assert [row["line"] for row in traced(service, request_id, line=25)["predictions"]] == [25]
    absent = service.get(f"/predictions/{request_id}", params={"line": 26})
    assert "row 26 of this request" in check_error(absent, 404, "http")["message"]


def test_an_unknown_id_is_not_found_and_says_what_to_check(service: TestClient) -> None:
    message = check_error(service.get("/predictions/unknown"), 404, "http")["message"]

    assert "check the id; the log keeps predictions for" in message


def log_predictions(platform: Platform, request_id: str, *versions: str) -> None:
    """Log a prediction of each version under the same request id, in this order."""
    with psycopg.connect(platform.predictions_dsn) as connection:
        for version in versions:
            connection.execute(
                "INSERT INTO prediction (id, at, request_id, row, model_version, features, p_no,"
                " p_over_30, p_under_30, predicted_class)"
                " VALUES (gen_random_uuid(), clock_timestamp(), %s, 0, %s, '{}', 0.5, 0.3, 0.2,"
                " 'NO')",
                (request_id, version),
            )


def test_an_id_that_was_sent_to_two_versions_is_a_note(
    service: TestClient, platform: Platform
) -> None:
    request_id = f"repeated-{time.time_ns()}"
    log_predictions(platform, request_id, "1", "77")

    found = traced(service, request_id)

    assert (found["rows"], found["model"]["version"]) == (2, "1")
    assert found["notes"][0] == "other rows were predicted by version 77"


def test_a_version_that_was_deleted_is_a_note(service: TestClient, platform: Platform) -> None:
    # given a prediction of a version that the registry does not have
    request_id = f"deleted-{time.time_ns()}"
    log_predictions(platform, request_id, "77")

    found = traced(service, request_id)

    assert (found["model"], found["run"], found["batches"]) == (None, None, [])
    assert found["notes"] == ["version 77 is not in the registry any more"]
