"""Settings of the stack on one machine, which `readmission.settings.Settings` inherits."""

from pathlib import Path

from pydantic import Field

from readmission.settings.renamed import RenamedSettings


class MachineSettings(RenamedSettings):
    """Where the stack archives the changes of its databases, and the user who runs it."""

    wal_archive: Path | None = Field(
        None,
        description="Folder on another disk to which PostgreSQL's changes (WAL) are archived,"
        " encrypted; if unset, only whole backups can be restored.",
    )
    run_as: str | None = Field(
        None,
        description="User as whom the command `readmission` and all its services run if root"
        " starts them; if unset, root runs the services on one machine.",
    )
