"""Run the service in its own process, as in production."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from readmission.settings import CHECKOUT, PREFIX
from readmission.stack.site.ports import free_ports
from tests.signing import SIGNER

START_SECONDS = 120


@dataclass(frozen=True)
class Service:
    """A running service: address, process and log."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def running(
    log: Path,
    *,
    mlflow_uri: str,
    settings: Mapping[str, str] | None = None,
    program: Sequence[str] = ("-m", "api"),
) -> Iterator[Service]:
    """Run the service until the block ends; it may be without a model."""
    port = free_ports(1)[0]
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    values = {
        "API_PORT": str(port),
        "API_ANONYMOUS_ROLE": "admin",
        "MLFLOW_TRACKING_URI": mlflow_uri,
        "TRUSTED_SIGNING_KEYS": SIGNER.public_key,
        "MODEL_CACHE_DIR": str(log.parent / "model-cache"),
        **(settings or {}),
    }
    command = [sys.executable, *program]
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=others | {PREFIX + name: value for name, value in values.items()},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/health", 200, process, log)
        yield Service(url, process, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def wait_for(url: str, status: int, process: subprocess.Popen[bytes], log: Path) -> httpx.Response:
    """Send requests until a response has this status, and return that response."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            response = httpx.get(url, trust_env=False)
            if response.status_code == status:
                return response
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} never returned {status}:\n{log.read_text()[-3000:]}")
