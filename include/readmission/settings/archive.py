"""The setting of point-in-time recovery, which `readmission.settings.Settings` inherits."""

from pathlib import Path

from pydantic import Field

from readmission.settings.renamed import RenamedSettings


class ArchiveSettings(RenamedSettings):
    """Where the stack on one machine archives the changes of its databases."""

    wal_archive: Path | None = Field(
        None,
        description="Folder on another disk to which PostgreSQL's changes (WAL) are archived,"
        " encrypted; if unset, only whole backups can be restored.",
    )
