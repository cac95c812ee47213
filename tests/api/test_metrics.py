"""What Prometheus is told keeps to its conventions, and is there before it is needed."""

import pytest
from fastapi.testclient import TestClient

from api.errors import FAULTS
from api.metrics import PREDICTION_PATHS, Metrics
from tests.promtool import promtool


@pytest.fixture
def told(service: TestClient, encounter: dict[str, str | int]) -> str:
    """The metrics of a service that has answered, refused and failed to find."""
    assert service.post("/predict", json=encounter).status_code == 200
    assert service.post("/predict", json={"age": "old"}).status_code == 422
    assert service.get("/nowhere").status_code == 404
    return service.get("/metrics").text


def test_promtool_finds_nothing_wrong_with_the_metrics(told: str) -> None:
    done = promtool("check", "metrics", told=told)

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_promtool_would_find_what_is_wrong() -> None:
    done = promtool("check", "metrics", told="# TYPE requests counter\nrequests 1\n")

    assert done.returncode != 0


def test_what_was_answered_is_counted(told: str) -> None:
    lines = told.splitlines()

    assert 'http_requests_total{method="POST",path="/predict",status="200"} 1.0' in lines
    assert 'http_requests_total{method="POST",path="/predict",status="422"} 1.0' in lines
    assert "prediction_latency_seconds_count 1.0" in lines


@pytest.mark.parametrize("path", PREDICTION_PATHS)
def test_an_error_that_never_happened_is_counted_too(path: str) -> None:
    # Prometheus sees no increase in a counter that begins with 1.
    registry = Metrics().registry

    for status in (200, *FAULTS):
        labels = {"path": path, "method": "POST", "status": str(status)}
        assert registry.get_sample_value("http_requests_total", labels) == 0


def test_every_metric_says_what_it_is() -> None:
    assert [
        family.name for family in Metrics().registry.collect() if not family.documentation
    ] == []
