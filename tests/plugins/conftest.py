"""Airflow's api-server with the plugins of this project."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from readmission.stack.services.airflow import API_SERVER
from readmission.stack.stack import Stack
from tests.conftest import random_settings


@pytest.fixture(scope="session")
def airflow_stack(state_folders: Path) -> Iterator[Stack]:
    """A stack of Airflow's api-server, which has two more names."""
    names = ("airflow-api-server", "*.hospital.example")
    settings = random_settings(state_folders / "hosts").model_copy(update={"allowed_hosts": names})
    stack = Stack(settings)
    stack.up({API_SERVER})
    yield stack
    stack.reset()


@pytest.fixture
def airflow(airflow_stack: Stack) -> Iterator[httpx.Client]:
    """A client of Airflow's api-server."""
    url = airflow_stack.site.airflow_url
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        yield client
