"""A response that says `logged` is in the database once, whatever happens to process and disk."""

import json
import random
import resource
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from readmission.domain.schema import example
from readmission.modelling.fitting import Fit
from readmission.settings import Settings
from tests.api.faulty_proxy import FaultyProxy
from tests.api.models import two_versions
from tests.api.serving import Service, running, wait_for
from tests.conftest import Platform

CALLERS, WORKERS, KILLS = 3, 2, 4
UPLOADED_ROWS = 400
PATIENCE = 120
UPLOAD = "\n".join(json.dumps(example()) for _ in range(UPLOADED_ROWS)).encode()
Key = tuple[str, int]
"""Request id and row of a prediction."""


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def model(platform: Platform, fits: tuple[Fit, Fit]) -> Settings:
    """Settings of a registered model."""
    return two_versions(platform.settings, fits, "durable")


@contextmanager
def serving(model: Settings, dsn: str, folder: Path, **values: str) -> Iterator[Service]:
    """Run the service, which logs to a database and keeps its spool in a folder."""
    log = {
        "MODEL_NAME": model.model_name,
        "API_RATE_LIMIT": "0",
        "PREDICTION_LOG_DSN": dsn,
        "PREDICTION_LOG_KEY": "a key of at least thirty-two characters",
        "PREDICTION_SPOOL_DIR": str(folder / "spool"),
    }
    uri = model.mlflow_tracking_uri
    with running(folder / "log", mlflow_uri=uri, settings=log | values) as service:
        for _ in range(20):  # Each process loads its own model; any of them may respond.
            wait_for(f"{service.url}/ready", 200, service.process, service.log)
        yield service


def seeded() -> random.Random:
    """Return random numbers whose seed is in the output of a failed test."""
    seed = secrets.randbits(32)
    sys.stdout.write(f"seed {seed}\n")
    return random.Random(seed)  # noqa: S311 - the moments of faults are no secret


class Load:
    """Sends requests and files continuously; notes every logged prediction that it received."""

    def __init__(self) -> None:
        self.logged: list[Key] = []

    @contextmanager
    def running(self, url: str) -> Iterator[None]:
        """Send until the block ends."""
        done = threading.Event()
        sends = [*[self._predict] * CALLERS, self._upload]
        callers = [threading.Thread(target=self._run, args=(send, url, done)) for send in sends]
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            done.set()
            for caller in callers:
                caller.join()

    def _run(self, send: Callable[[httpx.Client], None], url: str, done: threading.Event) -> None:
        while not done.is_set():
            with httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE) as http:
                with suppress(httpx.TransportError):
                    while not done.is_set():
                        send(http)
                time.sleep(0.05)

    def _predict(self, http: httpx.Client) -> None:
        name = secrets.token_hex(8)
        response = http.post("/predict", json=example(), headers={"x-request-id": name})
        self._note(name, response.json())

    def _upload(self, http: httpx.Client) -> None:
        name = secrets.token_hex(8)
        headers = {"x-request-id": name, "content-type": "application/x-ndjson"}
        with http.stream("POST", "/predict/batch", content=UPLOAD, headers=headers) as response:
            for line in response.iter_lines():
                if "row" in (row := json.loads(line)):
                    self._note(name, row)

    def _note(self, name: str, prediction: dict[str, Any]) -> None:
        if prediction.get("logged"):  # An error has no such field.
            self.logged.append((name, prediction.get("row", 0)))


def stored(table: psycopg.Connection) -> Counter[Key]:
    """Return how often each prediction is in the database."""
    return Counter(table.execute("SELECT request_id, row FROM prediction").fetchall())


def check(load: Load, table: psycopg.Connection) -> None:
    """Check that every logged prediction is in the database, and none twice."""
    with suppress(AssertionError):
        until(lambda: stored(table).keys() >= set(load.logged))
    found = stored(table)
    lost = set(load.logged) - found.keys()
    doubled = [key for key, times in found.items() if times > 1]
    assert (len(lost), len(doubled)) == (0, 0), f"of {len(load.logged)} logged predictions"
    assert len(load.logged) > 50 * KILLS
    assert {row for _, row in load.logged} >= set(range(UPLOADED_ROWS))


def test_killing_the_service_loses_and_doubles_nothing(
    model: Settings, table: psycopg.Connection, proxy: FaultyProxy, tmp_path: Path
) -> None:
    moments, load = seeded(), Load()

    # when the service is killed at random moments, every other time during an outage
    for number in range(KILLS):
        with (
            serving(model, proxy.dsn, tmp_path) as service,
            load.running(service.url),
        ):
            if number % 2:
                time.sleep(moments.uniform(0, 1))
                proxy.disconnect()
            time.sleep(moments.uniform(0.5, 2))
            service.process.kill()
            service.process.wait()
        proxy.recover()

    # then the next process delivers what is missing
    with serving(model, proxy.dsn, tmp_path):
        check(load, table)
        until(lambda: not list(tmp_path.rglob("*.segment")))


def test_killing_workers_loses_and_doubles_nothing(
    model: Settings, table: psycopg.Connection, platform: Platform, tmp_path: Path
) -> None:
    moments, load = seeded(), Load()
    dsn = platform.predictions_dsn
    with serving(model, dsn, tmp_path, WORKERS=str(WORKERS)) as service:
        # when workers are killed at random moments while the others serve
        with load.running(service.url):
            for _ in range(KILLS):
                time.sleep(moments.uniform(0.5, 2))
                killed = moments.choice(workers_of(service))
                killed.kill()
                until(lambda: len(workers_of(service)) == WORKERS)

        # then their successors deliver what they left
        check(load, table)


def workers_of(service: Service) -> list[psutil.Process]:
    """Return the living worker processes."""
    children = psutil.Process(service.process.pid).children()
    found = []
    for child in children:
        with suppress(psutil.NoSuchProcess):
            alive = child.status() != psutil.STATUS_ZOMBIE
            if alive and "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


def test_on_a_full_disk_responses_say_so_and_are_counted(
    model: Settings, table: psycopg.Connection, platform: Platform, tmp_path: Path
) -> None:
    with (
        serving(model, platform.predictions_dsn, tmp_path) as service,
        httpx.Client(base_url=service.url, trust_env=False, timeout=PATIENCE) as http,
    ):

        def responses(name: str) -> list[bool]:
            headers = {"x-request-id": name}
            single = [http.post("/predict", json=example(), headers=headers) for _ in range(30)]
            assert {response.status_code for response in single} == {200}
            upload = http.post("/predict/batch", json=[example()] * 20, headers=headers)
            explained = http.post("/explain", json=example(), headers=headers)
            rows = [json.loads(line) for line in upload.text.splitlines()[:-1]]
            return [body["logged"] for body in [*(r.json() for r in [*single, explained]), *rows]]

        # when there is room, then none, then room again
        assert responses("first") == [True] * 51
        _, hard = resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (0, hard))
        full = responses("full")
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert full == [False] * 51
        assert responses("last") == [True] * 51

        # then the counter is exact, and the rest is in the database
        until(lambda: "prediction_log_lost_total 51.0" in http.get("/metrics").text.splitlines())
        until(lambda: stored(table).total() == 102)
        assert {name for name, _ in stored(table)} == {"first", "last"}


def test_with_sync_first_responses_are_logged(
    model: Settings, table: psycopg.Connection, platform: Platform, tmp_path: Path
) -> None:
    load = Load()
    dsn = platform.predictions_dsn
    with (
        serving(model, dsn, tmp_path, PREDICTION_SYNC_FIRST="true") as service,
        load.running(service.url),
    ):
        time.sleep(2)
        service.process.kill()
        service.process.wait()

    with serving(model, dsn, tmp_path):
        check(load, table)


def test_without_a_log_responses_say_so(model: Settings, tmp_path: Path) -> None:
    values = {"MODEL_NAME": model.model_name}
    with running(
        tmp_path / "log", mlflow_uri=model.mlflow_tracking_uri, settings=values
    ) as service:
        wait_for(f"{service.url}/ready", 200, service.process, service.log)
        response = httpx.post(f"{service.url}/predict", json=example(), trust_env=False)
        assert response.json()["logged"] is False
