"""A Prometheus server with one hour of a few metrics."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from grafana.source.pictures.prometheus import Prometheus
from readmission.stack.site.ports import HOST, free_ports
from tests.promtool import promtool

START_SECONDS = 30
STEP = 15
NOW = int(time.time()) // STEP * STEP
HOUR_AGO, FIVE_MINUTES_AGO = NOW - 3_600, NOW - 300
SERIES = (
    # Name, labels, time of the first sample, values; the last value repeats until now.
    ("readmission_production_version", "", HOUR_AGO, (4,)),
    ("readmission_drift_psi", 'feature="payer_code"', HOUR_AGO, (0.312,)),
    ("readmission_database_up", 'database="raw"', HOUR_AGO, (1,)),
    ("readmission_database_up", 'database="clean"', HOUR_AGO, (0,)),
    ("readmission_rows", 'stage="raw"', HOUR_AGO, range(15_000, 18_600, STEP)),
    ("readmission_model_metric", 'metric="weighted_f1",rows="all"', HOUR_AGO, (0.5,)),
    ("readmission_model_metric", 'metric="auroc_any",rows="all"', HOUR_AGO, (0.6,)),
    ("airflow_ti_finish", 'state="failed"', FIVE_MINUTES_AGO, (1,)),
    ("airflow_ti_finish", 'state="success"', NOW - 7_200, (5, *([5] * 250), 7)),
)


@contextmanager
def prometheus_with_history(home: Path) -> Iterator[Prometheus]:
    """Run a Prometheus server that holds `SERIES`."""
    _write_history(home)
    port = free_ports(1)[0]
    command = [
        "prometheus", f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}", f"--web.listen-address={HOST}:{port}",
    ]  # fmt: skip
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        url = f"http://{HOST}:{port}"
        _wait_until_ready(f"{url}/-/ready")
        with Prometheus(url) as client:
            yield client
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _write_history(home: Path) -> None:
    (home / "history.txt").write_text(_openmetrics())
    (home / "prometheus.yml").write_text("{}")
    created = promtool(
        "tsdb", "create-blocks-from", "openmetrics", home / "history.txt", home / "data"
    )
    assert created.returncode == 0, created.stderr


def _openmetrics() -> str:
    lines, typed = [], set()
    for name, labels, first, values in SERIES:
        if name not in typed:
            lines.append(f"# TYPE {name} gauge")
            typed.add(name)
        for number, at in enumerate(range(first, NOW + STEP, STEP)):
            value = values[min(number, len(values) - 1)]
            lines.append(f"{name}{{{labels}}} {value} {at}")
    return "\n".join([*lines, "# EOF", ""])


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} was not ready within {START_SECONDS} s")
