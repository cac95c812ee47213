"""Drives and inspects a running stack for the end-to-end tests."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pandas as pd
import psycopg
from pydantic import SecretStr

from readmission.pipeline.source import Origin
from readmission.quality.catalogue import PREDICTIONS
from readmission.registry import Registry
from readmission.stack.cli.batch_progress import INGESTION, PROMOTION
from readmission.stack.services import postgres
from readmission.stack.services.airflow_client import FINISHED_STATES, AirflowClient, DagRun
from readmission.stack.stack import Stack
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.verdicts import VerdictLog
from tests.e2e.diagnosis import diagnose

T = TypeVar("T")

TASK_SECONDS = 180
"""Age at which a task counts as hung; ample for a batch of 1,500 on a busy machine."""
PATIENCE = 480
"""Seconds to wait for anything; long enough for a retry of a hung task."""
POLL_SECONDS = 0.5
"""Each look takes time of Airflow's API server, which the tasks need as well."""


@dataclass
class Pipeline:
    """A running stack and the data that a test delivers to it."""

    stack: Stack
    airflow: AirflowClient
    supply: pd.DataFrame
    origin: Origin
    file: Path
    delivered: int = 0

    def wait_for(self, what: str, look: Callable[[], T | None]) -> T:
        """Call `look` until it returns something, and return that."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if found := look():
                return found
            time.sleep(POLL_SECONDS)
        state = diagnose(self.stack, self.airflow)
        raise AssertionError(f"waited {PATIENCE} s in vain for {what}\n{state}")

    def deliver(self, rows: int, **damage: str) -> None:
        """Append the next real encounters to the file, with some columns overwritten."""
        piece = self.supply.iloc[self.delivered : self.delivered + rows].assign(**damage)
        assert len(piece) == rows, "the data has run out"
        piece.to_csv(self.file, mode="a", header=not self.file.exists(), index=False)
        self.delivered += rows

    def ingest(self, batch_size: int, batches: int = 0) -> DagRun:
        """Run the ingestion and wait for its end; consumers are triggered automatically."""
        run = self.airflow.trigger(INGESTION, {"batch_size": batch_size, "batches": batches})
        return self.finished(run)

    def finished(self, run: DagRun) -> DagRun:
        def look() -> DagRun | None:
            now = self.airflow.run(run.dag_id, run.run_id)
            return now if now.state in FINISHED_STATES else None

        return self.wait_for(f"the end of {run.dag_id} {run.partition_key}", look)

    def run_of(self, dag_id: str, batch_id: str) -> DagRun:
        """Wait for the consumer run that a batch's event triggers."""
        return self.wait_for(
            f"a run of {dag_id} for {batch_id}",
            lambda: next(
                (r for r in self.airflow.runs(dag_id) if r.partition_key == batch_id), None
            ),
        )

    def promoted(self, batch_id: str) -> DagRun:
        """Wait until a batch has passed through the whole graph."""
        return self.finished(self.run_of(PROMOTION, batch_id))

    def judged(self, batch_id: str) -> bool:
        """Wait as `promoted` does, and return whether the model of the batch was judged.

        So few synthetic encounters may give a model that never predicts a readmission within 30
        days. Its gate stops it, and that is a judgement, too.
        """
        if self.promoted(batch_id).state == "success":
            return True
        with self.connected("clean") as clean:
            stopped = {(v.batch_id, v.gate) for v in VerdictLog(clean).verdicts() if not v.passed}
        return self.origin is Origin.SYNTHETIC and (batch_id, PREDICTIONS.name) in stopped

    def task(self, run: DagRun, task_id: str) -> dict[str, Any]:
        """Return the newest try of a task from Airflow's API."""
        found = self.airflow.tasks(run)
        return next(t for t in found if t["task_id"] == task_id)

    def kill_task(self, run: DagRun, task_id: str) -> None:
        """Kill a task's process with SIGKILL while it runs."""
        os.kill(self.running(run, task_id), signal.SIGKILL)

    def running(self, run: DagRun, task_id: str) -> int:
        """Wait until a task, or any mapped instance of it, runs; return its process id."""

        def look() -> int | None:
            tasks = (t for t in self.airflow.tasks(run) if t["task_id"] == task_id)
            return next((t["pid"] for t in tasks if t["state"] == "running"), None)

        return self.wait_for(f"{task_id} running", look)

    @contextmanager
    def connected(self, database: str) -> Iterator[psycopg.Connection]:
        with closing(psycopg.connect(postgres.dsn(self.stack.site, database))) as connection:
            yield connection

    @property
    def registry(self) -> Registry:
        """The registry, for somebody who may move aliases."""
        site = self.stack.site
        password = SecretStr(site.credentials.mlflow_promotion)
        settings = site.settings.model_copy(update={"mlflow_promotion_password": password})
        return Registry(settings.as_mlflow("promotion"))

    def objects(self, bucket: str) -> list[str]:
        """Return the keys in a bucket of the object store."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

    def logs(self) -> Iterator[tuple[str, str]]:
        """Yield the name and text of every log of services, Airflow and tasks."""
        paths = self.stack.site.paths
        for folder in (paths.logs, paths.airflow_home / "logs"):
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                yield str(file), file.read_text(errors="replace")
        for key in self.objects("airflow-logs"):
            body = self._s3.get_object(Bucket="airflow-logs", Key=key)["Body"]
            yield key, body.read().decode(errors="replace")

    @property
    def _s3(self) -> Any:
        site = self.stack.site
        return boto3.client(
            "s3",
            endpoint_url=site.s3_endpoint,
            aws_access_key_id=site.credentials.s3_access_key,
            aws_secret_access_key=site.credentials.s3_secret_key,
        )

    def fingerprint(self) -> dict[str, str]:
        """Return a hash of each table of RAW and CLEAN, including ledgers and timestamps."""
        prints = {}
        for database, tables in (
            ("raw", ("batch", "encounter", "quarantine")),
            ("clean", ("patient", "encounter", "promotion")),
        ):
            with self.connected(database) as connection:
                for table in tables:
                    query = f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t"  # noqa: S608
                    (prints[f"{database}.{table}"],) = connection.execute(query).fetchone()
        return prints

    def unaccounted(self) -> list[str]:
        """Return accepted batches that CLEAN does not hold as RAW has accepted them."""
        with self.connected("raw") as raw, self.connected("clean") as clean:
            stored = dict(clean.execute("SELECT batch_id, count(*) FROM encounter GROUP BY 1"))
            CleanWarehouse(clean).batches()
            return [
                batch.batch_id
                for batch in RawWarehouse(raw).batches()
                if batch.state == "accepted"
                and batch.rows
                != stored.get(batch.batch_id, 0) + batch.quarantined_rows + batch.repeated_rows
            ]
