"""Archives PostgreSQL's changes: ``python -m readmission.operations.wal_archive --help``.

PostgreSQL copies each finished file of its write-ahead log (WAL) into a folder, the spool. This
program compresses, encrypts and signs the files there, and moves them to the archive. While the
archive cannot be written, it says so in a file of the spool, and PostgreSQL's `archive_command`
fails: `pg_stat_archiver` then shows the failure, and the changes wait in the server.
"""

import argparse
import gzip
import hashlib
import json
import logging
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from readmission import logs
from readmission.files import write_whole
from readmission.operations.sealing import SUFFIX, BackupError, BackupKey, Seal

SEALED, SIGNATURE = f".gz{SUFFIX}", ".sig"
PART = ".part"
"""Ending of a file that PostgreSQL is still copying."""
FAILURE = "failure"
"""File of the spool that exists while the archive cannot be written, and says why."""
PAUSE = 10.0

log = logging.getLogger("readmission.operations.wal_archive")


def archive(spool: Path, target: Path, seal: Seal) -> list[str]:
    """Move every finished file of the spool to the archive; return their names.

    Parameters
    ----------
    spool : Path
        Where PostgreSQL puts finished files.
    target : Path
        The archive of one server.
    seal : Seal
        Encrypts and signs them.

    Raises
    ------
    BackupError
        If the archive holds another file of the same name, so belongs to another server.
    OSError
        If a file cannot be read or written.
    """
    found = (p for p in spool.iterdir() if p.is_file() and p.name != FAILURE)
    names = sorted(p.name for p in found if p.suffix != PART)
    for name in names:
        plain = spool / name
        digest = _digest(plain)
        if _archived(target, name) not in (None, digest):
            raise BackupError(
                f"{target} holds another {name}, so it belongs to another server; choose a new"
                " folder (READMISSION_WAL_ARCHIVE) and make a new backup"
            )
        _store(plain, target, digest, seal)
        plain.unlink()
    return names


def attempt(spool: Path, target: Path, seal: Seal) -> None:
    """Archive what is finished; log a failure, and leave its message in the spool meanwhile."""
    failure = spool / FAILURE
    try:
        if done := archive(spool, target, seal):
            log.info("archived %s", ", ".join(done))
        failure.unlink(missing_ok=True)
    except (OSError, BackupError) as error:
        log.error("changes wait in %s: %s", spool, error)
        with suppress(OSError):  # The spool's disk may be full, too.
            failure.write_text(str(error))


def _archived(target: Path, name: str) -> str | None:
    """Return the digest of the plain file that the archive holds under a name."""
    try:
        held: str = json.loads((target / f"{name}{SIGNATURE}").read_text())["plain"]
    except FileNotFoundError:
        return None
    return held


def _store(plain: Path, target: Path, digest: str, seal: Seal) -> None:
    sealed = target / f"{plain.name}{SEALED}"
    with tempfile.TemporaryDirectory(dir=plain.parent, prefix=".archive-") as folder:
        packed = Path(folder, f"{plain.name}.gz")
        with plain.open("rb") as source, gzip.open(packed, "wb", compresslevel=3) as file:
            shutil.copyfileobj(source, file)
        seal.close(packed)
        content = Path(f"{packed}{SUFFIX}").read_bytes()
    write_whole(sealed, content, durable=True)
    described = {"plain": digest, "sealed": hashlib.sha256(content).hexdigest()}
    signature = seal.signature(_signed(plain.name, described))
    # Written last: a file without a signature does not count as archived.
    lines = json.dumps({**described, "signature": signature, "recipient": seal.recipient})
    write_whole(target / f"{plain.name}{SIGNATURE}", lines, durable=True)


def open_archive(archived: Path, key: BackupKey, folder: Path) -> int:
    """Decrypt an archive into a folder, and return the number of files.

    Files that were archived for another backup key, before or after a rotation, are left out. The
    server refuses a time that it cannot reach without them.

    Raises
    ------
    BackupError
        If there is none, or a file is damaged or was not signed with this backup key.
    """
    opened = 0
    for file in sorted(archived.glob(f"*{SIGNATURE}")):
        name = file.stem
        described = json.loads(file.read_text())
        if described.pop("recipient", key.recipient) != key.recipient:
            continue
        signature, sealed = described.pop("signature"), archived / f"{name}{SEALED}"
        intact = sealed.is_file() and _digest(sealed) == described["sealed"]
        if not intact or not key.signed(_signed(name, described), signature):
            raise BackupError(f"{sealed} is damaged, or was not signed with this backup key")
        packed = folder / f"{name}.gz"
        key.open(sealed, packed)
        with gzip.open(packed, "rb") as source, (folder / name).open("wb") as plain:
            shutil.copyfileobj(source, plain)
        packed.unlink()
        opened += 1
    if not opened:
        raise BackupError(f"{archived} holds no archived changes (WAL) for this backup key")
    return opened


def _signed(name: str, described: dict[str, str]) -> bytes:
    return f"{name} {described['plain']} {described['sealed']}".encode()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    """Archive until the process is stopped; a failure is logged and tried again."""
    parser = argparse.ArgumentParser(prog="wal_archive", description="Archive PostgreSQL's WAL")
    parser.add_argument("spool", type=Path, help="where PostgreSQL puts finished files")
    parser.add_argument("target", type=Path, help="the archive")
    parser.add_argument("seal", type=Path, help="file that encrypts and signs")
    given = parser.parse_args()
    while True:
        # `readmission backup --new-key` replaces the file.
        seal = Seal(**json.loads(given.seal.read_text()))
        attempt(given.spool, given.target, seal)
        time.sleep(PAUSE)


if __name__ == "__main__":
    logs.configure("wal-archive")
    main()
