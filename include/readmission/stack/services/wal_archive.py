"""The archive of PostgreSQL's changes, if a setting names its folder."""

import sys
from datetime import UTC, datetime

from readmission.operations.wal_archive import FAILURE
from readmission.stack.errors import StackError
from readmission.stack.services import postgres
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import Service
from readmission.stack.supervision.unprivileged import prepare_postgres_home

NAME = "wal-archive"


def services(site: Site) -> tuple[Service, ...]:
    """Return the archive as a service; none without `READMISSION_WAL_ARCHIVE`."""
    if site.settings.wal_archive is None:
        return ()
    target = site.settings.wal_archive.expanduser().resolve()
    spool, seal = postgres.spool(prepare_postgres_home(site.paths)), site.paths.backup_seal

    def prepare() -> None:
        if not seal.exists():
            raise StackError(
                "READMISSION_WAL_ARCHIVE needs a backup key: start the stack without it, run"
                " `readmission backup FOLDER --new-key FILE`, then restart with it"
            )
        target.mkdir(mode=0o700, parents=True, exist_ok=True)

    program = (sys.executable, "-m", "readmission.operations.wal_archive")
    return (
        Service(
            name=NAME,
            command=(*program, str(spool), str(target), str(seal)),
            environment=site.environment,
            needs=(postgres.NAME,),
            # Its disk may be missing for a while; files wait in the spool and the log says so.
            ready=lambda _started: True,
            prepare=prepare,
        ),
    )


def failure(site: Site) -> str | None:
    """Return since when and why changes cannot be archived; None if there is no such problem."""
    if site.settings.wal_archive is None:
        return None
    file = postgres.spool(prepare_postgres_home(site.paths)) / FAILURE
    try:
        reason, since = file.read_text(), datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None
    return (
        f"changes of the databases are not archived, last tried at {since:%H:%M:%S} UTC: {reason}"
    )
