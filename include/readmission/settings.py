"""All configuration, in one class, read from the environment with prefix ``READMISSION_``."""

import os
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from readmission.errors import ReadmissionError

PREFIX = "READMISSION_"
CHECKOUT = Path(__file__).resolve().parents[2]


class SettingsError(ReadmissionError):
    """A setting is missing, unknown or wrong; the message names it."""


class Settings(BaseSettings):
    """Everything that can be configured; secrets have no default.

    Every field is one environment variable: ``batch_size`` is ``READMISSION_BATCH_SIZE``.
    """

    # Compose hands over an empty value for what is not set.
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    # Data
    dataset: Path | None = Field(
        None, description="CSV or zip with the encounters; else cache, else UCI, else synthetic."
    )
    cache_dir: Path = Field(
        Path.home() / ".cache" / "readmission", description="Where the UCI download is kept."
    )
    offline: bool = Field(
        False, description="Never reach for the network: a missing dataset becomes synthetic."
    )
    synthetic_rows: PositiveInt = Field(45_000, description="Size of a synthetic dataset.")
    batch_size: PositiveInt = Field(15_000, description="Encounters per RAW batch.")
    quarantine_limit: float = Field(
        0.05, ge=0, le=1, description="Share of quarantined rows above which a batch is rejected."
    )
    split_key: str = Field(
        "readmission",
        description="Key of the hash that orders patients before the split; keep it for ever.",
    )

    scheduled_runs: bool = Field(
        True, description="Ingestion and sweep start by the clock; if not, only by hand."
    )
    task_timeout_seconds: PositiveInt = Field(
        900, description="Age at which a task counts as hung: it is ended and tried again."
    )
    sweep_grace_seconds: PositiveInt = Field(
        600, description="Age at which a batch that nobody works on counts as left behind."
    )

    # Databases, as the migrations reach them; tasks have Airflow's connections
    raw_dsn: SecretStr | None = Field(None, description="RAW, as the role that owns its tables.")
    clean_dsn: SecretStr | None = Field(
        None, description="CLEAN, as the role that owns its tables."
    )

    # Models
    model_name: str = Field("diabetes_readmission", description="Registered model.")
    experiment: str = Field("diabetes_readmission", description="MLflow experiment.")
    mlflow_tracking_uri: str = Field("http://127.0.0.1:5000", description="MLflow server.")
    families: Annotated[tuple[str, ...], NoDecode] = Field(
        ("logistic_regression", "random_forest", "xgboost"),
        min_length=1,
        description="Model families that compete after every batch, with commas.",
    )
    training_threads: PositiveInt = Field(2, description="Threads per model fit.")
    log_loss_tolerance: float = Field(
        0.005, ge=0, description="How much worse a challenger's log-loss may be, absolute."
    )

    # Services
    api_url: str = Field(
        "http://127.0.0.1:8000", description="The API, as the pipeline and the UI reach it."
    )
    docs_dir: Path = Field(
        CHECKOUT / ".state" / "data-docs", description="Where data-quality reports are written."
    )
    docs_bucket: str = Field("data-docs", description="Bucket the reports are published in.")
    buckets: Annotated[tuple[str, ...], NoDecode] = Field(
        ("mlflow", "data-docs", "airflow-logs", "backups"),
        description="Buckets of the object store, with commas; made if they are not there.",
    )

    # The prediction API
    api_host: str = Field("127.0.0.1", description="Interface the prediction API listens on.")
    workers: PositiveInt = Field(1, description="Processes of the prediction API.")
    api_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Keys of callers as role:sha256, with commas; roles predict and admin."
    )
    api_anonymous_role: Literal["none", "predict", "admin"] = Field(
        "none", description="What a caller without a key may do."
    )
    api_key: SecretStr | None = Field(
        None, description="Key that the pipeline and the page send to the prediction API."
    )
    api_admin_key: SecretStr | None = Field(
        None, description="Key of an admin, with which a load test reloads the model."
    )
    api_rate_limit: int = Field(
        1_000, ge=0, description="Requests per second and caller; 0 for no limit."
    )
    api_batch_mb: PositiveInt = Field(256, description="Largest file of encounters, in MiB.")
    # Where /tmp is memory, as with Compose, so many of the largest files fit beside the model.
    api_files_at_once: PositiveInt = Field(
        2, description="Files of encounters that one process answers at a time."
    )
    model_poll_seconds: PositiveFloat = Field(
        5, description="How often the API looks whether production is another version."
    )
    model_cache_dir: Path = Field(
        CHECKOUT / ".state" / "model-cache",
        description="Local copy of the last good model, to start from without MLflow.",
    )

    # The log of predictions
    prediction_log_dsn: SecretStr | None = Field(
        None, description="PostgreSQL that keeps the prediction log; none is kept if unset."
    )
    prediction_log_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Key of the hash that stands for encounters and patients in the log.",
    )
    prediction_spool_dir: Path = Field(
        CHECKOUT / ".state" / "prediction-spool",
        description="Where predictions wait while their database is away.",
    )
    prediction_spool_mb: PositiveInt = Field(
        512, description="Disk that waiting predictions of one process may take, in MiB."
    )
    prediction_retention_days: PositiveInt = Field(
        365, description="Age at which a logged prediction is deleted."
    )

    # The reports, as the API reads their summary
    docs_endpoint: str | None = Field(None, description="Object store with the bucket of reports.")
    docs_region: str = Field("us-east-1", description="Region of that object store.")
    docs_access_key: SecretStr | None = Field(None, description="Key that may read that bucket.")
    docs_secret_key: SecretStr | None = Field(None, description="The secret of that key.")
    docs_url: str | None = Field(None, description="Where people open the reports.")

    # The exporter of the pipeline's metrics
    exporter_host: str = Field("127.0.0.1", description="Interface the exporter listens on.")
    monitoring_dsn_raw: SecretStr | None = Field(
        None, description="RAW, as the role that may count it; not monitored if unset."
    )
    monitoring_dsn_clean: SecretStr | None = Field(
        None, description="CLEAN, as the role that may count it; not monitored if unset."
    )
    monitoring_dsn_predictions: SecretStr | None = Field(
        None, description="Prediction log, as the role that may count it; not monitored if unset."
    )
    monitoring_dsn_mlflow: SecretStr | None = Field(
        None, description="MLflow's database, to see its size; not monitored if unset."
    )
    monitoring_dsn_airflow: SecretStr | None = Field(
        None, description="Airflow's database, to see its size; not monitored if unset."
    )
    monitoring_access_key: SecretStr | None = Field(
        None, description="Key that may list every bucket at docs_endpoint, and open no object."
    )
    monitoring_secret_key: SecretStr | None = Field(None, description="The secret of that key.")
    database_capacity_mb: PositiveInt = Field(
        5_120, description="Disk that each database may fill, in MiB; near it, an alert fires."
    )

    # Logs
    log_format: Literal["json", "text"] | None = Field(
        None, description="Form of a log's lines; JSON if unset, and text in a terminal."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="What is logged; requests that were answered are, up to info."
    )

    # The stack on one machine
    state_dir: Path = Field(CHECKOUT / ".state", description="All state of the local stack.")
    airflow_port: int = Field(8080, ge=1, le=65535, description="Airflow's pages and API.")
    mlflow_port: int = Field(5000, ge=1, le=65535, description="MLflow's pages and API.")
    api_port: int = Field(8000, ge=1, le=65535, description="The prediction API.")
    ui_port: int = Field(8501, ge=1, le=65535, description="The clinicians' page.")
    s3_port: int = Field(9000, ge=1, le=65535, description="The object store.")
    postgres_port: int = Field(5433, ge=1, le=65535, description="PostgreSQL.")
    exporter_port: int = Field(9108, ge=1, le=65535, description="The pipeline's metrics.")
    airflow_metrics_port: int = Field(
        9102, ge=1, le=65535, description="Airflow's metrics: StatsD in by UDP, out by HTTP."
    )
    # Not 9090: Debian's package starts a Prometheus of its own there.
    prometheus_port: int = Field(9091, ge=1, le=65535, description="Prometheus.")

    @field_validator("api_keys", "buckets", "families", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, value.split(","))) if isinstance(value, str) else value

    @field_validator("api_keys")
    @classmethod
    def _hashed(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"(predict|admin):[0-9a-f]{64}", entry) for entry in value):
            # The value is not repeated: it may be a key that was pasted as it is.
            raise ValueError("expected predict: or admin: and the SHA-256 of the key, in hex")
        return value

    @classmethod
    def from_environment(cls) -> Self:
        """Read the environment.

        Raises
        ------
        SettingsError
            Naming each variable that is missing, unknown or wrong.
        """
        known = {PREFIX + name.upper() for name in cls.model_fields}
        unknown = sorted(
            name for name in os.environ if name.startswith(PREFIX) and name not in known
        )
        if unknown:
            raise SettingsError(
                f"unknown settings: {', '.join(unknown)}; known are {', '.join(sorted(known))}"
            )
        try:
            return cls()
        except ValidationError as error:
            problems = "; ".join(
                f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()
            )
            raise SettingsError(problems) from None


@cache
def get_settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings.from_environment()
