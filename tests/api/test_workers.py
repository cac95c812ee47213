"""Several worker processes behind one address; shutdown; wrong settings."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from readmission.domain import schema
from readmission.domain.schema import example
from readmission.modelling.fitting import Fit
from readmission.registry import PRODUCTION, Registry
from readmission.settings import CHECKOUT, PREFIX, Settings
from tests.api.models import raw_encounters, two_versions
from tests.api.serving import Service, running, wait_for
from tests.conftest import Platform
from tests.databases import emptied

WORKERS = 2
REQUESTS = 60
PATIENCE = 120
MANY = 8_000
"""Rows of a file that takes a moment to predict."""


@pytest.fixture(scope="module")
def settings(platform: Platform, fits: tuple[Fit, Fit]) -> Settings:
    """Settings of a registered model with two versions, the second in production."""
    return two_versions(platform.settings, fits, "shared")


@pytest.fixture(scope="module")
def service(
    settings: Settings, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Two processes that share port, folder, metrics and prediction log."""
    folder = tmp_path_factory.mktemp("workers")
    values = {
        "MODEL_NAME": settings.model_name,
        "WORKERS": str(WORKERS),
        "MODEL_POLL_SECONDS": "0.5",
        "PREDICTION_LOG_DSN": platform.predictions_dsn,
        "PREDICTION_LOG_KEY": "a key of at least thirty-two characters",
        "PREDICTION_SPOOL_DIR": str(folder / "spool"),
    }
    with (
        emptied(platform.predictions_dsn),
        running(
            folder / "log", mlflow_uri=settings.mlflow_tracking_uri, settings=values
        ) as service,
    ):
        until_all_serve(service, "2")
        yield service


def get(service: Service, path: str) -> httpx.Response:
    """Send a request over a new connection, which either process may accept."""
    return httpx.get(service.url + path, trust_env=False, timeout=PATIENCE)


def predict(service: Service) -> int:
    url = f"{service.url}/predict"
    return httpx.post(url, json=example(), trust_env=False, timeout=PATIENCE).status_code


def until_all_serve(service: Service, version: str) -> None:
    """Wait until all processes serve a version."""
    deadline, in_a_row = time.monotonic() + PATIENCE, 0
    while in_a_row < 20:
        assert time.monotonic() < deadline, service.log.read_text()[-3_000:]
        in_a_row = in_a_row + 1 if get(service, "/health").json()["model_version"] == version else 0
        time.sleep(0.02)


def total(service: Service, name: str) -> float:
    """Sum a metric over its labels."""
    found = [line for line in get(service, "/metrics").text.splitlines() if line.startswith(name)]
    return sum(float(line.rsplit(" ", 1)[1]) for line in found)


def test_the_metrics_of_all_processes_add_up(service: Service) -> None:
    before = total(service, "predictions_total")

    with ThreadPoolExecutor(8) as callers:
        statuses = list(callers.map(lambda _: predict(service), range(REQUESTS)))

    assert statuses == [200] * REQUESTS
    assert total(service, "predictions_total") - before == REQUESTS
    assert total(service, "prediction_latency_seconds_count") >= REQUESTS
    # and each process reports the same total
    assert {total(service, "predictions_total") - before for _ in range(10)} == {REQUESTS}
    shown = [
        line for line in get(service, "/metrics").text.splitlines()
        if line.startswith("model_info{") and line.endswith(" 1.0")
    ]  # fmt: skip
    assert len(shown) == 1
    assert 'model_version="2"' in shown[0]


def test_every_process_reports_the_logs_of_all(service: Service) -> None:
    # given a connection to one process, which Prometheus keeps open
    with httpx.Client(base_url=service.url, trust_env=False, timeout=PATIENCE) as prometheus:

        def shown(name: str) -> float:
            lines = prometheus.get("/metrics").text.splitlines()
            return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

        # then it reports the predictions of all processes
        deadline = time.monotonic() + PATIENCE
        while shown("prediction_log_written_total") < shown("predictions_total"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert shown("predictions_total") >= REQUESTS
        assert shown("prediction_log_written_total") == shown("predictions_total")


def test_after_a_reload_of_one_process_the_others_follow_by_polling(
    service: Service, settings: Settings
) -> None:
    Registry(settings).set_alias(PRODUCTION, "1")

    reloaded = httpx.post(f"{service.url}/reload_model", trust_env=False, timeout=PATIENCE)

    assert reloaded.json()["model_version"] == "1"
    until_all_serve(service, "1")
    assert "ERROR" not in service.log.read_text()


def test_a_worker_that_dies_is_replaced(service: Service) -> None:
    workers = psutil.Process(service.process.pid).children(recursive=True)
    serving = [w for w in workers if "spawn_main" in " ".join(w.cmdline())]
    assert len(serving) == WORKERS

    serving[0].kill()

    deadline = time.monotonic() + PATIENCE
    while True:
        now = psutil.Process(service.process.pid).children(recursive=True)
        alive = [w for w in now if w.is_running() and w.status() != psutil.STATUS_ZOMBIE]
        alive = [w for w in alive if "spawn_main" in " ".join(w.cmdline())]
        if len(alive) == WORKERS and serving[0] not in alive:
            break
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert predict(service) == 200


@pytest.mark.parametrize("workers", [1, WORKERS])
def test_an_upload_in_progress_is_finished_before_the_service_stops(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory, workers: int
) -> None:
    rows = raw_encounters(MANY)[list(schema.FEATURE_NAMES)].to_csv(index=False).encode()
    values = {"MODEL_NAME": settings.model_name, "WORKERS": str(workers)}
    log = tmp_path_factory.mktemp("stopped") / "log"
    with running(log, mlflow_uri=settings.mlflow_tracking_uri, settings=values) as service:
        for _ in range(20):  # Each process loads its own model; either may respond.
            wait_for(f"{service.url}/ready", 200, service.process, log)
        with httpx.stream(
            "POST",
            f"{service.url}/predict/batch",
            content=rows,
            headers={"content-type": "text/csv"},
            trust_env=False,
            timeout=PATIENCE,
        ) as response:
            # when the stop signal comes right after the first line
            lines = response.iter_lines()
            first = next(lines)
            service.process.send_signal(signal.SIGTERM)
            received = [first, *lines]

        # then every row is predicted, and the process exits
        assert len(received) == MANY + 1
        assert '"summary"' in received[-1]
        service.process.wait(PATIENCE)
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("WORKERS", "0"),
        ("WORKERS", "two"),
        ("API_PORT", "70000"),
        ("API_KEYS", "admin:swordfish"),
        ("API_ANONYMOUS_ROLE", "root"),
        ("NONSENSE", "1"),
    ],
)
def test_a_wrong_setting_is_named_and_the_service_does_not_start(setting: str, value: str) -> None:
    stopped = start({setting: value})

    assert stopped.returncode == 1
    assert stopped.stderr.startswith("error: ")
    assert PREFIX + setting in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert "swordfish" not in stopped.stderr


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"PREDICTION_LOG_DSN": "postgresql://u:swordfish@h/d"}, "PREDICTION_LOG_KEY"),
        (
            {"PREDICTION_LOG_DSN": "no address: swordfish", "PREDICTION_LOG_KEY": "k" * 40},
            "PREDICTION_LOG_DSN",
        ),
    ],
)
def test_a_wrong_setting_of_the_log_is_named_and_the_service_does_not_start(
    settings: dict[str, str], named: str
) -> None:
    stopped = start(settings)

    assert stopped.returncode != 0
    assert PREFIX + named in stopped.stderr
    assert "swordfish" not in stopped.stderr
    assert "Traceback" not in stopped.stderr


def start(settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Start the service with wrong settings."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return subprocess.run(
        [sys.executable, "-m", "api"],
        cwd=CHECKOUT,
        env=others | {PREFIX + name: value for name, value in settings.items()},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
