"""Settings of MLflow's users and server, which `readmission.settings.Settings` inherits."""

from typing import Literal, Self

from pydantic import Field, SecretStr

from readmission.settings.renamed import RenamedSettings

MlflowRole = Literal["viewer", "training", "promotion", "admin"]
"""MLflow's users; `readmission.operations.mlflow_server.permissions` says what each may do."""


class MlflowSettings(RenamedSettings):
    """How a process logs in to MLflow, what only the server needs, and whose aliases count."""

    mlflow_role: MlflowRole = Field(
        "viewer", description="MLflow user of this process: viewer, training, promotion or admin."
    )
    mlflow_viewer_password: SecretStr | None = Field(
        None, description="Password of MLflow's user viewer, who reads everything."
    )
    mlflow_training_password: SecretStr | None = Field(
        None, description="Password of MLflow's user training, who logs and registers models."
    )
    mlflow_promotion_password: SecretStr | None = Field(
        None, description="Password of MLflow's user promotion, who moves aliases and stages."
    )
    mlflow_admin_password: SecretStr | None = Field(
        None, description="Password of MLflow's user admin, who may do everything."
    )
    mlflow_dsn: SecretStr | None = Field(
        None, description="Address of MLflow's database; for the MLflow server."
    )
    mlflow_read_dsn: SecretStr | None = Field(
        None, description="Address of a read replica of MLflow's database; for the MLflow server."
    )
    mlflow_artifacts: str = Field(
        "s3://mlflow", description="Where the MLflow server stores artifacts."
    )

    follow_manual_alias: bool = Field(
        True,
        description="Serve a signed version to which somebody moved the alias production by hand;"
        " otherwise the API keeps the last promoted version.",
    )

    @property
    def mlflow_login(self) -> tuple[str, str] | None:
        """User and password of this process, or None if the password is not set."""
        password: SecretStr | None = getattr(self, f"mlflow_{self.mlflow_role}_password")
        return None if password is None else (self.mlflow_role, password.get_secret_value())

    def as_mlflow(self, role: MlflowRole) -> Self:
        """Return these settings with another MLflow user."""
        return self.model_copy(update={"mlflow_role": role})
