"""Locust against a tiny service: the exit code tells whether the objectives were met."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from load import journal, run
from load.objectives import P99_MILLISECONDS
from readmission.settings import CHECKOUT, PREFIX

PREDICTED = {"predicted_class": "NO", "model_version": "1"}
GOOD = {"NO": 0.5, ">30": 0.3, "<30": 0.2}
PATIENT = """
from load import objectives
objectives.P99_MILLISECONDS = 30_000
from load.locustfile import *
"""
"""A locustfile with a latency objective that a busy machine can meet."""


@contextmanager
def service(
    seconds: float = 0, status: int = 200, probabilities: dict[str, float] | None = None
) -> Iterator[str]:
    """Run a service that only predicts; it can be slow, fail, or return wrong predictions."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            time.sleep(seconds)
            request_id = self.headers["x-request-id"]
            shares = {"probabilities": probabilities or GOOD}
            body = json.dumps({**PREDICTED, **shares, "request_id": request_id}).encode()
            self.send_response(status)
            self.send_header("x-request-id", request_id)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def clinicians(
    host: str, folder: Path, *more: str, file: str = "load/locustfile.py"
) -> subprocess.CompletedProcess[str]:
    """Run five clinicians for two seconds."""
    command = run.command("smoke", host, folder, "--load-users", "5", "--load-seconds", "2", *more)
    command[command.index("--locustfile") + 1] = file
    settings = {f"{PREFIX}CACHE_DIR": str(folder)}
    return subprocess.run(
        [*command, "Clinician"], cwd=CHECKOUT, env=settings, text=True, timeout=120,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip


def counts(output: str) -> tuple[int, int]:
    """Return the requests and failures of all predictions in the report."""
    rows = (line.split() for line in output.splitlines() if line.startswith("POST /predict "))
    requests, failures = next(rows)[2:4]
    return int(requests), int(failures)


def test_a_service_that_meets_the_objectives_passes_and_its_predictions_are_noted(
    tmp_path: Path,
) -> None:
    (tmp_path / "patient.py").write_text(PATIENT)
    noted = tmp_path / "journal"

    with service() as host:
        done = clinicians(
            host, tmp_path, "--load-journal", str(noted), file=str(tmp_path / "patient.py")
        )

    assert done.returncode == 0, done.stdout
    assert "MISSED: none" in done.stdout
    requests, failures = counts(done.stdout)
    assert (requests >= 5, failures) == (True, 0)
    assert list(journal.read(noted).values()) == [1] * requests
    assert (tmp_path / "smoke.html").stat().st_size > 10_000
    assert "/predict" in (tmp_path / "smoke_stats.csv").read_text()


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"seconds": 3 * P99_MILLISECONDS / 1_000}, "99 of 100 predictions took up to"),
        ({"status": 503}, "0.000% of all requests"),
        ({"probabilities": GOOD | {"NO": 0.4}}, "probabilities do not add up to 1"),
    ],
    ids=["slow", "broken", "wrong"],
)
def test_a_service_that_misses_an_objective_fails_the_load_test(
    tmp_path: Path, fault: dict[str, Any], why: str
) -> None:
    with service(**fault) as host:
        done = clinicians(host, tmp_path)

    assert done.returncode == 1, done.stdout
    assert why in done.stdout
    assert "MISSED: none" not in done.stdout


def test_a_service_that_is_down_fails_the_load_test(tmp_path: Path) -> None:
    with service() as host:
        pass

    done = clinicians(host, tmp_path)

    assert done.returncode == 1, done.stdout
    assert "0.000% of all requests" in done.stdout


def test_the_image_contains_everything_that_the_load_test_imports(tmp_path: Path) -> None:
    listed = "import importlib.metadata as m, json; print(json.dumps(m.packages_distributions()))"
    distributions = json.loads(subprocess.check_output([sys.executable, "-c", listed], text=True))
    lock = (CHECKOUT / "requirements" / "load.txt").read_text().splitlines()
    locked = {line.split("==")[0].replace("-", "_") for line in lock if "==" in line}
    absent = [
        package
        for package, owners in distributions.items()
        if not {owner.lower().replace("-", "_") for owner in owners} & (locked | {"readmission"})
    ]
    (tmp_path / "locustfile.py").write_text(
        f"import sys\nfor name in {absent!r}:\n    sys.modules[name] = None\n"
        "sys.modules['readmission.stack'] = None\n"
        "from load.locustfile import *\n"
    )

    assert {"httpx", "fastapi", "mlflow", "rich", "typer"} <= set(absent)
    with service() as host:
        done = clinicians(host, tmp_path, file=str(tmp_path / "locustfile.py"))

    assert counts(done.stdout)[1] == 0, done.stdout
