"""Databases and object store of the tasks, from Airflow's connections; import only in tasks."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import psycopg
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk.exceptions import AirflowSkipException
from pydantic import SecretStr

from readmission.domain.batch_ids import BatchId, parse_batch_id
from readmission.errors import InvalidBatchId
from readmission.logs import where
from readmission.quality.report.publishing import publish, publish_overview
from readmission.settings import get_settings
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.audit.events import Action, ActorKind, AuditEvent, signed
from readmission.warehouse.audit.log import AuditLog
from readmission.warehouse.clean.partitions import Bucket, TrainingPartitions
from readmission.warehouse.migrations import require_current
from readmission.warehouse.predictions.outcomes import OutcomeStore

if TYPE_CHECKING:
    from readmission.pipeline.outcomes.shadow import ShadowComparison

log = logging.getLogger(__name__)


@contextmanager
def raw_warehouse() -> Iterator[RawWarehouse]:
    """Connect to RAW, whose tables must be those of this version."""
    key = get_settings().prediction_log_key
    with closing(_connect("postgres_raw")) as connection:
        require_current(connection, "raw")
        yield RawWarehouse(connection, key.get_secret_value() if key else None)


@contextmanager
def clean_warehouse() -> Iterator[CleanWarehouse]:
    """Connect to CLEAN, whose tables must be those of this version."""
    with closing(_connect("postgres_clean")) as connection:
        require_current(connection, "clean")
        yield CleanWarehouse(connection)


@contextmanager
def outcome_store(dsn: SecretStr) -> Iterator[OutcomeStore]:
    """Connect to the outcomes, which are in the database of the prediction log."""
    with closing(psycopg.connect(dsn.get_secret_value(), connect_timeout=10)) as connection:
        require_current(connection, "predictions")
        yield OutcomeStore(connection)


def publish_stays() -> None:
    """Copy the stays of accepted batches to the database from which the API copies them.

    Raises
    ------
    AirflowSkipException
        If no prediction log is configured.
    """
    from readmission.domain.privacy import Pseudonyms
    from readmission.warehouse.predictions import known_stays

    settings = get_settings()
    dsn, key = settings.prediction_log_dsn, settings.prediction_log_key
    if dsn is None or key is None:
        raise AirflowSkipException("no prediction log is configured")
    hashed = Pseudonyms(key.get_secret_value()).encounter
    with clean_warehouse() as warehouse, outcome_store(dsn) as store:
        changed = known_stays.publish(warehouse, store.connection, hashed)
    print(f"batches whose stays were published: {changed}")  # noqa: T201


def compared_in_shadow() -> "list[ShadowComparison]":
    """Compare challengers in shadow with their champions by live outcomes.

    Without their database nothing is compared, unless a setting lets the comparison decide.
    """
    from readmission.pipeline.outcomes.shadow import compare_in_shadow

    settings = get_settings()
    if settings.prediction_log_dsn is None:
        return []
    try:
        with outcome_store(settings.prediction_log_dsn) as store:
            return compare_in_shadow(store.connection)
    except psycopg.OperationalError as error:
        if settings.promotion_shadow_outcomes:
            raise
        log.warning("challengers in shadow were not compared: %s", where(error))
        return []


def measure_requests(version: str | None, reference: Mapping[str, Mapping[str, Any]]) -> None:
    """Measure the drift of recent requests; without their database, only warn."""
    from readmission.pipeline.outcomes import requests

    dsn = get_settings().prediction_log_dsn
    if version is None or dsn is None:
        return
    try:
        with outcome_store(dsn) as store:
            requests.measure_requests(store.connection, version, reference)
    except psycopg.OperationalError as error:
        log.warning("the drift of requests was not measured: %s", where(error))


def batch_of(partition_key: object) -> BatchId:
    """Return the partition key of a run as a batch.

    Raises
    ------
    InvalidBatchId
        If it is not the id of a batch. The message lists the batches that exist, for whoever
        started the run by hand without a key.
    """
    try:
        return parse_batch_id(partition_key)
    except InvalidBatchId:
        known: list[str] = []
        # Without the database, the message is only shorter.
        with suppress(Exception), clean_warehouse() as warehouse:
            known = [batch.batch_id for batch in warehouse.batches()]
        raise InvalidBatchId(partition_key, known) from None


def record_decision(
    dag_run: Any,
    action: Action,
    batch_id: str | None,
    given: str | None,
    *,
    unattended: str = "unknown",
    **detail: int,
) -> str:
    """Record a decision in the audit trail before it is carried out, and return who decided.

    That is ``given (user)``, where the user started the run. The actor of the event is only that
    user, or `unattended` if nobody started the run, because anybody can write anything as `given`.

    Raises
    ------
    AuditUnavailable
        If there is an audit trail and it cannot be written.
    """
    user = dag_run.triggering_user_name
    by = signed(given, user)
    if trail := AuditLog.from_settings(get_settings()):
        facts: dict[str, str | int] = {"by": by, **detail}
        trail.record(
            AuditEvent(
                user or unattended, ActorKind.AIRFLOW, action, batch_id,
                _place(dag_run), dag_run.run_id, facts,
            )
        )  # fmt: skip
    else:
        log.warning("%s by %s is not audited: there is no audit trail", action, by)
    return by


def record_approval(dag_run: Any, by: str, version: str, *, approved: bool) -> None:
    """Record in the audit trail who approved or refused a version, before it is carried out.

    Raises
    ------
    AuditUnavailable
        If there is an audit trail and it cannot be written.
    """
    action = Action.APPROVE if approved else Action.REFUSE
    if trail := AuditLog.from_settings(get_settings()):
        place, run_id = _place(dag_run), dag_run.run_id
        trail.record(AuditEvent(by, ActorKind.AIRFLOW, action, version, place, run_id))
    else:
        log.warning("%s by %s is not audited: there is no audit trail", action, by)


def _place(dag_run: Any) -> str:
    """Return from where a decision came; Airflow knows no address of who started a run."""
    return f"{dag_run.dag_id}/{dag_run.run_id}"


def _connect(connection_id: str) -> psycopg.Connection:
    # The hook's return type covers psycopg 2 as well; with SQLAlchemy 2 it returns psycopg 3.
    return cast("psycopg.Connection", PostgresHook(connection_id).get_conn())


@cache
def object_store() -> Any:
    """Return the S3 client of this task; making one takes 0.3 s of CPU time."""
    return S3Hook("minio").get_conn()


def use_object_store() -> None:
    """Let Arrow use the object store of the tasks, unless the environment names another one."""
    if "AWS_ACCESS_KEY_ID" in os.environ:
        return
    given = S3Hook("minio").conn_config
    os.environ |= {
        "AWS_ENDPOINT_URL": str(given.endpoint_url),
        "AWS_ACCESS_KEY_ID": str(given.aws_access_key_id),
        "AWS_SECRET_ACCESS_KEY": str(given.aws_secret_access_key),
        "AWS_DEFAULT_REGION": str(given.region_name),
    }


def training_partitions(warehouse: CleanWarehouse) -> TrainingPartitions:
    """Return the training set in the object store."""
    return TrainingPartitions(warehouse, Bucket(object_store(), get_settings().training_bucket))


def publish_report(site: Path, gate: str) -> None:
    """Upload a gate's reports and the overview of all gates to the bucket of the data docs."""
    publish(object_store(), get_settings().docs_bucket, site, gate)
    try:
        write_overview()
    except psycopg.OperationalError as error:
        # The verdict is stored, and the next gate publishes the overview again.
        log.warning("the overview of the gates was not updated: %s", error)


def write_overview() -> None:
    """Publish the current overview of all gates, the quarantine and the drift."""
    settings = get_settings()
    with raw_warehouse() as raw, clean_warehouse() as clean:
        publish_overview(object_store(), settings.docs_bucket, settings.docs_dir, raw, clean)
