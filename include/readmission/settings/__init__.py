"""All settings in one class, read from environment variables prefixed ``READMISSION_``."""

import os
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    BeforeValidator,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import NoDecode, SettingsConfigDict

from readmission.errors import ReadmissionError
from readmission.settings.alerting import AlertingSettings
from readmission.settings.audit import AuditSettings
from readmission.settings.callers import CallerSettings
from readmission.settings.deliveries import DeliverySettings
from readmission.settings.logs import LogSettings
from readmission.settings.machine import MachineSettings
from readmission.settings.mlflow import MlflowSettings
from readmission.settings.promotion import PromotionSettings
from readmission.settings.renamed import RENAMED, nearest

PREFIX = "READMISSION_"
CHECKOUT = Path(__file__).resolve().parents[3]
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
"""Names of the loopback interface, as a Host header has them."""
_HOST = r"^((\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])$"


def _split(value: object) -> object:
    return tuple(filter(None, value.split(","))) if isinstance(value, str) else value


_Text = TypeVar("_Text", bound=str)
Separated = Annotated[tuple[_Text, ...], NoDecode, BeforeValidator(_split)]
"""Several values in one variable, separated by commas."""
_ORIGIN = r"^https?://(\[[0-9a-f:.]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*)(:[0-9]{1,5})?$"
Host = Annotated[str, Field(pattern=_HOST)]
Origin = Annotated[str, Field(pattern=_ORIGIN)]
Port = Annotated[int, Field(ge=1, le=65535)]


class SettingsError(ReadmissionError):
    """A setting is missing, unknown or invalid; the message names it."""


class Settings(
    MlflowSettings, AuditSettings, CallerSettings, PromotionSettings,
    DeliverySettings, AlertingSettings, LogSettings, MachineSettings,
):  # fmt: skip
    """Every setting of the project. Secrets have no default.

    Each field is one environment variable: ``batch_size`` is ``READMISSION_BATCH_SIZE``.
    """

    # Compose passes unset variables as empty values.
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    # Data
    cache_dir: Path = Field(
        Path.home() / ".cache" / "readmission", description="Folder that caches the UCI download."
    )
    offline: bool = Field(
        False, description="Do not use the network; synthetic data replaces a missing dataset."
    )
    synthetic_rows: PositiveInt = Field(45_000, description="Number of synthetic encounters.")
    batch_size: PositiveInt = Field(15_000, description="Encounters per RAW batch.")
    quarantine_limit: float = Field(
        0.05, ge=0, le=1, description="Share of quarantined rows above which a batch is rejected."
    )
    retention_days: int = Field(
        0, ge=0, description="Days after which the rows of a batch are deleted; 0 keeps them."
    )
    split_key: str = Field(
        "readmission",
        description="Key of the hash that orders patients for the split; never change it.",
    )

    scheduled_runs: bool = Field(
        True, description="Run ingestion and sweep on a schedule; otherwise only when triggered."
    )
    task_timeout_seconds: PositiveInt = Field(
        900, description="Seconds after which a running task is stopped and retried."
    )
    sweep_grace_seconds: PositiveInt = Field(
        600, description="Seconds after which the sweep takes up a batch that no run is processing."
    )

    # Databases, for the migrations; tasks use Airflow's connections
    raw_dsn: SecretStr | None = Field(
        None, description="Address of RAW, with the role that owns its tables."
    )
    clean_dsn: SecretStr | None = Field(
        None, description="Address of CLEAN, with the role that owns its tables."
    )

    # Models
    model_name: str = Field("diabetes_readmission", description="Name of the registered model.")
    experiment: str = Field("diabetes_readmission", description="Name of the MLflow experiment.")
    mlflow_tracking_uri: str = Field(
        "http://127.0.0.1:5000", description="Address of the MLflow server."
    )
    families: Separated[str] = Field(
        ("logistic_regression", "random_forest", "xgboost"),
        min_length=1,
        description="Model families that compete after every batch, separated by commas.",
    )
    training_threads: PositiveInt = Field(2, description="Threads per model fit.")
    signing_key: SecretStr | None = Field(
        None, description="Private Ed25519 key in base64 with which training signs each model."
    )
    trusted_signing_keys: Separated[str] = Field(
        (),
        description="Public Ed25519 keys in base64, separated by commas; only models signed with"
        " one of them are served or compared.",
    )

    # Services
    api_url: str = Field(
        "http://127.0.0.1:8000", description="Address of the API for the pipeline and the UI."
    )
    docs_dir: Path = Field(
        CHECKOUT / ".state" / "data-docs", description="Folder for the data-quality reports."
    )
    allowed_hosts: Separated[Host] = Field(
        (),
        description="Names under which people and services reach the API, the page and Airflow,"
        " separated by commas, without ports; localhost always works. *.name allows all below.",
    )
    cds_origins: Separated[Origin] = Field(
        (),
        description="Origins of other websites whose pages may use CDS Hooks from a browser,"
        " separated by commas, such as https://sandbox.cds-hooks.org.",
    )
    docs_bucket: str = Field("data-docs", description="Bucket for the published reports.")
    buckets: Separated[str] = Field(
        ("mlflow", "data-docs", "airflow-logs", "backups", "training-sets"),
        description="Buckets of the object store, separated by commas; missing ones are created.",
    )

    # The prediction API
    api_host: str = Field("127.0.0.1", description="Network interface of the prediction API.")
    workers: PositiveInt = Field(1, description="Worker processes of the prediction API.")
    api_keys: Separated[str] = Field(
        (),
        description="API keys as role:sha256, separated by commas; roles are predict and admin.",
    )
    api_anonymous_role: Literal["none", "predict", "admin"] = Field(
        "none", description="Role of a caller without a key."
    )
    api_key: SecretStr | None = Field(
        None, description="Key that the pipeline and the page send to the prediction API."
    )
    api_admin_key: SecretStr | None = Field(
        None, description="Admin key with which a load test reloads the model."
    )
    model_poll_seconds: PositiveFloat = Field(
        5, description="Seconds between two checks for a new production version."
    )
    model_cache_dir: Path = Field(
        CHECKOUT / ".state" / "model-cache",
        description="Local copy of the last good model, used while MLflow is unavailable.",
    )

    # The log of predictions
    prediction_log_dsn: SecretStr | None = Field(
        None, description="Address of the prediction log's database; if unset, nothing is logged."
    )
    prediction_log_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Key of the hashes that replace numbers in the log; former keys after commas.",
    )
    prediction_spool_dir: Path = Field(
        CHECKOUT / ".state" / "prediction-spool",
        description="Folder in which predictions wait until they are in their database.",
    )
    prediction_spool_mb: PositiveInt = Field(
        512, description="Disk space for the waiting predictions of one process, in MiB."
    )
    prediction_sync_first: bool = Field(False, description="Sync a prediction before responding.")
    prediction_retention_days: PositiveInt = Field(
        365, description="Days after which a logged prediction is deleted."
    )

    # Object store from which the API reads the summary of the reports
    docs_endpoint: str | None = Field(
        None, description="Address of the object store that holds the reports."
    )
    docs_region: str = Field("us-east-1", description="Region of that object store.")
    docs_access_key: SecretStr | None = Field(None, description="Access key for the reports.")
    docs_secret_key: SecretStr | None = Field(
        None, description="Secret that belongs to docs_access_key."
    )
    docs_url: str | None = Field(None, description="Address at which users open the reports.")
    page_url: str | None = Field(None, description="The clinicians' page, for cards of CDS Hooks.")

    # The exporter of the pipeline's metrics
    exporter_host: str = Field("127.0.0.1", description="Network interface of the exporter.")
    exporter_dsn_raw: SecretStr | None = Field(
        None, description="Address of RAW, with the monitoring role; not monitored if unset."
    )
    exporter_dsn_clean: SecretStr | None = Field(
        None, description="Address of CLEAN, with the monitoring role; not monitored if unset."
    )
    exporter_dsn_predictions: SecretStr | None = Field(
        None, description="Prediction log, with the monitoring role; not monitored if unset."
    )
    exporter_dsn_mlflow: SecretStr | None = Field(
        None,
        description="Address of MLflow's database, to measure its size; not monitored if unset.",
    )
    exporter_dsn_airflow: SecretStr | None = Field(
        None,
        description="Address of Airflow's database, to measure its size; not monitored if unset.",
    )
    exporter_access_key: SecretStr | None = Field(
        None,
        description="Access key that may list every bucket at docs_endpoint but read no object.",
    )
    exporter_secret_key: SecretStr | None = Field(
        None, description="Secret that belongs to exporter_access_key."
    )
    database_capacity_mb: PositiveInt = Field(
        5_120, description="Disk space per database, in MiB; an alert fires when it is nearly full."
    )

    # The stack on one machine
    state_dir: Path = Field(CHECKOUT / ".state", description="Folder for the local stack's state.")
    airflow_port: Port = Field(8080, description="Port of Airflow's pages and API.")
    mlflow_port: Port = Field(5000, description="Port of MLflow's pages and API.")
    api_port: Port = Field(8000, description="Port of the prediction API.")
    ui_port: Port = Field(8501, description="Port of the clinicians' page.")
    s3_port: Port = Field(9000, description="Port of the object store.")
    postgres_port: Port = Field(5433, description="Port of PostgreSQL.")
    exporter_port: Port = Field(9108, description="Port of the exporter.")
    airflow_metrics_port: Port = Field(
        9102, description="Port of Airflow's metrics: StatsD over UDP in, Prometheus over HTTP out."
    )
    # Not 9090: Debian's package starts its own Prometheus on that port.
    prometheus_port: Port = Field(9091, description="Port of Prometheus.")
    prometheus_password: SecretStr | None = Field(None, description="Password of Prometheus.")

    @field_validator("api_keys")
    @classmethod
    def _hashed(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"(predict|admin):[0-9a-f]{64}", entry) for entry in value):
            # The message does not repeat the value, which may be a key that was not hashed.
            raise ValueError("expected predict: or admin:, then the SHA-256 of the key in hex")
        return value

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings from the environment.

        Raises
        ------
        SettingsError
            If a variable is unknown or its value is wrong; the message names each of them.
        """
        known = {PREFIX + name.upper() for name in cls.model_fields}
        unknown = sorted(
            name for name in os.environ.keys() - RENAMED.keys() - known if name.startswith(PREFIX)
        )
        if unknown:
            meant = (f"{one} (did you mean {', '.join(nearest(one, known))}?)" for one in unknown)
            listed = "docs/configuration.md lists every setting"
            raise SettingsError(f"unknown settings: {'; '.join(meant)}; {listed}")
        try:
            return cls()
        except ValidationError as error:
            problems = "; ".join(
                f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()
            )
            raise SettingsError(problems) from None


@cache
def get_settings() -> Settings:
    """Return the settings of this process, which are read once."""
    return Settings.from_environment()
