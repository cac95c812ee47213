"""An address whose logins keep failing is locked out of Airflow; others are not."""

import itertools
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from readmission.settings import CHECKOUT
from readmission.stack.stack import Stack

sys.path.append(str(CHECKOUT / "plugins"))
from login_lockout import FAILURES, SECONDS

NUMBERS = itertools.count(2)
pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8 on its loopback interface"
)


@pytest.fixture
def stranger(airflow_stack: Stack) -> Iterator[httpx.Client]:
    """A client with an address of its own, so that no other test is locked out."""
    transport = httpx.HTTPTransport(local_address=f"127.0.0.{next(NUMBERS)}")
    url = airflow_stack.site.airflow_url
    with httpx.Client(base_url=url, timeout=30, transport=transport, trust_env=False) as client:
        yield client


def login(client: httpx.Client, password: str, path: str = "/auth/token") -> httpx.Response:
    return client.post(path, json={"username": "admin", "password": password})


def right_password(stack: Stack) -> str:
    return json.loads(stack.paths.airflow_passwords.read_text())["admin"]


@pytest.mark.parametrize("path", ["/auth/token", "/auth/token/cli"])
def test_repeated_failures_lock_an_address_out(
    stranger: httpx.Client, airflow_stack: Stack, path: str
) -> None:
    failed = [login(stranger, "wrong", path).status_code for _ in range(FAILURES)]
    assert set(failed) == {401}

    # then even the right password is refused, with the time to wait
    refused = login(stranger, right_password(airflow_stack), path)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == str(SECONDS)
    assert "try again in 5 minutes" in refused.json()["detail"]


def test_other_addresses_and_other_pages_stay_open(
    stranger: httpx.Client, airflow: httpx.Client, airflow_stack: Stack
) -> None:
    for _ in range(FAILURES + 1):
        locked_out = login(stranger, "wrong")

    assert locked_out.status_code == 429
    assert stranger.get("/api/v2/version").status_code == 200
    assert login(airflow, right_password(airflow_stack)).status_code == 201


def test_attempts_at_the_same_time_count_before_they_have_failed(stranger: httpx.Client) -> None:
    with ThreadPoolExecutor(4 * FAILURES) as pool:
        found = list(pool.map(lambda _: login(stranger, "wrong").status_code, range(60)))

    assert found.count(401) <= FAILURES
    assert found.count(401) + found.count(429) == len(found)


def test_successful_logins_are_never_limited(stranger: httpx.Client, airflow_stack: Stack) -> None:
    password = right_password(airflow_stack)

    found = {login(stranger, password).status_code for _ in range(2 * FAILURES)}

    assert found == {201}
