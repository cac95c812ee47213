"""Point-in-time recovery with a bucket, tested with the scripts that the cluster's jobs run."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from botocore.exceptions import ClientError

from readmission.exporter.metrics import databases
from readmission.operations.backups import BUCKET, Backups
from readmission.operations.recovery import archiver, bucket_copies, servers
from readmission.operations.sealing import SUFFIX, BackupError, BackupKey, Seal
from readmission.settings import CHECKOUT
from readmission.stack.services import postgres
from readmission.stack.site.paths import write_private
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack
from readmission.stack.supervision.unprivileged import PostgresHome, prepare_postgres_home
from tests.conftest import Platform, random_settings
from tests.object_stores import ObjectStore, embedded

SCRIPTS = CHECKOUT / "k8s" / "backup"
DATABASES_SCRIPT = CHECKOUT / "k8s" / "postgres" / "base" / "databases.sh"
SEAL, KEY_TEXT = Seal.make()
KEY = BackupKey(KEY_TEXT)
PASSWORDS = {"CLEAN_DB_PASSWORD": "clean", "MONITORING_DB_PASSWORD": "monitoring"}
SERVER = "clean"


class Server:
    """A database server that archives its changes by `archive.sh`, as on the cluster."""

    def __init__(self, home: Path, predecessor: "Server | None" = None) -> None:
        stack = Stack(random_settings(home))
        stack.paths.create()
        if predecessor is not None:
            passwords = predecessor.stack.paths.credentials.read_text()
            write_private(stack.paths.credentials, passwords)
        Site.prepare(stack.settings, stack.paths)
        self.stack, self.site = stack, stack.site
        self.home: PostgresHome = prepare_postgres_home(stack.paths)
        self.spools = self.home.folder / "spools"
        self.spool = self.spools / SERVER
        self.spools.mkdir(mode=0o700, exist_ok=True)
        self.home.give_ownership(self.spools)
        self.path = f"{self.home.programs}:{os.environ['PATH']}"
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *command: object, **environment: str) -> None:
        """Run a program that connects to the server."""
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, check=False,
            env={"PATH": self.path, **environment},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def as_its_user(self, *command: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program on the server's data."""
        return subprocess.run(
            [str(part) for part in command], env={"PATH": self.path, **environment},
            capture_output=True, text=True, check=False, cwd=self.home.folder,
            user=self.home.uid, group=self.home.gid,
            extra_groups=None if self.home.uid is None else [],
        )  # fmt: skip

    def start(self) -> None:
        service = postgres.service(self.site)
        assert service.prepare
        service.prepare()
        command = f"archive_command=bash {SCRIPTS / 'archive.sh'} %p %f"
        options = ["-c", "archive_mode=on", "-c", command]
        self.process = subprocess.Popen(
            [*service.command, *options], cwd=service.folder, user=self.home.uid,
            group=self.home.gid, extra_groups=None if self.home.uid is None else [],
            stderr=subprocess.DEVNULL,
            env={"WAL_SPOOL": str(self.spools), "DATABASES": SERVER, "PATH": os.environ["PATH"]},
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while not service.ready(0):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(2)
            self.process.wait(90)
            self.process = None

    def connect(self) -> psycopg.Connection:
        return postgres._connect(self.site)

    def address(self) -> dict[str, str]:
        here = f"{postgres.HOST}:{self.site.settings.postgres_port}"
        return {f"{SERVER.upper()}_DB_ADDRESS": here, "COPIER_DB_PASSWORD": "copies"}


@dataclass(frozen=True)
class Lost:
    """A server that is gone: its state folder, a time before a mistake, and its slots then."""

    server: Server
    before_the_mistake: datetime
    slots: str


@pytest.fixture(scope="module")
def store(platform: Platform) -> ObjectStore:
    return embedded(platform.site)


@pytest.fixture(scope="module")
def uploads(store: ObjectStore) -> Backups:
    return Backups(store.client("BACKUP"))


@pytest.fixture(scope="module")
def reading(store: ObjectStore) -> Backups:
    return Backups(store.client("RESTORE"))


def set_up(server: Server) -> None:
    """Create the roles as a new server of the cluster does."""
    server.run(
        DATABASES_SCRIPT, DATABASES=SERVER, **PASSWORDS,
        PGPASSWORD=server.site.credentials.postgres, PGHOST=postgres.HOST,
        PGPORT=str(server.site.settings.postgres_port), **server.address(),
    )  # fmt: skip
    with server.connect() as connection:
        connection.execute("CREATE TABLE word (word text)")


def write(server: Server, word: str) -> None:
    with server.connect() as connection:
        connection.execute("INSERT INTO word VALUES (%s)", [word])


def words(server: Server) -> list[str]:
    with server.connect() as connection:
        return [word for (word,) in connection.execute("SELECT word FROM word")]


def until_archived(server: Server) -> None:
    """Let the server finish the current file of its WAL, and wait until it is archived."""
    with server.connect() as connection:
        (name,) = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone() or ("",)
        deadline = time.monotonic() + 60
        query = "SELECT last_archived_wal >= %s FROM pg_stat_archiver"
        while connection.execute(query, [name]).fetchone() != (True,):
            assert time.monotonic() < deadline, f"{name} was not archived"
            time.sleep(0.1)


def archive_for_an_earlier_key(server: Server, backups: Backups, folder: Path) -> None:
    """Store a file of changes as it was archived before the backup key was rotated."""
    with server.connect() as connection:
        (identifier,) = connection.execute(
            "SELECT system_identifier::text FROM pg_control_system()"
        ).fetchone() or ("",)
    earlier, change = Seal.make()[0], folder / "change"
    change.write_text("a page of the log")
    earlier.close(change)
    key = f"{archiver.prefix(SERVER, identifier)}{'0' * 24}{archiver.SEALED}"
    backups.store(change.with_name(f"change{SUFFIX}"), key, earlier)


@contextmanager
def archiving(server: Server, backups: Backups) -> Iterator[None]:
    """Run the archiver beside a server, as the container in its pod does."""
    stopped = threading.Event()

    def run() -> None:
        while not stopped.wait(0.1):
            archiver.attempt(server.spools, backups, SEAL)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def watched(server: Server, folder: Path) -> tuple[Path, str]:
    """Return a file that gets the server's slots during a copy, and the PATH that does so."""
    slots, program = folder / "slots", folder / "pg_basebackup"
    query = "SELECT temporary, restart_lsn IS NOT NULL FROM pg_replication_slots"
    address = f"--host {postgres.HOST} --port {server.site.settings.postgres_port}"
    program.write_text(
        f"#!/bin/bash\nPGPASSWORD={server.site.credentials.postgres} psql {address}"
        f" --username postgres --dbname postgres -Atc '{query}' >{slots}\n"
        f'exec {server.home.programs}/pg_basebackup "$@"\n'
    )
    program.chmod(0o755)
    return slots, f"{folder}:{server.path}"


@pytest.fixture(scope="module")
def lost(
    state_folders: Path, uploads: Backups, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lost]:
    """Given a server with changes after its copy, the last of which is a mistake."""
    server, folder = Server(state_folders / "lost-server"), tmp_path_factory.mktemp("copies")
    try:
        with archiving(server, uploads):
            server.start()
            set_up(server)
            write(server, "in the copy")
            archive_for_an_earlier_key(server, uploads, tmp_path_factory.mktemp("earlier"))
            slots, path = watched(server, tmp_path_factory.mktemp("programs"))
            server.run(SCRIPTS / "copy.sh", folder, SERVER, **server.address(), PATH=path)
            uploads.put(folder, SEAL)
            time.sleep(1)
            write(server, "after the copy")
            moment = datetime.now(UTC)
            time.sleep(0.01)
            write(server, "the mistake")
            until_archived(server)
            server.stop()
        yield Lost(server, moment, slots.read_text())
    finally:
        server.stop()
        server.stack.reset()


def recover(server: Server, until: datetime, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `recover.sh` as the job does."""
    for path in (folder, *folder.rglob("*")):
        server.home.give_ownership(path)
    return server.as_its_user(
        SCRIPTS / "recover.sh", folder, until.isoformat(sep=" "), PGDATA=str(server.home.data)
    )


def test_an_empty_server_comes_back_as_it_was_at_a_time(
    lost: Lost, uploads: Backups, reading: Backups, state_folders: Path
) -> None:
    # given a server without data, and what the bucket holds of the lost one
    server = Server(state_folders / "empty-server", lost.server)
    folder = server.home.folder / "fetched"
    folder.mkdir()
    copy = servers.fetch(reading, SERVER, lost.before_the_mistake, folder, KEY)
    assert copy.key.startswith(f"server-{SERVER}/")

    # when
    done = recover(server, lost.before_the_mistake, folder)

    # then
    assert done.returncode == 0, done.stderr
    try:
        with archiving(server, uploads):
            server.start()
            assert words(server) == ["in the copy", "after the copy"]
            write(server, "new")
            until_archived(server)
            server.stop()
        assert "recovery_target" not in (server.home.data / "postgresql.auto.conf").read_text()
    finally:
        server.stop()
        server.stack.reset()


def test_a_time_that_was_not_archived_is_refused_and_the_data_stay(
    lost: Lost, uploads: Backups, reading: Backups
) -> None:
    # given the server's own data, and a time after the last archived change
    server, late = lost.server, lost.before_the_mistake + timedelta(days=1)
    folder = server.home.folder / "too-late"
    folder.mkdir()
    servers.fetch(reading, SERVER, late, folder, KEY)

    # when
    done = recover(server, late, folder)

    # then
    assert done.returncode == 1
    assert "recovery ended before configured recovery target was reached" in done.stderr
    with archiving(server, uploads):
        server.start()
        assert words(server) == ["in the copy", "after the copy", "the mistake"]
        server.stop()


def test_a_time_before_every_copy_is_refused(lost: Lost, reading: Backups, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"no copy of the server clean before .*; copies: 20"):
        servers.fetch(reading, SERVER, lost.before_the_mistake - timedelta(hours=1), tmp_path, KEY)


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("000000010000000000000003", True),
        ("000000010000000000000003.00000028.backup", True),
        ("00000002.history", True),
        ("../../../tmp/x", False),
        ("000000010000000000000003/../x", False),
        ("/etc/x.history", False),
        ("", False),
    ],
)
def test_a_planted_key_does_not_become_the_name_of_a_file(name: str, accepted: bool) -> None:
    start = archiver.prefix(SERVER, "7")

    found = servers.name_of_change(f"{start}{name}{archiver.SEALED}", start)

    assert found == (name if accepted else None)


def test_a_planted_object_does_not_stop_the_search_for_copies(
    store: ObjectStore, reading: Backups
) -> None:
    planted = ["server-planted/x.age", "server-planted/99999999T999999Z.1.tar.gz.age"]
    genuine = "server-planted/20260101T000000Z.1.tar.gz.age"
    for key in (*planted, genuine):
        store.client("BACKUP").put_object(Bucket=BUCKET, Key=key, Body=b"")

    assert [copy.key for copy in servers.copies(reading, "planted")] == [genuine]


@pytest.mark.parametrize("until", ["x'\nrestore_command = 'touch y", "$(touch y)", ""])
def test_a_time_that_is_not_one_reaches_no_setting_of_the_server(
    tmp_path: Path, until: str
) -> None:
    (tmp_path / "data").mkdir()

    done = subprocess.run(
        ["bash", str(SCRIPTS / "recover.sh"), str(tmp_path), until], check=False, text=True,
        capture_output=True, env={"PGDATA": str(tmp_path / "data"), "PATH": os.environ["PATH"]},
    )  # fmt: skip

    assert done.returncode == 1
    assert "is not a time" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_the_server_keeps_the_changes_that_a_copy_needs(lost: Lost) -> None:
    assert lost.slots == "t|t\n"


def test_archived_changes_show_nothing_without_the_key(lost: Lost, store: ObjectStore) -> None:
    s3 = store.client("RESTORE")
    kept = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"wal/{SERVER}/")["Contents"]

    assert kept
    for entry in kept:
        content = s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
        assert content.startswith(b"age-encryption.org/v1")
        assert b"the mistake" not in content


def test_a_store_that_refuses_changes_shows_in_the_servers_statistics(
    lost: Lost, store: ObjectStore
) -> None:
    # given a running server, and an archiver whose key may not write
    server, refused = lost.server, Backups(store.client("RESTORE"))
    with archiving(server, refused):
        server.start()
        write(server, "not archived")
        with server.connect() as connection:
            connection.execute("SELECT pg_switch_wal()")
        here = f"{postgres.HOST}:{server.site.settings.postgres_port}"
        dsns = {SERVER: f"postgresql://monitoring:monitoring@{here}/{SERVER}"}

        # then the exporter sees it
        deadline = time.monotonic() + 30
        while not fails(databases.read(dsns)[SERVER]):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert "AccessDenied" in (server.spool / "failure").read_text()
        server.stop()


def fails(state: databases.Database | None) -> bool:
    """Whether a server could not archive its newest change."""
    assert state is not None
    assert state.archiver is not None
    return state.archiver.failed > state.archiver.archived


def test_models_come_back_from_their_copy(
    store: ObjectStore, uploads: Backups, reading: Backups, tmp_path: Path
) -> None:
    # given a bucket with a model, copied by the key that uploads
    admin = store.client()
    admin.put_object(Bucket="mlflow", Key="copied/model.json", Body=b"{}", ContentType="text/json")
    bucket_copies.copy(uploads.s3, "mlflow", tmp_path / "out")
    uploads.put(tmp_path / "out", SEAL)

    # when it is lost
    admin.delete_object(Bucket="mlflow", Key="copied/model.json")
    bucket_copies.fetch(reading, "mlflow", tmp_path, KEY)
    bucket_copies.upload(admin, "mlflow", tmp_path / bucket_copies.COPY)

    # then
    found = admin.get_object(Bucket="mlflow", Key="copied/model.json")
    assert (found["Body"].read(), found["ContentType"]) == (b"{}", "text/json")
    with pytest.raises(ClientError, match="AccessDenied"):
        uploads.s3.put_object(Bucket="mlflow", Key="copied/forged.json", Body=b"")
    with pytest.raises(BackupError, match="no copy of other; existing copies: none"):
        bucket_copies.fetch(reading, "other", tmp_path, KEY)


def test_the_command_line_asks_for_a_time(tmp_path: Path) -> None:
    module = "readmission.operations.recovery"
    done = subprocess.run(
        [sys.executable, "-m", module, "get-server", SERVER, tmp_path, "--backup-key", "-"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert "--until" in done.stderr


def test_the_archiver_ends_by_the_signal_that_stops_its_container(tmp_path: Path) -> None:
    # given a running archiver, which deletes the message of an earlier failure
    failure = tmp_path / SERVER / archiver.FAILURE
    failure.parent.mkdir()
    failure.touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "readmission.operations.recovery", "archive", tmp_path],
        env=os.environ
        | {"AWS_DEFAULT_REGION": "us-east-1"}
        | {"BACKUP_RECIPIENT": SEAL.recipient, "BACKUP_SIGNING_KEY": SEAL.signing_key},
    )
    deadline = time.monotonic() + 60
    while failure.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)

    # when
    process.terminate()

    # then it has handled the signal, which the first process of a container would ignore otherwise
    assert process.wait(30) == 0


def test_a_recovery_that_is_stopped_leaves_the_data_as_they_were(tmp_path: Path) -> None:
    # given a copy that never ends
    data, folder = tmp_path / "data", tmp_path / "fetched"
    data.mkdir()
    (data / "PG_VERSION").write_text("18")
    folder.mkdir()
    os.mkfifo(folder / servers.COPY)
    process = subprocess.Popen(
        [SCRIPTS / "recover.sh", folder, "2026-11-28"],
        env=os.environ | {"PGDATA": str(data)}, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while (data / "PG_VERSION").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)

    # when
    os.killpg(process.pid, signal.SIGTERM)

    # then
    assert process.wait(30) == 1
    assert (data / "PG_VERSION").read_text() == "18"
