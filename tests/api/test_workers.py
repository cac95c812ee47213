"""Several processes behind one address, and what a stop and a wrong setting do."""

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
from tests.conftest import Platform, emptied

WORKERS = 2
ASKED = 60
PATIENCE = 120
MANY = 8_000
"""Rows of a file that takes a moment."""


@pytest.fixture(scope="module")
def settings(platform: Platform, fits: tuple[Fit, Fit]) -> Settings:
    """Of a registered model with two versions, the second in production."""
    return two_versions(platform.settings, fits, "shared")


@pytest.fixture(scope="module")
def service(
    settings: Settings, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Two processes that share a port, a folder, their metrics and a log of predictions."""
    folder = tmp_path_factory.mktemp("workers")
    told = {
        "MODEL_NAME": settings.model_name,
        "WORKERS": str(WORKERS),
        "MODEL_POLL_SECONDS": "0.5",
        "PREDICTION_LOG_DSN": platform.predictions_dsn,
        "PREDICTION_LOG_KEY": "a key of at least thirty-two characters",
        "PREDICTION_SPOOL_DIR": str(folder / "spool"),
    }
    with (
        emptied(platform.predictions_dsn),
        running(folder / "log", mlflow_uri=settings.mlflow_tracking_uri, settings=told) as service,
    ):
        until_all_serve(service, "2")
        yield service


def get(service: Service, path: str) -> httpx.Response:
    """Ask over a connection of its own, which any of the processes may take."""
    return httpx.get(service.url + path, trust_env=False, timeout=PATIENCE)


def predict(service: Service) -> int:
    url = f"{service.url}/predict"
    return httpx.post(url, json=example(), trust_env=False, timeout=PATIENCE).status_code


def until_all_serve(service: Service, version: str) -> None:
    """Wait until nobody answers with another version any more."""
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

    with ThreadPoolExecutor(8) as askers:
        statuses = list(askers.map(lambda _: predict(service), range(ASKED)))

    assert statuses == [200] * ASKED
    assert total(service, "predictions_total") - before == ASKED
    assert total(service, "prediction_latency_seconds_count") >= ASKED
    # whichever process is asked
    assert {total(service, "predictions_total") - before for _ in range(10)} == {ASKED}
    shown = [
        line for line in get(service, "/metrics").text.splitlines()
        if line.startswith("model_info{") and line.endswith(" 1.0")
    ]  # fmt: skip
    assert len(shown) == 1
    assert 'model_version="2"' in shown[0]


def test_the_logs_of_all_processes_add_up_whichever_is_asked(service: Service) -> None:
    # given a connection that stays with one process, as Prometheus keeps it
    with httpx.Client(base_url=service.url, trust_env=False, timeout=PATIENCE) as prometheus:

        def shown(name: str) -> float:
            lines = prometheus.get("/metrics").text.splitlines()
            return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

        # then all that any of them has answered is told of
        deadline = time.monotonic() + PATIENCE
        while shown("prediction_log_written_total") < shown("predictions_total"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert shown("predictions_total") >= ASKED
        assert shown("prediction_log_written_total") == shown("predictions_total")


def test_a_reload_of_one_reaches_all_by_polling(service: Service, settings: Settings) -> None:
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
def test_a_stop_lets_a_file_under_way_be_finished(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory, workers: int
) -> None:
    rows = raw_encounters(MANY)[list(schema.FEATURE_NAMES)].to_csv(index=False).encode()
    told = {"MODEL_NAME": settings.model_name, "WORKERS": str(workers)}
    log = tmp_path_factory.mktemp("stopped") / "log"
    with running(log, mlflow_uri=settings.mlflow_tracking_uri, settings=told) as service:
        for _ in range(20):  # Each process has its own model; either may be asked.
            wait_for(f"{service.url}/ready", 200, service.process, log)
        with httpx.stream(
            "POST",
            f"{service.url}/predict/batch",
            content=rows,
            headers={"content-type": "text/csv"},
            trust_env=False,
            timeout=PATIENCE,
        ) as response:
            # when it is told to stop right after the first line
            lines = response.iter_lines()
            first = next(lines)
            service.process.send_signal(signal.SIGTERM)
            answered = [first, *lines]

        # then the file is answered to its end, and the process ends by itself
        assert len(answered) == MANY + 1
        assert '"summary"' in answered[-1]
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
def test_a_wrong_setting_ends_the_start_with_its_name(setting: str, value: str) -> None:
    refused = start({setting: value})

    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert PREFIX + setting in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "swordfish" not in refused.stderr


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
def test_a_log_that_cannot_be_kept_ends_the_start_with_its_name(
    settings: dict[str, str], named: str
) -> None:
    refused = start(settings)

    assert refused.returncode != 0
    assert PREFIX + named in refused.stderr
    assert "swordfish" not in refused.stderr
    assert "Traceback" not in refused.stderr


def start(settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Start the service with settings that are wrong."""
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
