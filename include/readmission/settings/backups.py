"""What making a backup needs, as ``operations.backups new-key`` prints it."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class BackupSettings(BaseSettings):
    """The variables ``BACKUP_RECIPIENT`` and ``BACKUP_SIGNING_KEY``; empty if no key was made."""

    model_config = SettingsConfigDict(env_prefix="BACKUP_", extra="ignore")

    recipient: str = ""
    """Public key of age."""
    signing_key: SecretStr = SecretStr("")
    """Private Ed25519 key in base64."""
