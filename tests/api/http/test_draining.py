"""A stop: nobody who asks meanwhile goes without an answer, and nobody waits longer than needed."""

import json
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path

import httpx
import pytest

from api.http.draining import DRAIN_SECONDS
from readmission.domain import schema
from readmission.domain.schema import example
from readmission.modelling.fitting import Fit
from readmission.settings import Settings
from tests.api.models import raw_encounters, two_versions
from tests.api.serving import Service, running, wait_for
from tests.conftest import Platform

CALLERS = 40
PAUSE = 0.5
"""Seconds between two requests of a caller, at most."""
SOON = 3
"""Seconds that a stop takes when nothing is under way; a shared machine is slow at times."""
PATIENCE = 60
NOWHERE = "http://127.0.0.1:9"
BODY = json.dumps(example())
CHANCE = random.Random(296)  # noqa: S311 - nothing is to be kept secret


@pytest.fixture(scope="module")
def settings(platform: Platform, fits: tuple[Fit, Fit]) -> Settings:
    """Of a registered model in production."""
    return two_versions(platform.settings, fits, "drained")


def started(stack: ExitStack, settings: Settings, log: Path, workers: int = 1) -> Service:
    """Start the service with a model in all its processes."""
    told = {"MODEL_NAME": settings.model_name, "WORKERS": str(workers), "API_RATE_LIMIT": "0"}
    service = stack.enter_context(
        running(log, mlflow_uri=settings.mlflow_tracking_uri, settings=told)
    )
    for _ in range(20):  # Each process has its own model; either may be asked.
        wait_for(f"{service.url}/ready", 200, service.process, log)
    return service


def connected(service: Service) -> HTTPConnection:
    """Return a connection that is kept, and never made again by itself."""
    connection = HTTPConnection(service.url.removeprefix("http://"), timeout=PATIENCE)
    connection.connect()
    connection.auto_open = False
    return connection


def ask(connection: HTTPConnection, path: str) -> HTTPResponse:
    """Ask over a connection; the answer is read to its end."""
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    return response


def is_last(response: HTTPResponse) -> bool:
    """Whether an answer says that it is the last one on its connection."""
    return response.getheader("connection") == "close"


class Caller:
    """Asks again and again over one connection; moves to the other service when told to."""

    def __init__(self, first: Service, second: Service, done: threading.Event) -> None:
        self._at, self._other = first, second
        self._done = done
        self.told: Counter[str] = Counter()

    def __call__(self) -> Counter[str]:
        """Ask until all is done; return how often what happened."""
        connection = connected(self._at)
        while not self._done.wait(PAUSE * CHANCE.random()):
            try:
                connection.request("POST", "/predict", BODY, {"content-type": "application/json"})
                response = connection.getresponse()
                response.read()
                self.told[f"{response.status} of {self._at.url}"] += 1
            except (OSError, HTTPException) as error:
                self.told[f"lost: {error!r}"] += 1
                break
            if is_last(response):
                connection.close()
                self._at, self._other = self._other, self._at
                connection = connected(self._at)
        connection.close()
        return self.told


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("repetition", range(3))
def test_no_request_is_lost_when_one_of_two_services_stops(
    settings: Settings, tmp_path: Path, workers: int, repetition: int
) -> None:
    with ExitStack() as stack:
        # given two services, and callers that ask the first over connections they keep
        first = started(stack, settings, tmp_path / "first", workers)
        second = started(stack, settings, tmp_path / "second")
        done = threading.Event()
        with ThreadPoolExecutor(CALLERS) as threads:
            callers = [threads.submit(Caller(first, second, done)) for _ in range(CALLERS)]
            time.sleep(2 * PAUSE)

            # when it is told to stop
            first.process.terminate()
            first.process.wait(PATIENCE)
            time.sleep(2 * PAUSE)
            done.set()

        # then every request has been answered, by the one or the other
        told = sum((caller.result() for caller in callers), Counter())
        assert set(told) == {f"200 of {first.url}", f"200 of {second.url}"}
        assert told[f"200 of {second.url}"] >= CALLERS
    assert "Traceback" not in (tmp_path / "first").read_text()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Service]:
    """A service without a model."""
    with running(tmp_path / "log", mlflow_uri=NOWHERE) as service:
        yield service


def test_meanwhile_it_answers_everybody_once_and_is_not_ready(alone: Service) -> None:
    with closing(connected(alone)) as kept, closing(connected(alone)) as silent:
        assert not is_last(ask(kept, "/health"))
        assert not is_last(ask(silent, "/health"))

        # when it is told to stop while connections are open
        alone.process.terminate()
        time.sleep(0.5)

        # then they go on being answered, and so do new ones, each for the last time
        answer = ask(kept, "/health")
        assert answer.status == 200
        assert is_last(answer)
        ready = httpx.get(f"{alone.url}/ready", trust_env=False)
        assert (ready.status_code, ready.json()["error"]) == (503, "draining")
        assert ready.headers["connection"] == "close"
        assert alone.process.poll() is None

        # and one over which nobody asks is closed at the end
        began = time.monotonic()
        silent.sock.settimeout(PATIENCE)
        assert silent.sock.recv(1) == b""
        assert time.monotonic() - began > DRAIN_SECONDS / 2
        alone.process.wait(SOON)


def test_an_answer_under_way_says_that_it_is_the_last(alone: Service) -> None:
    with closing(connected(alone)) as connection:
        # given half a request
        connection.putrequest("POST", "/predict")
        connection.putheader("content-length", str(len(BODY)))
        connection.endheaders(BODY[:10].encode())
        time.sleep(0.2)

        # when the other half comes after the signal
        alone.process.terminate()
        time.sleep(0.5)
        connection.send(BODY[10:].encode())

        # then it is answered, for the last time
        response = connection.getresponse()
        assert b"no_model" in response.read()
        assert is_last(response)
    alone.process.wait(SOON)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_waits_for_nobody_if_nobody_is_there(alone: Service, number: signal.Signals) -> None:
    alone.process.send_signal(number)

    alone.process.wait(SOON)


def test_a_second_interrupt_ends_it_at_once(alone: Service) -> None:
    with closing(connected(alone)) as silent:
        ask(silent, "/health")
        alone.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert alone.process.poll() is None

        alone.process.send_signal(signal.SIGINT)

        alone.process.wait(SOON)


@pytest.mark.slow
def test_a_file_under_way_is_answered_whole_however_slowly_it_comes(
    settings: Settings, tmp_path: Path
) -> None:
    rows = raw_encounters(8_000)[list(schema.FEATURE_NAMES)].to_csv(index=False).encode()
    seconds = 30
    size = len(rows) // seconds + 1

    with ExitStack() as stack:
        service = started(stack, settings, tmp_path / "log")

        # given a file that takes half a minute, and a service that meanwhile is told to stop
        def pieces() -> Iterator[bytes]:
            for second in range(seconds):
                if second == 2:
                    service.process.terminate()
                yield rows[second * size : (second + 1) * size]
                time.sleep(1)

        answer = httpx.post(
            f"{service.url}/predict/batch",
            content=pieces(),
            headers={"content-type": "text/csv"},
            trust_env=False,
            timeout=PATIENCE,
        )

        # then every row is answered
        *_, last = answer.text.splitlines()
        assert json.loads(last)["summary"]["answered"] == 8_000
        service.process.wait(SOON)
