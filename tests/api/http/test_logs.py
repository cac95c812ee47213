"""The log of a real process: JSON lines, one per request, without patient data."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from api.http.access_log import QUEUE_LIMIT, AccessLog
from readmission.domain import schema
from readmission.domain.schema import example
from readmission.modelling.fitting import Fit
from readmission.settings import Settings
from tests.api.faulty_proxy import FaultyProxy, faulty_proxy
from tests.api.models import raw_encounters, two_versions
from tests.api.serving import Service, running, wait_for
from tests.conftest import Platform
from tests.databases import emptied
from tests.real_world import test_values
from tests.real_world.test_values import FORMATS, LINES, WRAPPERS
from tests.real_world.values import REFUSED

PATIENCE = 60
KEYS = {schema.ENCOUNTER: 1_357_924_680, schema.PATIENT: 1_864_209_753}
VALUES = {"diag_1": "E917.4", "diag_2": "867.53", "num_lab_procedures": 131}
PATIENT = example() | KEYS | VALUES
SECRETS = {str(value) for value in (*KEYS.values(), *VALUES.values())} - {"131"} | {
    "swordfish", "mauve", "V57.89", "secret-key", "password-of-nobody",
}  # fmt: skip
"""Values sent below that must not be logged; 131 is left out, as it may be a line number."""

KNOWN = {"time", "level", "service", "logger", "message", "request_id", "method", "route"} | {
    "status", "duration_ms", "role", "refusal", "error", "version",
}  # fmt: skip
"""The fields of a line of the log."""

# A model that fails with patient data in the message, to cause an unexpected error.
PROGRAM = """
from readmission.serving.model import ServedModel
original = ServedModel.predict
def predict(self, encounter):
    if encounter["diag_3"] == "V57.89":
        raise ValueError(f"cannot handle {encounter}")
    return original(self, encounter)
ServedModel.predict = predict
from api.__main__ import main
main()
"""


@dataclass(frozen=True)
class Logged:
    """A service, its log, and the proxy to the database of predictions."""

    service: Service
    proxy: FaultyProxy

    def lines(self) -> list[dict[str, Any]]:
        """Return the log; fail if a line is not JSON."""
        return [json.loads(line) for line in self.service.log.read_text().splitlines()]

    def of(self, request_id: str, kind: str = "") -> list[dict[str, Any]]:
        """Wait for the access log line of a request; return all its lines."""
        until(lambda: any(_ends(line, request_id) for line in self.lines()))
        found = [line for line in self.lines() if line.get("request_id") == request_id]
        return [line for line in found if line["logger"].endswith(kind)]


def _ends(line: dict[str, Any], request_id: str) -> bool:
    return line.get("request_id") == request_id and line["logger"] == "readmission.access"


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def logged(
    platform: Platform, fits: tuple[Fit, Fit], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Logged]:
    """The service with a model and a prediction log whose database can be cut off."""
    settings = two_versions(platform.settings, fits, "logged")
    folder = tmp_path_factory.mktemp("logged")
    with emptied(platform.predictions_dsn), faulty_proxy(platform.predictions_dsn) as proxy:
        values = {
            "MODEL_NAME": settings.model_name,
            "PREDICTION_LOG_DSN": proxy.dsn,
            "PREDICTION_LOG_KEY": "a key of at least thirty-two characters",
            "PREDICTION_SPOOL_DIR": str(folder / "spool"),
            "API_BATCH_MB": "1",
        }
        with running(
            folder / "log",
            mlflow_uri=platform.mlflow_uri,
            settings=values,
            program=("-c", PROGRAM),
        ) as service:
            wait_for(f"{service.url}/ready", 200, service.process, service.log)
            yield Logged(service, proxy)


def csv(**changes: str) -> bytes:
    """Return a CSV file of three encounters, the second one changed."""
    table = raw_encounters(3).assign(**{name: str(value) for name, value in KEYS.items()})
    for column, value in changes.items():
        table.loc[1, column] = value
    return table.to_csv(index=False).encode()


def body(**changes: object) -> dict[str, Any]:
    return {"json": PATIENT | changes}


def sent(content: bytes, kind: str = "application/json", **headers: str) -> dict[str, Any]:
    return {"content": content, "headers": {"content-type": kind, **headers}}


REQUESTS: dict[str, tuple[str, dict[str, Any], int, str | None]] = {
    "good": ("/predict", body(), 200, None),
    "explained": ("/explain", body(), 200, None),
    "wrong-value": ("/predict", body(age="swordfish"), 422, "invalid"),
    "unknown-field": ("/predict", body(swordfish="mauve"), 422, "invalid"),
    "malformed": ("/predict", sent(b'{"diag_1": "E917.4", swordfish'), 400, "malformed"),
    "not-text": ("/predict", sent(b'{"diag_1": "\xff1864209753"}'), 400, "malformed"),
    "too-large": ("/predict", sent(b'"swordfish' + b" " * 100_000), 413, "too_large"),
    "not-json": ("/predict", sent(b"mauve", "text/swordfish"), 415, "not_json"),
    "wrong-key": ("/predict", body() | {"headers": {"x-api-key": "secret-key"}}, 401,
                  "unauthorized"),
    "nowhere": ("/patients/1864209753?diag_1=E917.4", body(), 404, "http"),
    "wrong-query": ("/predict/batch?answer=swordfish", sent(csv(), "text/csv"), 422, "invalid"),
    "failing": ("/predict", body(diag_3="V57.89"), 500, None),
    "file": ("/predict/batch", sent(csv(), "text/csv"), 200, None),
    "file-with-bad-rows": ("/predict/batch", sent(csv(age="swordfish", diag_1="mauve"), "text/csv"),
                           200, None),
    "file-too-large": ("/predict/batch", sent(b"swordfish," * 120_000, "text/csv"), 413,
                       "too_large"),
    "no-file": ("/predict/batch", sent(b"swordfish", "text/mauve"), 415, "media_type"),
    "broken-file": ("/predict/batch", sent(b"PAR1swordfish", "application/vnd.apache.parquet"),
                    400, "malformed"),
}  # fmt: skip
"""Path, request, status and kind of error in the log, by name."""


def send(logged: Logged, name: str) -> httpx.Response:
    """Send one of the requests; its id begins with its name."""
    path, request, _, _ = REQUESTS[name]
    named = {"x-request-id": f"{name}-{uuid4().hex}"} | request.get("headers", {})
    url = logged.service.url + path
    return httpx.post(url, **request | {"headers": named}, trust_env=False, timeout=PATIENCE)


def id_of(response: httpx.Response) -> str:
    return response.headers["x-request-id"]


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_one_line_with_the_id_that_its_caller_got(logged: Logged, name: str) -> None:
    path, _, status, refusal = REQUESTS[name]

    response = send(logged, name)

    (line,) = logged.of(id_of(response), "access")
    assert response.status_code == line["status"] == status
    assert id_of(response).startswith(f"{name}-")
    assert line["method"] == "POST"
    assert line["route"] == ("other" if status == 404 else path.partition("?")[0])
    assert line.get("refusal") == refusal
    assert 0 < line["duration_ms"] < 1000 * PATIENCE
    assert line.get("role") == (None if name in ("wrong-key", "nowhere") else "admin")


def test_an_unexpected_error_is_logged_with_its_location(logged: Logged) -> None:
    response = send(logged, "failing")

    (error,) = logged.of(id_of(response), "api")
    assert response.json()["request_id"] == id_of(response)
    assert error["level"] == "ERROR"
    assert "ValueError at api/http/transport.py" in error["message"]


def test_the_table_of_predictions_has_the_same_ids(logged: Logged, platform: Platform) -> None:
    sent_names = ("good", "explained", "file", "file-with-bad-rows", "wrong-value")
    ids = {name: id_of(send(logged, name)) for name in sent_names}

    def rows() -> dict[str, int]:
        with psycopg.connect(platform.predictions_dsn) as connection:
            query = "SELECT count(*) FROM prediction WHERE request_id = %s"
            counts = {name: connection.execute(query, [ids[name]]).fetchone() for name in ids}
        return {name: count[0] for name, count in counts.items() if count}

    until(lambda: sum(rows().values()) >= 7)
    expected = {"good": 1, "explained": 1, "file": 3, "file-with-bad-rows": 2, "wrong-value": 0}
    assert rows() == expected


def test_a_reload_is_logged_with_its_id(logged: Logged) -> None:
    headers = {"x-request-id": "reloading"}
    httpx.post(f"{logged.service.url}/reload_model", headers=headers, timeout=PATIENCE)

    requested, serving = (line["message"] for line in logged.of("reloading", "api"))
    assert requested.startswith("reload requested by ")
    assert serving.startswith("serving logged_")


def test_an_outage_of_the_database_is_logged_without_rows(logged: Logged) -> None:
    logged.proxy.disconnect()
    headers = {"x-request-id": "outage"}
    url = f"{logged.service.url}/predict"
    response = httpx.post(url, json=PATIENT, headers=headers, timeout=PATIENCE)
    assert response.status_code == 200
    until(lambda: any("database is unavailable" in line["message"] for line in logged.lines()))
    logged.proxy.recover()
    until(lambda: any("responds again" in line["message"] for line in logged.lines()))


def test_no_line_has_an_id_or_a_value_of_a_patient(logged: Logged) -> None:
    for name in REQUESTS:
        send(logged, name)
    url = f"{logged.service.url}/predict"
    odd = httpx.post(url, json=PATIENT, headers={"x-request-id": "swordfish 1864209753"})
    until(lambda: logged.of(odd.headers["x-request-id"]) != [])

    text = logged.service.log.read_text()
    assert len(logged.lines()) > len(REQUESTS)
    assert {secret for secret in SECRETS if secret in text} == set()
    assert {name for line in logged.lines() for name in line} <= KNOWN


@pytest.mark.parametrize("path", [*WRAPPERS, *FORMATS])
def test_no_refused_value_of_the_real_world_is_logged(logged: Logged, path: str) -> None:
    # given each refused line of the table, alone or all of them in a file
    refused = [test_values.sent(line) for line in LINES if line.means is REFUSED]
    assert len(refused) > 35
    kind = path if path in FORMATS else "application/json"
    if path in FORMATS:
        path, bodies = "/predict/batch", [FORMATS[path](refused)]
    else:
        bodies = [json.dumps(WRAPPERS[path](row)).encode() for row in refused]
    url = logged.service.url
    model = httpx.get(f"{url}/health", timeout=PATIENCE).json()["model_name"]

    # when
    ids = []
    for content in bodies:
        request_id = f"refused-{uuid4().hex}"
        address = url + path.replace("diabetes_readmission", model)
        headers = {"content-type": kind, "x-request-id": request_id}
        response = httpx.post(address, content=content, headers=headers, timeout=PATIENCE)
        assert response.status_code == (200 if path == "/predict/batch" else 422), response.text
        ids.append(request_id)

    # then the log has one line for each, which tells how it ended and nothing of the body
    for request_id in ids:
        (line,) = logged.of(request_id)
        assert line["message"] == f"POST {line['route']} {line['status']}"
        assert line.get("refusal") in (None, "invalid")
        assert line.keys() <= KNOWN - {"error"}


def test_above_level_info_only_server_errors_are_logged() -> None:
    written: list[bytes] = []
    log = AccessLog(Settings(log_level="warning", log_format="json"), written.append)
    scope = {"state": {"request_id": "1"}}
    log.start()

    for status in (200, 404, 503):
        log.record(scope, "/predict", "POST", status, 0.001)
    log.close()

    assert [json.loads(line)["status"] for line in b"".join(written).splitlines()] == [503]


def test_a_full_queue_drops_lines_and_reports_how_many(
    caplog: pytest.LogCaptureFixture,
) -> None:
    written: list[bytes] = []
    log = AccessLog(Settings(log_format="json"), written.append)
    scope = {"state": {"request_id": "1"}}

    for _ in range(QUEUE_LIMIT + 7):
        log.record(scope, "/predict", "POST", 200, 0.001)
    log.start()
    log.close()

    assert b"".join(written).count(b"\n") == QUEUE_LIMIT
    assert max(len(piece) for piece in written) < 4_096
    assert "7 requests are missing from the access log" in caplog.text


def test_a_disconnected_caller_is_logged_with_status_499() -> None:
    written: list[bytes] = []
    log = AccessLog(Settings(log_format="text"), written.append)

    log.start()
    log.record({"state": {"request_id": "gone"}}, "/predict", "POST", 0, 0.5)
    log.close()

    assert written[0].endswith(b"POST /predict 499 500.0 ms [gone]\n")
