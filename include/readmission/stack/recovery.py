"""Point-in-time recovery: a copy of the database server, and the changes archived after it."""

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from readmission.operations.sealing import BackupError, BackupKey
from readmission.operations.wal_archive import open_archive
from readmission.stack.services import postgres
from readmission.stack.site.paths import StatePaths
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.supervision.unprivileged import PostgresHome, prepare_postgres_home

COPY = "server.tar"
SETTINGS, SIGNAL = "postgresql.auto.conf", "recovery.signal"


def copy_server(site: Site, file: Path) -> None:
    """Write a copy of the whole running server, with all databases, to a tar archive.

    Raises
    ------
    BackupError
        If ``pg_basebackup`` fails.
    """
    program = prepare_postgres_home(site.paths).programs / "pg_basebackup"
    options = ("--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast")
    server = ("--host", HOST, "--port", str(site.settings.postgres_port))
    command = [str(program), *options, *server, "--username", postgres.SUPERUSER, "--no-password"]
    # A busy server may delete changes that the copy still needs; it keeps them for a slot.
    with file.open("wb") as target, postgres.keeping_changes(site):
        done = subprocess.run(  # noqa: S603
            command, stdout=target, stderr=subprocess.PIPE, text=True, check=False,
            env={"PGPASSWORD": site.credentials.postgres, "PGCONNECT_TIMEOUT": "10"},
        )  # fmt: skip
    if done.returncode:
        raise BackupError(f"the database server could not be copied: {done.stderr.strip()}")


@dataclass(frozen=True)
class Recovery:
    """The moment to which a restore recovers all databases.

    Parameters
    ----------
    until : datetime
        The last transaction before it is the last that is kept.
    archive : Path
        The archive of the server's changes.
    key : BackupKey
        Opens the archive.
    """

    until: datetime
    archive: Path
    key: BackupKey

    def check(self, manifest: dict[str, Any]) -> None:
        """Check that a backup was made before the moment, and holds a copy of the server.

        Raises
        ------
        BackupError
            If it was not, or does not.
        """
        if f"{COPY}.age" not in manifest["files"]:
            raise BackupError(
                "this backup holds no copy of the server, because it was made without"
                " READMISSION_WAL_ARCHIVE; restore it without --until"
            )
        made_at = datetime.fromisoformat(manifest["made_at"])
        if self.until <= made_at:
            raise BackupError(f"this backup was made at {made_at}; choose an earlier one")

    @contextmanager
    def of(self, paths: StatePaths, copy: Path) -> Iterator[None]:
        """Prepare the server's data so that it recovers when it starts within the block."""
        home = prepare_postgres_home(paths)
        changes = home.folder / "changes"
        try:
            changes.mkdir(mode=0o700)
            open_archive(self.archive, self.key, changes)
            with tarfile.open(copy) as tar:
                tar.extractall(home.data, filter="data")
            home.data.chmod(0o700)
            settings = home.data / SETTINGS
            before = settings.read_text()
            settings.write_text(before + self._settings(changes))
            (home.data / SIGNAL).touch(0o600)
            _give_ownership(home, changes, home.data)
            yield
            settings.write_text(before)
        finally:
            shutil.rmtree(changes, ignore_errors=True)

    def _settings(self, changes: Path) -> str:
        until = self.until.astimezone(UTC).isoformat(sep=" ")
        values = {
            "restore_command": f'cp "{changes}/%f" "%p"',
            "recovery_target_time": until,
            "recovery_target_action": "promote",
            # So that the server counts as ready only once it can be written to.
            "hot_standby": "off",
        }
        return "".join(f"{name} = '{value}'\n" for name, value in values.items())


def _give_ownership(home: PostgresHome, *folders: Path) -> None:
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            home.give_ownership(path)
