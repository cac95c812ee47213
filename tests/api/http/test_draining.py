"""Shutdown: no request is lost, and it takes no longer than necessary."""

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
"""Longest time between two requests of a caller, in seconds."""
REPETITIONS = 3
STOP_SECONDS = DRAIN_SECONDS + 5
"""Limit for a shutdown without requests in flight; a shared machine is slow at times."""
PATIENCE = 60
DRAINS_LONG = """
from api.http import draining
draining.DRAIN_SECONDS = 60
from api.__main__ import main
main()
"""
NOWHERE = "http://127.0.0.1:9"
BODY = json.dumps(example())
CHANCE = random.Random(296)  # noqa: S311 - not a secret


@pytest.fixture(scope="module")
def settings(platform: Platform, fits: tuple[Fit, Fit]) -> Settings:
    """Settings of a registered model in production."""
    return two_versions(platform.settings, fits, "drained")


def started(stack: ExitStack, settings: Settings, log: Path, workers: int = 1) -> Service:
    """Start the service and wait until all its processes have a model."""
    values = {"MODEL_NAME": settings.model_name, "WORKERS": str(workers), "API_RATE_LIMIT": "0"}
    service = stack.enter_context(
        running(log, mlflow_uri=settings.mlflow_tracking_uri, settings=values)
    )
    for _ in range(20):  # Each process loads its own model; either may respond.
        wait_for(f"{service.url}/ready", 200, service.process, log)
    return service


def connected(service: Service) -> HTTPConnection:
    """Return a keep-alive connection that does not reconnect."""
    connection = HTTPConnection(service.url.removeprefix("http://"), timeout=PATIENCE)
    connection.connect()
    connection.auto_open = False
    return connection


def get(connection: HTTPConnection, path: str) -> HTTPResponse:
    """Send a GET request over a connection and read the whole response."""
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    return response


def is_last(response: HTTPResponse) -> bool:
    """Whether a response announces that the connection will be closed."""
    return response.getheader("connection") == "close"


class Caller:
    """Sends requests over one connection; moves to the other service when it closes."""

    def __init__(self, first: Service, second: Service, done: threading.Event) -> None:
        self._at, self._other = first, second
        self._done = done
        self.outcomes: Counter[str] = Counter()

    def __call__(self) -> Counter[str]:
        """Send requests until the test is done; return the count of each outcome."""
        connection = connected(self._at)
        while not self._done.wait(PAUSE * CHANCE.random()):
            try:
                connection.request("POST", "/predict", BODY, {"content-type": "application/json"})
                response = connection.getresponse()
                response.read()
                self.outcomes[f"{response.status} from {self._at.url}"] += 1
            except (OSError, HTTPException) as error:
                self.outcomes[f"lost: {error!r}"] += 1
                break
            if is_last(response):
                connection.close()
                self._at, self._other = self._other, self._at
                connection = connected(self._at)
        connection.close()
        return self.outcomes


@pytest.fixture(scope="module")
def second(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that keeps running when another one stops."""
    with ExitStack() as stack:
        yield started(stack, settings, tmp_path_factory.mktemp("second") / "log")


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_is_lost_when_one_of_two_services_stops(
    settings: Settings, second: Service, tmp_path: Path, workers: int
) -> None:
    with ExitStack() as stack:
        # given services that stop one after the other, and start together to save time
        logs = [tmp_path / f"log-{number}" for number in range(REPETITIONS)]
        with ThreadPoolExecutor(REPETITIONS) as starting:
            stopping = starting.map(lambda log: started(stack, settings, log, workers), logs)
        for first in stopping:
            stop_under_load(first, second)
            assert "Traceback" not in first.log.read_text()


def stop_under_load(first: Service, second: Service) -> None:
    """Stop the first of two services under load: every request must get a response."""
    # given callers with keep-alive connections to the first
    done = threading.Event()
    with ThreadPoolExecutor(CALLERS) as threads:
        callers = [threads.submit(Caller(first, second, done)) for _ in range(CALLERS)]
        time.sleep(2 * PAUSE)

        # when it gets a stop signal
        first.process.terminate()
        first.process.wait(PATIENCE)
        time.sleep(2 * PAUSE)
        done.set()

    # then every request got a response from one of them
    outcomes = sum((caller.result() for caller in callers), Counter())
    assert set(outcomes) == {f"200 from {first.url}", f"200 from {second.url}"}
    assert outcomes[f"200 from {second.url}"] >= CALLERS


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Service]:
    """A service without a model."""
    with running(tmp_path / "log", mlflow_uri=NOWHERE) as service:
        yield service


def test_draining_closes_connections_after_a_response_and_fails_the_probe(
    alone: Service,
) -> None:
    with closing(connected(alone)) as kept, closing(connected(alone)) as idle:
        assert not is_last(get(kept, "/health"))
        assert not is_last(get(idle, "/health"))

        # when the stop signal comes while connections are open
        alone.process.terminate()
        began = time.monotonic()
        time.sleep(0.5)

        # then open and new connections get a response, which is their last
        response = get(kept, "/health")
        assert response.status == 200
        assert is_last(response)
        ready = httpx.get(f"{alone.url}/ready", trust_env=False)
        assert (ready.status_code, ready.json()["error"]) == (503, "draining")
        assert ready.headers["connection"] == "close"
        assert alone.process.poll() is None

        # and an idle connection is closed at the end
        idle.sock.settimeout(PATIENCE)
        assert idle.sock.recv(1) == b""
        assert time.monotonic() - began > 0.9 * DRAIN_SECONDS
        alone.process.wait(STOP_SECONDS)


def test_a_response_in_progress_closes_its_connection(alone: Service) -> None:
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

        # then it gets a response, which is the last
        response = connection.getresponse()
        assert b"no_model" in response.read()
        assert is_last(response)
    alone.process.wait(STOP_SECONDS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_without_requests_takes_no_longer_than_draining(
    alone: Service, number: signal.Signals
) -> None:
    alone.process.send_signal(number)

    alone.process.wait(STOP_SECONDS)


def test_a_second_interrupt_stops_at_once(tmp_path: Path) -> None:
    # given a service that drains for a minute
    program = ("-c", DRAINS_LONG)
    with running(tmp_path / "log", mlflow_uri=NOWHERE, program=program) as service:
        service.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert service.process.poll() is None

        # when Ctrl-C is pressed again, then it stops
        service.process.send_signal(signal.SIGINT)
        service.process.wait(STOP_SECONDS)


@pytest.mark.slow
def test_a_slow_upload_in_progress_is_predicted_completely(
    settings: Settings, tmp_path: Path
) -> None:
    rows = raw_encounters(8_000)[list(schema.FEATURE_NAMES)].to_csv(index=False).encode()
    seconds = 6 * DRAIN_SECONDS
    size = len(rows) // seconds + 1

    with ExitStack() as stack:
        service = started(stack, settings, tmp_path / "log")

        # given an upload that takes much longer than draining, with a stop signal meanwhile
        def pieces() -> Iterator[bytes]:
            for second in range(seconds):
                if second == 2:
                    service.process.terminate()
                yield rows[second * size : (second + 1) * size]
                time.sleep(1)

        response = httpx.post(
            f"{service.url}/predict/batch",
            content=pieces(),
            headers={"content-type": "text/csv"},
            trust_env=False,
            timeout=PATIENCE,
        )

        # then every row is predicted
        *_, last = response.text.splitlines()
        assert json.loads(last)["summary"]["answered"] == 8_000
        service.process.wait(STOP_SECONDS)
