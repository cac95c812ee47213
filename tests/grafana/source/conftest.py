"""Fixtures of the tests that query a Prometheus server."""

from collections.abc import Iterator

import pytest

from grafana.source.pictures.prometheus import Prometheus
from tests.grafana.source.history import prometheus_with_history


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus server with one hour of a few metrics."""
    with prometheus_with_history(tmp_path_factory.mktemp("prometheus")) as client:
        yield client
