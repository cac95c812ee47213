"""Passwords and keys of the local stack: random, generated once, kept in one private file."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Self

from readmission.serving.signature import Signer
from readmission.stack.errors import StackError
from readmission.stack.site.paths import write_private


def _password() -> str:
    return secrets.token_urlsafe(24)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True)
class Credentials:
    """All secrets of one stack; a new instance has newly generated secrets."""

    postgres: str = field(default_factory=_password, repr=False)
    airflow_db: str = field(default_factory=_password, repr=False)
    mlflow_db: str = field(default_factory=_password, repr=False)
    raw_db: str = field(default_factory=_password, repr=False)
    clean_db: str = field(default_factory=_password, repr=False)
    predictions_db: str = field(default_factory=_password, repr=False)
    audit_db: str = field(default_factory=_password, repr=False)
    audit_writer_db: str = field(default_factory=_password, repr=False)
    monitoring_db: str = field(default_factory=_password, repr=False)
    mlflow_viewer: str = field(default_factory=_password, repr=False)
    mlflow_training: str = field(default_factory=_password, repr=False)
    mlflow_promotion: str = field(default_factory=_password, repr=False)
    mlflow_admin: str = field(default_factory=_password, repr=False)
    signing_key: str = field(default_factory=Signer.generate_key, repr=False)
    prediction_log_key: str = field(default_factory=_password, repr=False)
    s3_access_key: str = field(default_factory=lambda: secrets.token_hex(10), repr=False)
    s3_secret_key: str = field(default_factory=_password, repr=False)
    docs_access_key: str = field(default_factory=lambda: secrets.token_hex(10), repr=False)
    docs_secret_key: str = field(default_factory=_password, repr=False)
    monitoring_access_key: str = field(default_factory=lambda: secrets.token_hex(10), repr=False)
    monitoring_secret_key: str = field(default_factory=_password, repr=False)
    backup_access_key: str = field(default_factory=lambda: secrets.token_hex(10), repr=False)
    backup_secret_key: str = field(default_factory=_password, repr=False)
    restore_access_key: str = field(default_factory=lambda: secrets.token_hex(10), repr=False)
    restore_secret_key: str = field(default_factory=_password, repr=False)
    api_predict_key: str = field(default_factory=_password, repr=False)
    api_admin_key: str = field(default_factory=_password, repr=False)
    prometheus: str = field(default_factory=_password, repr=False)
    grafana: str = field(default_factory=_password, repr=False)
    airflow_admin: str = field(default_factory=_password, repr=False)
    airflow_jwt_secret: str = field(default_factory=_password, repr=False)
    airflow_fernet_key: str = field(default_factory=_fernet_key, repr=False)
    airflow_api_secret: str = field(default_factory=_password, repr=False)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the secrets from a file; generate those it lacks.

        Raises
        ------
        StackError
            If the file cannot be read or parsed.
        """
        try:
            saved = json.loads(path.read_text())
            return cls(**{f.name: saved[f.name] for f in fields(cls) if f.name in saved})
        except (OSError, ValueError, TypeError) as error:
            raise StackError(
                f"{path} cannot be read ({error}); restore it from a copy, or delete all data with "
                "`readmission reset`"
            ) from error

    @classmethod
    def ensure(cls, path: Path) -> None:
        """Generate the secrets that the file lacks, and save them."""
        found = cls.load(path) if path.exists() else cls()
        if not path.exists() or json.loads(path.read_text()) != asdict(found):
            write_private(path, json.dumps(asdict(found), indent=1))
