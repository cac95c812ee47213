"""Metrics follow Prometheus' conventions and exist before their first event."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.errors import SERVER_ERROR_STATUSES
from api.metrics import PREDICTION_PATHS, SHARED_FOLDER, Metrics
from readmission.settings import CHECKOUT
from tests.promtool import promtool


@pytest.fixture
def metrics(service: TestClient, encounter: dict[str, str | int]) -> str:
    """The metrics of a service after a prediction, an invalid request and a wrong path."""
    assert service.post("/predict", json=encounter).status_code == 200
    assert service.post("/predict", json={"age": "old"}).status_code == 422
    assert service.get("/nowhere").status_code == 404
    return service.get("/metrics").text


def test_promtool_accepts_the_metrics(metrics: str) -> None:
    done = promtool("check", "metrics", stdin=metrics)

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_promtool_rejects_wrong_metrics() -> None:
    done = promtool("check", "metrics", stdin="# TYPE requests counter\nrequests 1\n")

    assert done.returncode != 0


def test_responses_are_counted_by_status(metrics: str) -> None:
    lines = metrics.splitlines()

    assert 'http_requests_total{method="POST",path="/predict",status="200"} 1.0' in lines
    assert 'http_requests_total{method="POST",path="/predict",status="422"} 1.0' in lines
    assert "prediction_latency_seconds_count 1.0" in lines


@pytest.mark.parametrize("path", PREDICTION_PATHS)
def test_an_error_that_never_happened_is_counted_as_0(path: str) -> None:
    # Prometheus sees no increase in a counter whose first value is 1.
    registry = Metrics().registry

    for status in (200, *SERVER_ERROR_STATUSES):
        labels = {"path": path, "method": "POST", "status": str(status)}
        assert registry.get_sample_value("http_requests_total", labels) == 0


def test_every_metric_has_a_description() -> None:
    assert [
        family.name for family in Metrics().registry.collect() if not family.documentation
    ] == []


def test_gauges_of_a_dead_process_are_dropped_and_its_counters_stay(tmp_path: Path) -> None:
    # given a process that has died with predictions on disk
    script = """if True:
        import os
        from api.metrics import Metrics
        metrics = Metrics()
        log = dict(pending=5, spooled_bytes=7, written=2, lost=1, torn=1)
        metrics.show_log(type("Log", (), log))
        print(metrics.render().decode(), flush=True)
    """

    def shown() -> dict[str, float]:
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=CHECKOUT,
            env=os.environ | {SHARED_FOLDER: str(tmp_path)},
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        lines = [line for line in done.stdout.splitlines() if line.startswith("prediction_log_")]
        return {name: float(value) for name, value in (line.split() for line in lines)}

    first = shown()

    # when another process replaces it
    second = shown()

    # then its gauges are gone, and its counters continue
    for name in ("prediction_log_pending", "prediction_log_spooled_bytes"):
        assert second[name] == first[name] > 0
    for name in ("written", "lost", "torn"):
        total = f"prediction_log_{name}_total"
        assert second[total] == 2 * first[total] > 0


def test_the_copy_of_earlier_stays_is_as_old_as_that_of_any_process(tmp_path: Path) -> None:
    script = """if True:
        import os
        from api.metrics import Metrics
        metrics = Metrics()
        metrics.history_checked.set(100)
        from_child, to_parent = os.pipe()
        until_rendered, rendered = os.pipe()
        if os.fork() == 0:
            os.close(rendered)
            metrics.history_checked.set(200)
            os.write(to_parent, b"set")
            os.read(until_rendered, 1)
            os._exit(0)
        os.read(from_child, 3)
        print(metrics.render().decode(), flush=True)
    """

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env=os.environ | {SHARED_FOLDER: str(tmp_path)},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip

    assert "\nhistory_copy_checked_timestamp_seconds 100.0\n" in done.stdout
