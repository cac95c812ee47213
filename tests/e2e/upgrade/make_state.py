"""Run the last release on synthetic encounters, and save its state for `make upgrade-test`.

    git worktree add ../last-release v0.2.0
    .venv/bin/python -m tests.e2e.upgrade.make_state ../last-release

Only what users see of the old code is used: its command line, its settings, Airflow's and its own
API. The old code runs with the packages of this checkout.
"""

import json
import lzma
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from psycopg import sql

from readmission.domain import schema, synthetic
from readmission.settings import CHECKOUT, PREFIX, Settings
from readmission.stack import backup
from readmission.stack.cli.batch_progress import CONSUMERS, INGESTION
from readmission.stack.services import postgres
from readmission.stack.services.airflow import USER
from readmission.stack.services.airflow_client import AirflowClient
from readmission.stack.site.paths import write_private
from readmission.stack.site.site import PORT_SETTINGS, Site
from readmission.stack.stack import Stack
from tests.conftest import random_settings
from tests.e2e.upgrade.names import public_names
from tests.e2e.upgrade.state import (
    BATCH,
    ENCOUNTERS,
    FOLDER,
    NAMES,
    SECRETS,
    is_needed,
)

SWEEP = "ledger_sweep"
PATIENCE = 660
"""Seconds to wait for anything; the sweep starts every ten minutes."""
MOST_BATCHES = 4
PREDICTED = 50
"""Encounters of the second batch that were predicted before they arrived."""
GIVEN = (*PORT_SETTINGS, "state_dir", "dataset")
"""Settings that the old code gets from the test's."""
QUARANTINED = 3
"""Rows of the first batch with an impossible age: one is waived, one fixed and one undecided."""


def main(checkout: Path) -> None:
    """Make the state with the code of another checkout."""
    folder = Path(tempfile.mkdtemp(prefix="readmission-upgrade-"))
    folder.chmod(0o711)
    source = folder / "encounters.csv"
    settings = random_settings(folder / "state", dataset=source, scheduled_runs=True)
    lines = _damaged(synthetic.csv_bytes((MOST_BATCHES + 1) * BATCH).splitlines(keepends=True))
    stack = Stack(settings)
    stack.paths.create()
    write_private(stack.paths.credentials, json.dumps(SECRETS))
    source.write_bytes(b"".join(lines[: BATCH + 1]))
    places = {
        sys.prefix: "/opt/readmission/.venv",
        str(checkout): "/opt/readmission",
        str(CHECKOUT): "/opt/readmission",
        str(folder): "/var/readmission",
    }
    with _running(checkout, settings) as old:
        used = _make_history(stack, old, source, lines)
        _anonymise(stack.site, places)
        _save(stack.site, b"".join(lines[: (used + 1) * BATCH + 1]))
        known = old.python(
            "from readmission.settings import Settings; print(*Settings.model_fields)"
        )
        names = {*public_names(stack.site), *(f"setting {name}" for name in known.split())}
        (FOLDER / NAMES).write_text("".join(f"{name}\n" for name in sorted(names)))
    shutil.rmtree(folder)


def _damaged(lines: list[bytes]) -> list[bytes]:
    """Return the lines of a file, with an impossible age in the first encounters."""
    first = [
        re.sub(rb"\[\d+-\d+\)", b"[90-80)", line, count=1) for line in lines[1 : QUARANTINED + 1]
    ]
    return [lines[0], *first, *lines[QUARANTINED + 1 :]]


@dataclass(frozen=True)
class OldCode:
    """The code of another checkout, with the settings of a stack."""

    checkout: Path
    settings: Settings

    def run(self, *command: str) -> None:
        """Run the command `readmission`."""
        project = tomllib.loads((self.checkout / "pyproject.toml").read_text())["project"]
        module, _, name = project["scripts"]["readmission"].partition(":")
        sys.stdout.write(self.python(f"from {module} import {name}; {name}()", *command))

    def python(self, code: str, *arguments: str) -> str:
        """Run Python code and return what it prints."""
        given = {name: getattr(self.settings, name) for name in GIVEN}
        # Batches this small cannot prove that a model is better.
        rule = {"promotion_rule": "weighted_f1"}
        given |= {"batch_size": BATCH, "sweep_grace_seconds": 5, **rule}
        environment = os.environ | {
            PREFIX + key.upper(): str(value) for key, value in given.items()
        }
        environment["PYTHONPATH"] = f"{self.checkout / 'include'}:{self.checkout}"
        program = [sys.executable, "-c", code, *arguments]
        return subprocess.run(
            program, env=environment, stdout=subprocess.PIPE, text=True, check=True
        ).stdout


@contextmanager
def _running(checkout: Path, settings: Settings) -> Iterator[OldCode]:
    """Run the stack of a checkout."""
    old = OldCode(checkout, settings)
    old.run("up")
    try:
        yield old
    finally:
        old.run("reset", "--yes")


def _make_history(stack: Stack, old: OldCode, source: Path, lines: list[bytes]) -> int:
    """Ingest until a second model is promoted; predict, roll back and return. Count the batches."""
    site = stack.site
    airflow = AirflowClient(site.airflow_url, USER, site.credentials.airflow_admin)
    airflow.wait_for_dags([INGESTION, *CONSUMERS, SWEEP])
    airflow.trigger(INGESTION, {})
    _wait_until(lambda: _count(site, "clean", "promotion") == 1, "the first verdict")
    api = httpx.Client(base_url=site.settings.api_url, timeout=60, trust_env=False)
    _wait_until(lambda: api.get("/").json().get("model_version") == "1", "the first model")
    told = ("--why", "asked the ward", "--by", "somebody")
    old.run("quarantine", "waive", "batch-0001", "0", "--yes", *told)
    old.run("quarantine", "fix", "batch-0001", "1", "--set", "age=[80-90)", *told)
    shown = (lines[0], *_alive(lines)[:PREDICTED])
    without_outcome = [line.rstrip().rpartition(b",")[0] for line in shown]
    csv = {"Content-Type": "text/csv"}
    api.post("/predict/batch", content=b"\n".join(without_outcome), headers=csv).raise_for_status()
    _wait_until(lambda: _count(site, "predictions", "prediction") == PREDICTED, "the predictions")
    used = 1
    while api.get("/").json()["model_version"] == "1":
        used += 1
        if used > MOST_BATCHES:
            raise RuntimeError("no second model was promoted; choose another seed")
        with source.open("ab") as file:
            file.writelines(lines[(used - 1) * BATCH + 1 : used * BATCH + 1])
        airflow.trigger(INGESTION, {})
        _wait_until(lambda: _count(site, "clean", "promotion") == used, "the next verdict")  # noqa: B023
        _wait_until(lambda: not _active(airflow), "the end of its runs")
    admin = {"X-API-Key": site.credentials.api_admin_key}
    for reason in ("back", "and forth"):
        api.post("/rollback", headers=admin, json={"reason": reason}).raise_for_status()
        time.sleep(1)
    api.post("/unpin", headers=admin, json={"reason": "done"}).raise_for_status()
    airflow.trigger(SWEEP, {})
    _wait_until(lambda: _count(site, "clean", "rollback") == 2, "the rollbacks")
    # Only a DAG that the schedule has started is started at once when it has missed a run.
    _wait_until(lambda: _was_scheduled(airflow), "a sweep on schedule")
    _wait_until(lambda: not _active(airflow), "the end of all runs")
    return used


def _alive(lines: list[bytes]) -> list[bytes]:
    """Return the second batch without patients who died, whose predictions are not logged."""
    discharge = lines[0].replace(b'"', b"").split(b",").index(b"discharge_disposition_id")
    return [
        line
        for line in lines[BATCH + 1 : 2 * BATCH + 1]
        if line.split(b",")[discharge].decode() not in schema.DIED
    ]


def _active(airflow: AirflowClient) -> bool:
    dags = (INGESTION, *CONSUMERS, SWEEP)
    return any(run.state in ("queued", "running") for dag in dags for run in airflow.runs(dag))


def _was_scheduled(airflow: AirflowClient) -> bool:
    return any(run.run_id.startswith("scheduled__") for run in airflow.runs(SWEEP))


def _wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {PATIENCE} s in vain for {what}")
        time.sleep(1)


def _count(site: Site, database: str, table: str) -> int:
    with psycopg.connect(postgres.dsn(site, database)) as connection:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        try:
            (count,) = connection.execute(query).fetchone() or (0,)
        except psycopg.errors.UndefinedTable:  # Until its first row is written.
            return 0
    return int(count)


def _anonymise(site: Site, places: dict[str, str]) -> None:
    """Replace names of this machine in the databases of Airflow and MLflow."""
    columns = (
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        " AND data_type IN ('text', 'character varying', 'json', 'jsonb')"
    )
    replace = sql.SQL(
        "UPDATE {table} SET {column} = regexp_replace({column}::text, %(old)s, %(new)s, 'g')"
        "::{kind} WHERE {column}::text ~ %(old)s"
    )
    names = places | {socket.gethostname(): "last-release"}
    # The longest first, since one folder may be inside of another.
    ordered = sorted(names.items(), key=lambda name: len(name[0]), reverse=True)
    for database in ("airflow", "mlflow"):
        with psycopg.connect(postgres.dsn(site, database)) as connection:
            for table, column, kind in connection.execute(columns).fetchall():
                statement = replace.format(
                    table=sql.Identifier(table), column=sql.Identifier(column), kind=sql.SQL(kind)
                )
                for old, new in ordered:
                    whole = rf"(?<!\w){re.escape(old)}(?!\w)"
                    connection.execute(statement, {"old": whole, "new": new})


def _save(site: Site, encounters: bytes) -> None:
    """Write the databases, what the upgrade needs of the buckets, and the encounters."""
    FOLDER.mkdir(exist_ok=True)
    for database in postgres.DATABASES:
        backup.dump(site, database, FOLDER / f"{database}.dump")
    for bucket in backup.BUCKETS:
        archive = FOLDER / f"{bucket}.tar"
        backup.download(site, bucket, archive, is_needed)
        with lzma.open(f"{archive}.xz", "wb") as packed:
            packed.write(archive.read_bytes())
        archive.unlink()
    with zipfile.ZipFile(FOLDER / ENCOUNTERS, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("encounters.csv", encounters)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
