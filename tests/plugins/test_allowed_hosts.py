"""Airflow's API server responds only to its own host names."""

import subprocess
import sys

import httpx
import pytest

from readmission.settings import CHECKOUT


@pytest.mark.parametrize(
    "path",
    ["/", "/api/v2/version", "/auth/token", "/execution/health", "/data-quality/index.html"],
)
def test_a_name_of_a_website_is_rejected(airflow: httpx.Client, path: str) -> None:
    response = airflow.get(path, headers={"host": "rebound.example"})

    assert response.status_code == 400
    assert response.text == "Invalid host header"
    assert airflow.get(path).status_code != 400


@pytest.mark.parametrize(
    "host", ["localhost:8080", "[::1]", "airflow-api-server:8080", "airflow.hospital.example"]
)
def test_own_names_are_allowed(airflow: httpx.Client, host: str) -> None:
    assert airflow.get("/api/v2/version", headers={"host": host}).status_code == 200


def test_importing_the_plugin_does_not_load_the_web_framework() -> None:
    program = (
        "import sys, allowed_hosts;"
        "print([name for name in ('fastapi', 'starlette.middleware') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=CHECKOUT / "plugins",
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.splitlines()[-1] == "[]"
