"""Start the servers that are compared: the prediction service and its peers."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import mlflow
import psutil

from api.access.keys import entry_of
from load.benchmarks.peers import MODEL
from readmission.domain import cleaning, schema
from readmission.domain.schema import example
from readmission.domain.splitting import Split
from readmission.modelling.fitting import fit
from readmission.modelling.mlflow_runs import Lineage, log_fit
from readmission.pipeline import source
from readmission.pipeline.training.train import signer_of
from readmission.registry import CHALLENGER, Registry
from readmission.settings import CHECKOUT, PREFIX, Settings, get_settings
from readmission.stack.services import postgres
from readmission.stack.site.ports import free_ports
from readmission.stack.site.site import PORT_SETTINGS
from readmission.stack.stack import Stack

SERVICE, EMPTY = "service", "empty FastAPI"
PIPELINE, MLFLOW = "plain FastAPI", "mlflow serve"
TRAINING_ROWS = 45_000
PEERS = "load.benchmarks.peers"
KEY = "measure-serving"
PATIENCE = 120
SETTLED = 0.5
"""Seconds in which a server without requests may use a tenth of a core."""


@dataclass(frozen=True)
class Server:
    """A server to measure: its address and the body to send."""

    name: str
    url: str
    body: str
    process: psutil.Process

    def settle(self) -> None:
        """Wait until the server computes no more.

        A worker thread goes on with a request whose client has left: 32 requests to `mlflow models
        serve` keep a core busy for ten seconds, at the cost of whatever is measured next.
        """
        deadline, before = time.monotonic() + PATIENCE, self._cpu_seconds()
        while time.monotonic() < deadline:
            time.sleep(SETTLED)
            after = self._cpu_seconds()
            if after - before < SETTLED / 10:
                return
            before = after
        raise SystemExit(f"{self.name} is still busy {PATIENCE} s after its last request")

    def _cpu_seconds(self) -> float:
        times = [one.cpu_times() for one in (self.process, *self.process.children(recursive=True))]
        return sum(one.user + one.system for one in times)


@contextmanager
def stack_for_models() -> Iterator[tuple[Stack, Path]]:
    """Run PostgreSQL, an object store and MLflow until the block ends; yield them and a folder."""
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o711)
        ports = dict(zip(PORT_SETTINGS, free_ports(len(PORT_SETTINGS)), strict=True))
        changes: dict[str, Any] = {"state_dir": folder / "state", **ports}
        stack = Stack(get_settings().model_copy(update=changes))
        stack.up(only={"postgres", "object-store", "mlflow"})
        try:
            yield stack, folder
        finally:
            stack.reset()


@contextmanager
def started(
    name: str, command: Sequence[str], environment: Mapping[str, str], url: str, body: str
) -> Iterator[Server]:
    """Run a server until the block ends; the block begins when the server responds."""
    log = Path(environment["LOG_FOLDER"]) / f"{name}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603
            command, env=dict(os.environ) | dict(environment), cwd=CHECKOUT,
            stdout=sink, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE
        while not responds(url, body):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{name} does not respond:\n{log.read_text()[-2000:]}")
            time.sleep(0.02)
        yield Server(name, url, body, psutil.Process(process.pid))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def responds(url: str, body: str) -> bool:
    """Whether a request to the server succeeds."""
    headers = {"content-type": "application/json", "x-api-key": KEY}
    try:
        return httpx.post(url, content=body, headers=headers, timeout=30).is_success
    except httpx.TransportError:
        return False


def register(settings: Settings, *, shadow: bool = False) -> str:
    """Fit XGBoost on the first encounters, put it into production and return its URI.

    A model for the shadow has half of the encounters, and becomes the challenger instead.
    """
    training_rows = TRAINING_ROWS // 2 if shadow else TRAINING_ROWS
    raw = source.locate(settings).encounters.slice(0, training_rows).to_pandas()
    rows = cleaning.clean(raw)
    rows[schema.TARGET] = cleaning.outcome(raw)
    rows["eligible"] = cleaning.eligible(raw)
    rows["part"] = [Split.TRAIN if i % 6 else Split.VALIDATION for i in range(len(rows))]
    registry, signer = Registry(settings), signer_of(settings)
    lineage = Lineage("batch-0001", 1, len(rows), "measured", "measured")
    run_id = log_fit(fit("xgboost", rows, 2), lineage, registry.experiment_id(), {}, signer)
    version = registry.register(run_id, lineage.tags())
    if shadow:
        registry.set_alias(CHALLENGER, version)
    else:
        registry.promote(version)
    return f"models:/{settings.model_name}/{version}"


def service_environment(stack: Stack, folder: Path, port: int) -> dict[str, str]:
    """Return the settings of the service, with everything enabled as in production."""
    site = stack.site
    values = {
        "API_PORT": port,
        "API_KEYS": entry_of("admin", KEY),
        "API_RATE_LIMIT": 1_000_000,
        "MLFLOW_TRACKING_URI": site.settings.mlflow_tracking_uri,
        "MLFLOW_VIEWER_PASSWORD": site.credentials.mlflow_viewer,
        "TRUSTED_SIGNING_KEYS": ",".join(site.settings.trusted_signing_keys),
        "MODEL_CACHE_DIR": folder / "model-cache",
        "PREDICTION_LOG_DSN": postgres.dsn(site, "predictions"),
        "PREDICTION_LOG_KEY": site.credentials.prediction_log_key,
        "PREDICTION_SPOOL_DIR": folder / "spool",
    }
    return {PREFIX + name: str(value) for name, value in values.items()}


@contextmanager
def all_servers(stack: Stack, model: str, folder: Path) -> Iterator[dict[str, Server]]:
    """Start the service and its peers, each on a port of its own."""
    encounter, plain = example(), json.dumps(example())
    rows = json.dumps({"dataframe_split": {
        "columns": list(encounter), "data": [list(encounter.values())]
    }})  # fmt: skip
    local = mlflow.artifacts.download_artifacts(model, dst_path=str(folder / "model"))
    ports = free_ports(4)
    at = [f"http://127.0.0.1:{port}" for port in ports]
    shared = {
        "LOG_FOLDER": str(folder),
        "PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'include'}",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        MODEL: local,
    }
    uvicorn = (sys.executable, "-m", "uvicorn", "--no-access-log", "--port")
    serve = (sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local",
             "--model-uri", local, "--host", "127.0.0.1", "--workers", "1", "--port")  # fmt: skip
    own = shared | service_environment(stack, folder, ports[0])
    with ExitStack() as running:
        servers = [
            running.enter_context(server)
            for server in (
                started(SERVICE, (sys.executable, "-m", "api"), own, f"{at[0]}/predict", plain),
                started(EMPTY, (*uvicorn, str(ports[1]), f"{PEERS}:empty"), shared,
                        f"{at[1]}/predict", plain),
                started(PIPELINE, (*uvicorn, str(ports[2]), f"{PEERS}:pipeline"), shared,
                        f"{at[2]}/predict", plain),
                started(MLFLOW, (*serve, str(ports[3])), shared, f"{at[3]}/invocations", rows),
            )
        ]  # fmt: skip
        yield {server.name: server for server in servers}


@contextmanager
def reloading(server: Server) -> Iterator[list[int]]:
    """Keep reloading the model until the block ends; yield the statuses."""
    done, statuses = threading.Event(), []

    def reload() -> None:
        url = server.url.replace("/predict", "/reload_model")
        while not done.wait(0.5):
            statuses.append(httpx.post(url, headers={"x-api-key": KEY}, timeout=60).status_code)

    thread = threading.Thread(target=reload)
    thread.start()
    try:
        yield statuses
    finally:
        done.set()
        thread.join()
