"""Names of variables that changed: the old ones work for one more release, with a warning.

Names that are unknown are compared with the known ones.
"""

import os
import warnings
from collections.abc import Iterable
from difflib import get_close_matches

from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

RENAMED: dict[str, str] = {
    "MLFLOW_BACKEND_STORE_URI": "mlflow_dsn",
    "MLFLOW_READ_REPLICA_BACKEND_STORE_URI": "mlflow_read_dsn",
    "MLFLOW_ARTIFACTS_DESTINATION": "mlflow_artifacts",
    "READMISSION_MONITORING_ACCESS_KEY": "exporter_access_key",
    "READMISSION_MONITORING_DSN_AIRFLOW": "exporter_dsn_airflow",
    "READMISSION_MONITORING_DSN_AUDIT": "exporter_dsn_audit",
    "READMISSION_MONITORING_DSN_CLEAN": "exporter_dsn_clean",
    "READMISSION_MONITORING_DSN_MLFLOW": "exporter_dsn_mlflow",
    "READMISSION_MONITORING_DSN_PREDICTIONS": "exporter_dsn_predictions",
    "READMISSION_MONITORING_DSN_RAW": "exporter_dsn_raw",
    "READMISSION_MONITORING_SECRET_KEY": "exporter_secret_key",
}
"""Each old variable, and the setting that replaces it; version 0.3.0 will not read them."""

NEAREST = 3


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return the three known names that are most like an unknown one, the most similar first.

    Parameters
    ----------
    name : str
        The unknown variable.
    known : iterable of str
        All variables.
    """
    return get_close_matches(name, sorted(known), n=NEAREST, cutoff=0)


class RenamedSettings(BaseSettings):
    """Settings that are also read from the old names of their variables."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Add the old names after all others, so that a new name wins."""
        return (
            init_settings,
            env_settings,
            dotenv_settings,
            file_secret_settings,
            RenamedVariables(settings_cls),
        )


class RenamedVariables(InitSettingsSource):
    """The values of old variables that are set.

    Parameters
    ----------
    settings_cls : type of BaseSettings
        The settings that replace them.
    """

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        prefix = settings_cls.model_config["env_prefix"]
        values = {}
        for old, name in RENAMED.items():
            value, new = os.environ.get(old), f"{prefix}{name}".upper()
            if value and not os.environ.get(new):
                warnings.warn(
                    f"{old} is now called {new}, and 0.3.0 will not read it any longer",
                    FutureWarning,  # Python hides a DeprecationWarning from users.
                    stacklevel=2,
                )
                # MLflow's addresses name a driver, ours do not.
                values[name] = value.replace("postgresql+psycopg://", "postgresql://", 1)
        super().__init__(settings_cls, values)
