"""Settings of the audit trail, which `readmission.settings.Settings` inherits."""

from pydantic import Field, SecretStr

from readmission.settings.renamed import RenamedSettings


class AuditSettings(RenamedSettings):
    """Where events are appended, and what only the migrations and the exporter need."""

    audit_dsn: SecretStr | None = Field(
        None,
        description="Address of the audit trail's database, with the role audit_writer; if unset,"
        " nothing is audited.",
    )
    audit_owner_dsn: SecretStr | None = Field(
        None,
        description="Address of that database, with the role that owns its table; for the"
        " migrations.",
    )
    exporter_dsn_audit: SecretStr | None = Field(
        None,
        description="Address of that database, to measure its size; not monitored if unset.",
    )
