"""Scoring in Airflow: one task per file, each with predictions in a folder of its own."""

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import psycopg

from readmission.pipeline.delivery.places import S3, arrivals_at
from readmission.pipeline.scoring.parts import PlaceRefused, ScoringError, require_apart
from readmission.pipeline.scoring.scorer import score_all
from readmission.registry import Registry
from readmission.serving.signature import TrustedKeys
from readmission.settings import Settings
from readmission.settings.backups import BackupSettings
from readmission.settings.deliveries import S3_PREFIX
from readmission.warehouse.predictions import thresholds


@dataclass(frozen=True)
class ScoringJob:
    """One file to score.

    Parameters
    ----------
    file : str
        Its address.
    output : str
        Where its predictions go.
    version : str
        The model version in production when the run began.
    threshold : float, optional
        The threshold of follow-up at that time.
    """

    file: str
    output: str
    version: str
    threshold: float | None


def plan(source: str, output: str, settings: Settings) -> list[ScoringJob]:
    """Check two addresses that somebody has entered, and return a job for each file.

    Raises
    ------
    PlaceRefused
        If an address is not one below a prefix, or lies in a bucket of the system, or if the
        predictions would go where the encounters are.
    ScoringError
        If no version is in production.
    DatasetError
        If the input has no file or cannot be read.
    """
    for address in (source, output):
        require_foreign(address, settings)
    require_apart(source, output)
    version = Registry(settings).served_version()
    if version is None:
        raise ScoringError("no version is in production yet, so nothing can be scored")
    threshold = _threshold(settings)
    files = [arrival.key for arrival in arrivals_at(source)]
    return [ScoringJob(file, folder_of(file, output), version, threshold) for file in files]


def score_file(job: ScoringJob, settings: Settings) -> dict[str, int]:
    """Score one file.

    Returns
    -------
    dict of str to int
        ``rows`` that were read, and ``wrong_rows`` of them without a prediction.
    """
    trusted = TrustedKeys.parse(settings.trusted_signing_keys)
    model = Registry(settings).open(job.version, trusted)
    parts = score_all(job.file, job.output, model, threshold=job.threshold)
    return {
        "rows": sum(part.rows for part in parts),
        "wrong_rows": sum(part.wrong_rows for part in parts),
    }


def folder_of(file: str, output: str) -> str:
    """Return where the predictions of a file go.

    Raises
    ------
    PlaceRefused
        If that is the file itself: SeaweedFS cannot hold an object and others below its name.
    """
    folder = f"{output.rstrip('/')}/{file.rsplit('/', 1)[-1]}"
    require_apart(file, folder)
    return folder


def require_foreign(address: str, settings: Settings) -> None:
    """Check an address: it names a prefix, in a bucket that is not one of the system's.

    Raises
    ------
    PlaceRefused
        If it does not.
    """
    if re.fullmatch(S3_PREFIX, address) is None:
        raise PlaceRefused(
            "an address is not one of an object store; expected s3://bucket/prefix, with letters,"
            " digits and . _ = - in the prefix"
        )
    bucket = address.removeprefix(S3).split("/")[0]
    if bucket in own_buckets(settings):
        raise PlaceRefused(
            f"the bucket {bucket} holds data of the system itself; choose another bucket for"
            " encounters and predictions, and add it to READMISSION_BUCKETS to have it created"
        )


def own_buckets(settings: Settings) -> Sequence[str]:
    """Return the buckets that hold models, reports, logs, dumps and the training set."""
    default: Sequence[str] = Settings.model_fields["buckets"].default
    models = settings.mlflow_artifacts.removeprefix(S3).split("/")[0]
    own = settings.docs_bucket, settings.training_bucket, BackupSettings().bucket, models
    return [*default, *own]


def _threshold(settings: Settings) -> float | None:
    if settings.prediction_log_dsn is None:
        return None
    address = settings.prediction_log_dsn.get_secret_value()
    with closing(psycopg.connect(address, connect_timeout=10)) as connection:
        stored = thresholds.newest(connection)
    return stored.threshold if stored else None
