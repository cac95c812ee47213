"""Back up the whole state of one machine into a folder, and restore it on another machine.

A backup holds every database, the buckets of models and reports, and the secrets. It is encrypted
for a key that is kept elsewhere (`readmission.operations.sealing`). A restore fills a new state
folder, so it never overwrites anything.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import readmission
from readmission.files import folder_beside
from readmission.operations.recovery import bucket_copies
from readmission.operations.sealing import SUFFIX, BackupError, BackupKey, Seal, new_key
from readmission.settings import CHECKOUT
from readmission.stack import recovery
from readmission.stack.recovery import Recovery
from readmission.stack.services import object_store, postgres
from readmission.stack.site.locking import one_at_a_time
from readmission.stack.site.paths import StatePaths, write_private
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack
from readmission.stack.supervision.unprivileged import prepare_postgres_home

SCRIPTS = CHECKOUT / "k8s" / "backup"
BUCKETS = ("mlflow", "data-docs")
"""Task logs are left out, and so are the dumps of the bucket `backups`."""
SERVICES = {postgres.NAME, object_store.NAME}
CREDENTIALS = "credentials.json"

Report = Callable[[str], None]
Opened = Callable[[str, Path], Path]


def new_seal(paths: StatePaths, key_file: Path) -> None:
    """Make a backup key, write it to a new file, and keep only the part that makes backups.

    Raises
    ------
    BackupError
        If the file exists.
    """
    write_private(paths.backup_seal, json.dumps(vars(new_key(key_file))))


def read_seal(paths: StatePaths) -> Seal:
    """Return the seal of this stack.

    Raises
    ------
    BackupError
        If no backup key was made yet.
    """
    if not paths.backup_seal.exists():
        raise BackupError(
            "there is no backup key yet; add `--new-key FILE`, and keep that file away from this"
            " machine"
        )
    return Seal(**json.loads(paths.backup_seal.read_text()))


def back_up(stack: Stack, folder: Path, report: Report, seal: Seal | None = None) -> Path:
    """Back up a running stack into a new folder within `folder`, and return its path.

    MLflow's database refers to artifacts, so the databases come first: the buckets then hold every
    artifact they refer to.

    Parameters
    ----------
    stack : Stack
        A running stack.
    folder : Path
        Where to put the backup.
    report : callable
        Called with each part.
    seal : Seal, optional
        Encrypts and signs the backup; by default the seal of this stack.

    Raises
    ------
    BackupError
        If there is no backup key, or a database cannot be dumped.
    StackBusy
        If another backup of this stack runs.
    """
    seal, site = seal or read_seal(stack.paths), stack.site
    now = datetime.now(UTC)
    backup = folder.resolve() / f"readmission-{now:%Y%m%dT%H%M%SZ}"
    backup.parent.mkdir(parents=True, exist_ok=True)
    with (
        one_at_a_time(stack.paths.home / "backup.lock", "another backup"),
        folder_beside(backup) as draft,
        _private_folder(stack.paths) as plain,
    ):
        for left in set(stack.paths.home.glob("backup-*/")) - {Path(plain)}:
            shutil.rmtree(left)  # Left by a backup that was killed: its plain files.
        draft.mkdir(mode=0o700)
        if site.settings.wal_archive is not None:
            report("copy of the database server")
            copy = Path(plain, recovery.COPY)
            recovery.copy_server(site, copy)
            _seal(seal, copy, draft / copy.name)
        for database in postgres.DATABASES:
            report(f"database {database}")
            plain_dump = Path(plain, f"{database}.dump")
            dump(site, database, plain_dump)
            _seal(seal, plain_dump, draft / plain_dump.name)
        for bucket in BUCKETS:
            report(f"bucket {bucket}")
            archive = Path(plain, f"{bucket}.tar")
            download(site, bucket, archive)
            _seal(seal, archive, draft / archive.name)
        secrets = Path(plain, CREDENTIALS)
        write_private(secrets, stack.paths.credentials.read_text())
        _seal(seal, secrets, draft / CREDENTIALS)
        seal.sign(draft, {"version": readmission.__version__, "made_at": now.isoformat()})
    return backup


def restore(
    stack: Stack, backup: Path, key: BackupKey, report: Report, to: Recovery | None = None
) -> dict[str, Any]:
    """Restore a backup into a new state folder, stop the services again, and return its manifest.

    Parameters
    ----------
    stack : Stack
        A stack without a state folder.
    backup : Path
        A folder that `back_up` has made.
    key : BackupKey
        Opens it.
    report : callable
        Called with each part.
    to : Recovery, optional
        The moment to recover the databases to; by default that of the backup.

    Raises
    ------
    BackupError
        If the backup cannot be trusted or read, or the state folder is in use. Nothing is changed
        then.
    """
    manifest = key.check(backup)
    if to is not None:
        to.check(manifest)
    if stack.paths.exists:
        raise BackupError(
            f"{stack.paths.home} holds a stack; restore into a new folder (READMISSION_STATE_DIR),"
            " or delete this one with `readmission reset` first"
        )

    def opened(name: str, folder: Path) -> Path:
        key.open(backup / f"{name}{SUFFIX}", folder / name)
        return folder / name

    # The manifest names every file, so a missing dump was never made: 0.1.0 had no audit trail.
    # A file that it does not name may be anybody's.
    made = [name for name in postgres.DATABASES if f"{name}.dump{SUFFIX}" in manifest["files"]]
    fill(stack, opened, report, made, to)
    return manifest


def fill(
    stack: Stack,
    opened: Opened,
    report: Report,
    databases: Sequence[str],
    to: Recovery | None = None,
) -> None:
    """Fill a new state folder, and stop the services again.

    Parameters
    ----------
    stack : Stack
        A stack without a state folder.
    opened : callable
        Returns the path of a plain file of the backup by its name; may write it to a given folder.
    report : callable
        Called with each part.
    databases : sequence of str
        The databases that the backup holds; others stay new.
    to : Recovery, optional
        Recovers the databases instead of restoring their dumps.
    """
    stack.paths.create()
    try:
        stack.paths.restoring.touch(exist_ok=False)
    except FileExistsError:
        raise BackupError(
            f"another restore fills {stack.paths.home}; wait for it to finish"
        ) from None
    with ExitStack() as recovered:
        plain = Path(recovered.enter_context(_private_folder(stack.paths)))
        write_private(stack.paths.credentials, opened(CREDENTIALS, plain).read_text())
        if to is not None:
            report(f"changes until {to.until}")
            recovered.enter_context(to.of(stack.paths, opened(recovery.COPY, plain)))
            databases = ()
        report("starting PostgreSQL and the object store")
        try:
            stack.up(only=SERVICES)
            for database in databases:
                report(f"database {database}")
                _run(stack.site, "restore.sh", str(opened(f"{database}.dump", plain)), database)
            for bucket in BUCKETS:
                report(f"bucket {bucket}")
                archive = opened(f"{bucket}.tar", plain)
                bucket_copies.upload(object_store.client(stack.site), bucket, archive)
        finally:
            stack.down()
    stack.paths.restoring.unlink()


def require_whole(paths: StatePaths) -> None:
    """Check that no restore into this state folder was interrupted.

    Raises
    ------
    BackupError
        If one was.
    """
    if paths.restoring.exists():
        raise BackupError(
            f"a restore into {paths.home} did not finish; delete it with `readmission reset` and"
            " restore again"
        )


def _private_folder(paths: StatePaths) -> tempfile.TemporaryDirectory[str]:
    """Return a folder for plain files, on the disk that holds the same data anyway."""
    return tempfile.TemporaryDirectory(dir=paths.home, prefix="backup-")


def _seal(seal: Seal, plain: Path, target: Path) -> None:
    seal.close(plain)
    sealed = Path(f"{target}{SUFFIX}")
    sealed.touch(0o600)
    # A copy, because the folder may be on another disk.
    with Path(f"{plain}{SUFFIX}").open("rb") as source, sealed.open("wb") as copy:
        shutil.copyfileobj(source, copy)
    Path(f"{plain}{SUFFIX}").unlink()


def _run(site: Site, script: str, *arguments: str) -> None:
    """Run one of the scripts that Compose and Kubernetes use."""
    programs = prepare_postgres_home(site.paths).programs
    environment = {"PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin", "PGCONNECT_TIMEOUT": "10"}
    for database in postgres.DATABASES:
        prefix = f"{database.upper()}_DB"
        environment[f"{prefix}_PASSWORD"] = getattr(site.credentials, f"{database}_db")
        environment[f"{prefix}_ADDRESS"] = f"{HOST}:{site.settings.postgres_port}"
    command = [str(SCRIPTS / script), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BackupError(f"{script} {arguments[-1]} failed: {done.stderr.strip()}")


def dump(site: Site, database: str, file: Path) -> None:
    """Dump a database into a file."""
    with tempfile.TemporaryDirectory(dir=site.paths.home, prefix="backup-") as folder:
        _run(site, "dump.sh", folder, database)
        (made,) = Path(folder, database).glob("*.dump")
        shutil.move(made, file)


def download(
    site: Site, bucket: str, archive: Path, wanted: Callable[[str], bool] = lambda _key: True
) -> None:
    """Write the objects of a bucket to a tar archive; all, or those whose keys are wanted."""
    bucket_copies.download(object_store.client(site), bucket, archive, wanted)
