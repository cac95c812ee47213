"""Point-in-time recovery with a bucket: ``python -m readmission.operations.recovery --help``.

boto3 reads the address and the keys of the store from the environment; what encrypts and signs
comes from ``BACKUP_RECIPIENT`` and ``BACKUP_SIGNING_KEY``.
"""

import argparse
import logging
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import boto3

from readmission import logs
from readmission.operations.backups import BUCKET, Backups, read_seal
from readmission.operations.recovery import archiver, bucket_copies, servers
from readmission.operations.sealing import BackupKey

log = logging.getLogger("readmission.operations.recovery")


def _time(text: str) -> datetime:
    """Read a time; UTC unless it says otherwise."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="recovery", description="Point-in-time recovery")
    verbs = parser.add_subparsers(dest="verb", required=True)
    archive = verbs.add_parser("archive", help="store changes (WAL) until stopped")
    archive.add_argument("spool", type=Path, help="holds a folder for each server")
    copy = verbs.add_parser("copy-bucket", help="write a copy of a bucket for `backups put`")
    copy.add_argument("source", help="the bucket")
    copy.add_argument("folder", type=Path)
    server = verbs.add_parser("get-server", help="download what brings a server back to a time")
    server.add_argument("server", help="its name: raw, clean, mlflow or airflow")
    server.add_argument("folder", type=Path)
    server.add_argument("--until", type=_time, required=True, help="such as 2026-11-28T14:30:00")
    bucket = verbs.add_parser("get-bucket", help="download a copy of a bucket, as copy.tar")
    bucket.add_argument("source", help="the bucket that was copied")
    bucket.add_argument("folder", type=Path)
    bucket.add_argument("--key", help="which copy; by default the newest")
    fill = verbs.add_parser("fill-bucket", help="put the objects of a copy into a bucket")
    fill.add_argument("target", help="the bucket")
    fill.add_argument("folder", type=Path, help="holds copy.tar")
    for verb in (server, bucket):
        verb.add_argument("--backup-key", type=Path, required=True, help="a file, or -")
    for verb in (archive, server, bucket):
        verb.add_argument("--bucket", default=BUCKET, help=f"the bucket of the dumps ({BUCKET})")
    return parser


def main() -> None:
    """Run the command line."""
    given, s3 = _parser().parse_args(), boto3.client("s3")
    if given.verb == "copy-bucket":
        log.info("copied to %s", bucket_copies.copy(s3, given.source, given.folder))
    elif given.verb == "fill-bucket":
        bucket_copies.upload(s3, given.target, given.folder / bucket_copies.COPY)
        log.info("%s holds the objects of the copy", given.target)
    elif given.verb == "archive":
        # As the first process of its container it would otherwise ignore the signal.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        archiver.run(given.spool, Backups(s3, given.bucket), read_seal())
    else:
        log.info("downloaded %s", _download(given, Backups(s3, given.bucket)))


def _download(given: argparse.Namespace, backups: Backups) -> str:
    path = given.backup_key
    key = BackupKey(sys.stdin.read() if str(path) == "-" else path.read_text())
    if given.verb == "get-bucket":
        return bucket_copies.fetch(backups, given.source, given.folder, key, given.key)
    return servers.fetch(backups, given.server, given.until, given.folder, key).key


if __name__ == "__main__":
    logs.configure("recovery")
    main()
