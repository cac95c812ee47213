"""What making a backup needs, and where and how long the object store keeps it."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class BackupSettings(BaseSettings):
    """The variables ``BACKUP_…``.

    ``operations.backups new-key`` prints the first two; they are empty if no key was made.
    """

    model_config = SettingsConfigDict(env_prefix="BACKUP_", extra="ignore")

    recipient: str = ""
    """Public key of age."""
    signing_key: SecretStr = SecretStr("")
    """Private Ed25519 key in base64."""
    bucket: str = "backups"
    """The bucket of the dumps."""
    retention_days: int = Field(14, ge=1)
    """How long the object store keeps a dump, and refuses to delete it."""
