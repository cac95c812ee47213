"""A hundred users send requests while the model changes and the API's dependencies restart."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from load import journal, run
from readmission.registry import PRODUCTION
from readmission.settings import CHECKOUT, PREFIX
from readmission.stack.services import mlflow, postgres
from readmission.stack.supervision.supervisor import Supervisor
from tests.e2e.pipeline import PATIENCE, Pipeline

BATCH = 1_500
USERS = 100
SECONDS = 30
"""Minimum duration of the load; it runs until all steps of the test are done."""
DOWNTIME_SECONDS = 2
"""How long a restarted service stays down."""

pytestmark = pytest.mark.timeout(2 * PATIENCE)


@dataclass
class Load:
    """A load test that runs until it is stopped."""

    process: subprocess.Popen[str]
    answered: Path
    output: str = ""

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        """Interrupt it as Ctrl-C does, and keep its output."""
        self.process.send_signal(signal.SIGINT)
        self.output = self.process.communicate(timeout=120)[0]


@contextmanager
def under_load(pipeline: Pipeline, folder: Path) -> Iterator[Load]:
    """Let a hundred users send requests until the block ends."""
    answered = folder / "answered"
    url = pipeline.stack.site.settings.api_url
    size = ("--load-users", str(USERS), "--load-seconds", str(PATIENCE))
    with subprocess.Popen(
        [*run.command("steady", url, folder, *size), "--load-journal", str(answered)],
        cwd=CHECKOUT, env={f"{PREFIX}DATASET": str(pipeline.file)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        # If a shell runs the tests in the background, its children would ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:  # fmt: skip
        load = Load(process, answered)
        try:
            yield load
            assert load.is_running, process.communicate()[0]
            load.end()
        finally:
            process.kill()


@pytest.fixture(scope="module")
def versions(pipeline: Pipeline) -> list[str]:
    """Given two versions, the first of which is in production."""
    registry = pipeline.registry
    if len(registry.versions()) < 2:
        pipeline.deliver(2 * BATCH)
        assert pipeline.ingest(BATCH).state == "success"
        assert pipeline.promoted("batch-0002").state == "success"
    current = registry.version_of(PRODUCTION)
    other = next(v["version"] for v in registry.versions() if v["version"] != current)
    assert current is not None
    served(pipeline, current)
    return [current, other]


def served(pipeline: Pipeline, version: str) -> None:
    """Wait until the API serves a version."""
    url = f"{pipeline.stack.site.settings.api_url}/ready"
    pipeline.wait_for(
        f"version {version} served",
        lambda: httpx.get(url, trust_env=False, timeout=60).json().get("model_version") == version,
    )


def change(pipeline: Pipeline, path: str, **body: str) -> httpx.Response:
    """Have the API change what is in production."""
    site = pipeline.stack.site
    key = {"X-API-Key": site.credentials.api_admin_key}
    wanted = {"reason": "a test under load"} | body
    url = f"{site.settings.api_url}/{path}"
    return httpx.post(url, headers=key, json=wanted, trust_env=False, timeout=60)


def health(pipeline: Pipeline) -> dict[str, str | None]:
    """Return what the API says of its model."""
    url = f"{pipeline.stack.site.settings.api_url}/health"
    found: dict[str, str | None] = httpx.get(url, trust_env=False, timeout=60).json()
    return found


def restart(pipeline: Pipeline, name: str) -> None:
    """Stop a service, start it after a pause, and wait until it is healthy again."""
    supervisor = Supervisor(pipeline.stack.paths)
    supervisor.stop_service(name)
    pipeline.wait_for(f"the end of {name}", lambda: not supervisor.states()[name].pid)
    time.sleep(DOWNTIME_SECONDS)
    supervisor.start_service(name)
    pipeline.wait_for(
        f"a healthy {name}",
        lambda: next(s.healthy for s in pipeline.stack.status() if s.service == name),
    )


def test_model_changes_and_restarts_behind_the_api_fail_no_request(
    pipeline: Pipeline, versions: list[str], tmp_path: Path
) -> None:
    current, other = versions

    # given a hundred users sending requests
    with under_load(pipeline, tmp_path) as load:
        began = time.monotonic()
        pipeline.wait_for(
            "the first responses",
            lambda: load.answered.exists() and len(journal.read(load.answered)) > USERS,
        )

        # when the model is promoted and rolled back, and the registry and the database restart
        pipeline.registry.promote(other)
        served(pipeline, other)
        rolled_back = change(pipeline, "rollback", to=current).raise_for_status().json()
        assert rolled_back["model_version"] == current
        restart(pipeline, mlflow.NAME)
        restart(pipeline, postgres.NAME)
        pipeline.wait_for("MLflow with its database", lambda: pipeline.registry.versions())

        # then the pin stands, and no promotion moves the alias until it is removed
        assert change(pipeline, "promote", version=other).status_code == 409
        pipeline.wait_for("the pin", lambda: health(pipeline)["pinned"] == rolled_back["pinned"])
        assert health(pipeline)["model_version"] == current
        change(pipeline, "unpin").raise_for_status()
        pipeline.registry.promote(other)
        served(pipeline, other)
        time.sleep(max(0, SECONDS - (time.monotonic() - began)))

    # then every request succeeded
    total = re.search(r"^all +([\d,]+) +([\d,]+) ", load.output, re.MULTILINE)
    assert total is not None, load.output
    assert total[2] == "0", load.output
    answered = journal.read(load.answered)
    assert len(answered) > USERS * 10

    # and every row of them is logged once, predicted by one of the two versions; a request that was
    # open when the load ended may be logged without having been answered
    def found() -> dict[str, int]:
        with pipeline.connected("predictions") as log:
            return dict(
                log.execute(
                    "SELECT request_id, count(*) FROM prediction"
                    " WHERE request_id LIKE 'load-%' GROUP BY request_id"
                )
            )

    pipeline.wait_for("every prediction to be logged", lambda: answered.keys() <= found().keys())
    logged = found()
    other_size = [request for request, rows in answered.items() if logged[request] != rows]
    assert other_size == []
    assert len(logged.keys() - answered.keys()) <= USERS
    with pipeline.connected("predictions") as log:
        mixed = log.execute(
            "SELECT request_id FROM prediction WHERE request_id LIKE 'load-%'"
            " GROUP BY request_id HAVING count(DISTINCT model_version) > 1"
        ).fetchall()
        (repeated,) = log.execute(
            "SELECT count(*) - count(DISTINCT (request_id, row)) FROM prediction"
            " WHERE request_id LIKE 'load-%'"
        ).fetchone()
        by_version = log.execute(
            "SELECT DISTINCT model_version FROM prediction WHERE request_id LIKE 'load-%'"
        ).fetchall()
    assert mixed == []
    assert repeated == 0
    assert {version for (version,) in by_version} == {current, other}
