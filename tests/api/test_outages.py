"""Every service the API depends on is killed and restarted in turn, under load."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from readmission.domain.schema import example
from readmission.modelling.fitting import Fit
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from tests.api.models import put_into_production
from tests.conftest import random_settings

DEPENDENCIES = ("postgres", "object-store", "mlflow")
CALLERS = 3
OUTAGE_SECONDS = 1.0
PATIENCE = 120
PAUSE_SECONDS = 0.01


@pytest.fixture(scope="module")
def stack(state_folders: Path, fits: tuple[Fit, Fit]) -> Iterator[Stack]:
    """A stack of its own, whose API has a model."""
    stack = Stack(random_settings(state_folders / "outages", model_poll_seconds=0.5))
    stack.up(only={*DEPENDENCIES, "api"})
    try:
        put_into_production(stack.site.training_settings, fits[0], "batch-0001")
        until(lambda: has_model(stack))
        yield stack
    finally:
        stack.reset()


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def url(stack: Stack) -> str:
    """Return the address of the API."""
    return f"http://127.0.0.1:{stack.settings.api_port}"


def has_model(stack: Stack) -> bool:
    """Whether the API has loaded a model."""
    health = httpx.get(f"{url(stack)}/health", trust_env=False, timeout=PATIENCE).json()
    return bool(health["model_loaded"])


class Load:
    """Sends requests continuously, each with its own id."""

    def __init__(self, stack: Stack) -> None:
        self.statuses: Counter[int | str] = Counter()
        self.sent: list[str] = []
        self._url = url(stack)
        self._done = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send requests until the block ends."""
        callers = [threading.Thread(target=self._send, args=(n,)) for n in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            self._done.set()
            for caller in callers:
                caller.join()

    def _send(self, caller: int) -> None:
        number = 0
        with httpx.Client(base_url=self._url, trust_env=False, timeout=PATIENCE) as http:
            while not self._done.is_set():
                request_id = f"caller-{caller}.{number}"
                try:
                    response = http.post(
                        "/predict", json=example(), headers={"x-request-id": request_id}
                    )
                    self.statuses[response.status_code] += 1
                except httpx.HTTPError as error:
                    self.statuses[type(error).__name__] += 1
                self.sent.append(request_id)
                number += 1
                time.sleep(PAUSE_SECONDS)


def kill(stack: Stack, name: str) -> None:
    """Kill all processes of a service and keep it from being restarted."""
    (status,) = (status for status in stack.status() if status.service == name)
    main = psutil.Process(status.pid)
    for process in [main, *main.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    stack._supervisor.stop_service(name)


def rows(stack: Stack) -> list[str]:
    """Return the request id of each row in the log."""
    with psycopg.connect(postgres.dsn(stack.site, "predictions")) as connection:
        return [found for (found,) in connection.execute("SELECT request_id FROM prediction")]


def test_no_outage_loses_a_response_or_a_row_of_the_log(stack: Stack) -> None:
    load = Load(stack)

    # when every dependency is killed in turn and restarted
    with load.running():
        for name in DEPENDENCIES:
            kill(stack, name)
            time.sleep(OUTAGE_SECONDS)
            stack.up(only={*DEPENDENCIES, "api"})

    # then every request got a prediction
    assert set(load.statuses) == {200}, load.statuses
    assert len(load.sent) > CALLERS * len(DEPENDENCIES) * OUTAGE_SECONDS

    # and is in the log once
    until(lambda: len(rows(stack)) >= len(load.sent))
    assert sorted(rows(stack)) == sorted(load.sent)
    metrics = httpx.get(f"{url(stack)}/metrics", trust_env=False, timeout=PATIENCE).text
    assert "prediction_log_lost_total 0.0" in metrics.splitlines()
