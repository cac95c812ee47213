"""The service in its own process: with a real registry, without one, and with hostile bodies."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from readmission.domain import schema
from readmission.domain.schema import example
from readmission.modelling.fitting import Fit
from readmission.registry import PRODUCTION, Registry
from readmission.settings import CHECKOUT, Settings
from readmission.stack.site.ports import free_ports
from tests.api.models import put_into_production, raw_encounters
from tests.api.serving import Service, running, wait_for

COMPILED = 1e-6
"""Tolerance between the compiled model and its pipeline; both compute in float32."""

FORBIDDEN = ("airflow", "great_expectations", "streamlit", "matplotlib", "boto3")


@dataclass(frozen=True)
class Production:
    """A running service and the settings of its registry."""

    service: Service
    settings: Settings


@pytest.fixture(scope="module")
def production(platform: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """The service with a real, empty registry."""
    settings = platform.settings.model_copy(
        update={"model_name": "served_here", "experiment": "served_here"}
    )
    log = tmp_path_factory.mktemp("api") / "log"
    names = {"MODEL_NAME": settings.model_name}
    with running(log, mlflow_uri=platform.mlflow_uri, settings=names) as service:
        yield Production(service, settings)


def as_request(row: dict[str, str]) -> dict[str, str | int]:
    return {c.name: int(row[c.name]) if c.is_number else row[c.name] for c in schema.FEATURES}


def test_from_an_empty_registry_to_predictions_of_two_models(
    production: Production, fits: tuple[Fit, Fit]
) -> None:
    url, settings = production.service.url, production.settings
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as http:
        # given a registry without a model
        wait_for_first_load(http)
        assert http.get("/ready").json()["waiting_for_first_model"] is True
        assert http.post("/predict", json=example()).status_code == 503
        assert http.post("/reload_model").status_code == 409

        for number, fit in enumerate(fits, 1):
            # when a version is registered and promoted
            version = put_into_production(settings, fit, f"batch-{number:04}")
            reloaded = http.post("/reload_model")

            # then the service predicts as the model itself does
            assert reloaded.status_code == 200, reloaded.text
            assert reloaded.json()["model_version"] == version
            raw = raw_encounters(20)
            expected = fit.model.predict_proba(raw)
            for row, probabilities in zip(raw.to_dict("records"), expected, strict=True):
                body = http.post("/predict", json=as_request(row)).json()
                assert body["model_version"] == version
                assert list(body["probabilities"].values()) == pytest.approx(
                    probabilities.tolist(), abs=COMPILED
                )

        # when the alias is deleted, then the promoted version is served, and /health says so
        Registry(settings).client.delete_registered_model_alias(settings.model_name, PRODUCTION)
        assert http.post("/reload_model").json()["model_version"] == version
        assert "Somebody deleted the alias" in http.get("/health").json()["moved_by_hand"]
        assert http.post("/predict", json=example()).json()["model_version"] == version


def wait_for_first_load(http: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while http.get("/health").json()["last_reload_error"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_hostile_bodies_over_a_real_connection(production: Production) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(160):
            yield b"[" * 65_536

    logged = len(production.service.log.read_text())
    with httpx.Client(base_url=production.service.url, trust_env=False, timeout=60) as http:
        headers = {"content-type": "application/json"}
        declared = http.post("/predict", content=b" " * 10_000_000, headers=headers)
        streamed = http.post("/predict", content=chunks(), headers=headers)
        deep = http.post("/predict", content=b'{"a":' * 10_000, headers=headers)
        assert [r.status_code for r in (declared, streamed, deep)] == [413, 413, 400]
        assert http.get("/health").status_code == 200
    new_lines = production.service.log.read_text()[logged:]
    assert "Traceback" not in new_lines
    assert "ERROR" not in new_lines


def test_a_caller_that_disconnects_is_not_an_error(production: Production) -> None:
    logged = len(production.service.log.read_text())
    host, port = production.service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\n\r\n{"
        )
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    with httpx.Client(base_url=production.service.url, trust_env=False, timeout=60) as http:
        assert http.get("/health").status_code == 200
        assert 'prediction_errors_total{kind="internal"} 0.0' in http.get("/metrics").text
    assert "ERROR" not in production.service.log.read_text()[logged:]


def test_with_a_hanging_registry_the_service_is_alive_and_stops_on_a_signal(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        nowhere = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        with running(tmp_path / "log", mlflow_uri=nowhere) as service:
            ready = wait_for(f"{service.url}/ready", 503, service.process, service.log)
            assert "being loaded" in ready.json()["message"]
            assert hanging.accept()  # The service has connected by now.

            # The shutdown must not wait for the registry; Ctrl-C is the signal that could.
            service.process.send_signal(signal.SIGINT)
            service.process.wait(15)


def test_a_reload_without_a_registry_fails_in_seconds(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    # A poll would be "loading" again when the test asks why there is no model.
    rarely = {"MODEL_POLL_SECONDS": "3600"}
    with running(tmp_path / "log", mlflow_uri=nowhere, settings=rarely) as service:
        reloaded = httpx.post(f"{service.url}/reload_model", timeout=60, trust_env=False)
        assert reloaded.status_code == 503
        assert "MLflow did not respond" in reloaded.json()["message"]
        health = httpx.get(f"{service.url}/health", trust_env=False, timeout=60).json()
        assert health["last_reload_error"]["message"] in reloaded.json()["message"]
        ready = httpx.get(f"{service.url}/ready", timeout=60, trust_env=False)
        assert ready.status_code == 503
        assert "MLflow did not respond" in ready.json()["message"]
        assert "Exception in thread" not in service.log.read_text()


def test_a_process_imports_nothing_of_pipeline_or_page_and_freezes_what_it_imports() -> None:
    """A full collection of everything that is imported would stop all requests for 0.1 s."""
    program = (
        "import gc, sys, json, api.main; from readmission.registry import Registry;"
        "app = api.main.application(); frozen = gc.get_freeze_count(); app.state.started();"
        f"forbidden = [m for m in {FORBIDDEN!r} if m in sys.modules];"
        "print(json.dumps([forbidden, frozen, gc.get_freeze_count() > len(gc.get_objects())]))"
    )
    imported = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert json.loads(imported.stdout) == [[], 0, True]


def test_callers_are_not_identified_by_x_forwarded_for(tmp_path: Path) -> None:
    # given requests that each name another address in a header
    with running(
        tmp_path / "log",
        mlflow_uri="http://127.0.0.1:9",
        settings={"API_ANONYMOUS_ROLE": "none", "API_RATE_LIMIT": "3"},
    ) as limited:
        statuses = {
            httpx.post(
                f"{limited.url}/predict",
                headers={"x-forwarded-for": f"192.0.2.{number}"},
                trust_env=False,
            ).status_code
            for number in range(60)
        }

    # then they all count for one caller
    assert 429 in statuses
