"""What the service leans on dies and comes back, one after another, while it is asked."""

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

PARTS = ("postgres", "object-store", "mlflow")
"""What is killed; the API needs all three."""
ASKERS = 3
AWAY_SECONDS = 1.0
PATIENCE = 120
PAUSE_SECONDS = 0.01


@pytest.fixture(scope="module")
def stack(state_folders: Path, fits: tuple[Fit, Fit]) -> Iterator[Stack]:
    """A stack of its own, whose API serves."""
    stack = Stack(random_settings(state_folders / "outages", model_poll_seconds=0.5))
    stack.up(only={*PARTS, "api"})
    try:
        put_into_production(stack.site.settings, fits[0], "batch-0001")
        until(lambda: ask(stack, "/ready") == 200)
        yield stack
    finally:
        stack.reset()


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must happen."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def url(stack: Stack) -> str:
    """Return the address of the API."""
    return f"http://127.0.0.1:{stack.settings.api_port}"


def ask(stack: Stack, path: str) -> int:
    """Return the status that a page answers with."""
    return httpx.get(url(stack) + path, trust_env=False, timeout=PATIENCE).status_code


class Load:
    """Asks without a break, each request with an id of its own."""

    def __init__(self, stack: Stack) -> None:
        self.statuses: Counter[int | str] = Counter()
        self.answered: list[str] = []
        self._url = url(stack)
        self._done = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Ask until the block ends."""
        askers = [threading.Thread(target=self._ask, args=(n,)) for n in range(ASKERS)]
        for asker in askers:
            asker.start()
        try:
            yield
        finally:
            self._done.set()
            for asker in askers:
                asker.join()

    def _ask(self, asker: int) -> None:
        number = 0
        with httpx.Client(base_url=self._url, trust_env=False, timeout=PATIENCE) as http:
            while not self._done.is_set():
                request_id = f"asker-{asker}.{number}"
                try:
                    answer = http.post(
                        "/predict", json=example(), headers={"x-request-id": request_id}
                    )
                    self.statuses[answer.status_code] += 1
                except httpx.HTTPError as error:
                    self.statuses[type(error).__name__] += 1
                self.answered.append(request_id)
                number += 1
                time.sleep(PAUSE_SECONDS)


def kill(stack: Stack, name: str) -> None:
    """Kill a service with all its processes, and keep it from coming back."""
    (status,) = (status for status in stack.status() if status.service == name)
    main = psutil.Process(status.pid)
    for process in [main, *main.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    stack._supervisor.stop_service(name)


def rows(stack: Stack) -> list[str]:
    """Return the request id of each row of the log."""
    with psycopg.connect(postgres.dsn(stack.site, "predictions")) as connection:
        return [found for (found,) in connection.execute("SELECT request_id FROM prediction")]


def test_no_outage_costs_an_answer_or_a_row_of_the_log(stack: Stack) -> None:
    load = Load(stack)

    # when everything behind the service is killed in turn, and comes back
    with load.running():
        for name in PARTS:
            kill(stack, name)
            time.sleep(AWAY_SECONDS)
            stack.up(only={*PARTS, "api"})

    # then every request was answered
    assert set(load.statuses) == {200}, load.statuses
    assert len(load.answered) > ASKERS * len(PARTS) * AWAY_SECONDS

    # and is in the log, once
    until(lambda: len(rows(stack)) >= len(load.answered))
    assert sorted(rows(stack)) == sorted(load.answered)
    metrics = httpx.get(f"{url(stack)}/metrics", trust_env=False, timeout=PATIENCE).text
    assert "prediction_log_lost_total 0.0" in metrics.splitlines()
