"""Point-in-time recovery on a real server: what comes back, and what is refused."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from readmission.exporter.metrics import databases
from readmission.exporter.metrics.archiver import Archiver
from readmission.operations import wal_archive as archiving
from readmission.operations.sealing import BackupError, BackupKey, Seal
from readmission.stack import backup
from readmission.stack.cli.app import app
from readmission.stack.recovery import Recovery
from readmission.stack.services import object_store, postgres, wal_archive
from readmission.stack.stack import Stack
from tests.conftest import random_settings

DATABASES = ("raw", "clean", "mlflow")


@dataclass(frozen=True)
class Lost:
    """A machine that is gone: its backup, its archived changes, and a time before a mistake."""

    backup: Path
    archive: Path
    key: BackupKey
    before_the_mistake: datetime


def write(stack: Stack, word: str) -> None:
    for database in DATABASES:
        with psycopg.connect(postgres.dsn(stack.site, database)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS word (word text)")
            connection.execute("INSERT INTO word VALUES (%s)", [word])


def words(stack: Stack, database: str) -> list[str]:
    with psycopg.connect(postgres.dsn(stack.site, database)) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM word")]


def finish_segment(stack: Stack, archive: Path) -> None:
    """Let the server finish the current file of its WAL, and wait until it is archived."""
    with postgres._connect(stack.site) as connection:
        query = "SELECT pg_walfile_name(pg_switch_wal())"
        (name,) = connection.execute(query).fetchone() or ("",)
    deadline = time.monotonic() + 60
    while not (archive / f"{name}.sig").exists():
        assert time.monotonic() < deadline, f"{name} was not archived"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def lost(state_folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Lost:
    """Given a machine with changes after its backup, the last of which is a mistake."""
    folder = tmp_path_factory.mktemp("recovery")
    archive, key = folder / "wal", folder / "key.txt"
    stack = Stack(random_settings(state_folders / "lost", wal_archive=archive))
    stack.paths.create()
    backup.new_seal(stack.paths, key)
    try:
        stack.up(only={wal_archive.NAME, object_store.NAME})
        write(stack, "in the backup")
        made = backup.back_up(stack, folder, lambda _part: None)
        write(stack, "after the backup")
        moment = datetime.now(UTC)
        time.sleep(0.01)
        write(stack, "the mistake")
        finish_segment(stack, archive)
    finally:
        stack.reset()
    return Lost(made, archive, BackupKey(key.read_text()), moment)


def archiver_states(stack: Stack) -> dict[str, Archiver | None]:
    dsns = {name: postgres.dsn(stack.site, name, postgres.MONITORING) for name in DATABASES}
    return {name: state and state.archiver for name, state in databases.read(dsns).items()}


def test_a_failing_archive_shows_in_metrics_and_status(state_folders: Path, tmp_path: Path) -> None:
    # given a running server with an archive that cannot be written
    archive = tmp_path / "wal"
    stack = Stack(random_settings(state_folders / "failing", wal_archive=archive))
    stack.paths.create()
    backup.new_seal(stack.paths, tmp_path / "key.txt")
    try:
        stack.up(only={postgres.NAME})
        spool, seal = stack.paths.home / "postgres" / "wal-spool", Seal.make()[0]
        assert wal_archive.failure(stack.site) is None
        (spool / "000000010000000000000099").write_bytes(b"changes")

        # when the archive is tried, and then the server finishes a file
        archiving.attempt(spool, archive, seal)
        with postgres._connect(stack.site) as connection:
            connection.execute("SELECT pg_switch_wal()")
        deadline = time.monotonic() + 30
        while not any(state and state.failed for state in archiver_states(stack).values()):
            assert time.monotonic() < deadline
            time.sleep(0.1)

        # then
        for state in archiver_states(stack).values():
            assert state is not None
            assert state.failed > state.archived
        assert "No such file or directory" in (wal_archive.failure(stack.site) or "")

        # and when the archive is back
        archive.mkdir()
        archiving.attempt(spool, archive, seal)
        assert wal_archive.failure(stack.site) is None
    finally:
        stack.reset()


@pytest.fixture
def elsewhere(state_folders: Path) -> Iterator[Stack]:
    stack = Stack(random_settings(state_folders / "recovered"))
    yield stack
    stack.reset()


def test_all_databases_come_back_as_they_were_at_a_time(lost: Lost, elsewhere: Stack) -> None:
    to = Recovery(lost.before_the_mistake, lost.archive, lost.key)

    backup.restore(elsewhere, lost.backup, lost.key, lambda _part: None, to)

    elsewhere.up(only={postgres.NAME})
    for database in DATABASES:
        assert words(elsewhere, database) == ["in the backup", "after the backup"], database
    write(elsewhere, "new")
    home = elsewhere.paths.home / "postgres"
    assert "recovery" not in (home / "data" / "postgresql.auto.conf").read_text()
    assert not (home / "changes").exists()


def test_archived_changes_show_nothing_without_the_key(lost: Lost) -> None:
    for file in lost.archive.iterdir():
        assert b"the mistake" not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0, file.name
    (first, *_) = lost.archive.glob("*.age")
    assert first.read_bytes().startswith(b"age-encryption.org/v1")


@pytest.mark.parametrize("forged", [False, True])
def test_a_damaged_or_forged_change_is_refused(
    lost: Lost, elsewhere: Stack, tmp_path: Path, forged: bool
) -> None:
    # given an archive with a file that its server did not sign
    name = next(file.stem for file in lost.archive.glob("*.sig"))
    for file in lost.archive.glob(f"{name}.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    if forged:
        (tmp_path / "spool").mkdir()
        (tmp_path / "spool" / "000000010000000000000077").write_bytes(b"forged")
        forger = Seal(lost.key.recipient, Seal.make()[0].signing_key)
        archiving.archive(tmp_path / "spool", tmp_path, forger)
    else:
        with (tmp_path / f"{name}{archiving.SEALED}").open("ab") as file:
            file.write(b"!")

    # then
    to = Recovery(lost.before_the_mistake, tmp_path, lost.key)
    with pytest.raises(BackupError, match="not signed with this backup key"):
        backup.restore(elsewhere, lost.backup, lost.key, lambda _part: None, to)


def test_a_backup_of_a_later_time_is_refused(lost: Lost, elsewhere: Stack) -> None:
    to = Recovery(lost.before_the_mistake - timedelta(hours=1), lost.archive, lost.key)

    with pytest.raises(BackupError, match="choose an earlier one"):
        backup.restore(elsewhere, lost.backup, lost.key, lambda _part: None, to)
    assert not elsewhere.paths.exists


def test_after_a_rotation_each_key_opens_the_changes_that_were_archived_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a running archive whose backup key is replaced before the second change
    spool, archive, seal = tmp_path / "spool", tmp_path / "archive", tmp_path / "seal.json"
    spool.mkdir()
    archive.mkdir()
    names = ("000000010000000000000001", "000000010000000000000002")
    keys: list[BackupKey] = []

    def rotate(_pause: float = 0) -> None:
        if len(keys) == len(names):
            raise KeyboardInterrupt
        made, text = Seal.make()
        seal.write_text(json.dumps(vars(made)))
        (spool / names[len(keys)]).write_bytes(b"changes")
        keys.append(BackupKey(text))

    rotate()
    monkeypatch.setattr("sys.argv", ["wal_archive", str(spool), str(archive), str(seal)])
    monkeypatch.setattr("readmission.operations.wal_archive.time.sleep", rotate)
    with pytest.raises(KeyboardInterrupt):
        archiving.main()

    # then
    for name, key in zip(names, keys, strict=True):
        (tmp_path / key.recipient).mkdir()
        assert archiving.open_archive(archive, key, tmp_path / key.recipient) == 1
        assert [file.name for file in (tmp_path / key.recipient).iterdir()] == [name]
    with pytest.raises(BackupError, match="no archived changes"):
        archiving.open_archive(archive, BackupKey(Seal.make()[1]), tmp_path)


def test_two_servers_do_not_share_an_archive(tmp_path: Path) -> None:
    # given an archive, and a file that is archived again because the first time was interrupted
    seal, spool, target = Seal.make()[0], tmp_path / "spool", tmp_path / "archive"
    spool.mkdir()
    target.mkdir()
    name = "000000010000000000000001"
    for _ in range(2):
        (spool / name).write_bytes(b"changes")
        assert archiving.archive(spool, target, seal) == [name]

    # then another server's file of that name waits in the spool
    (spool / name).write_bytes(b"of another server")
    (spool / f"{name}.part").write_bytes(b"being copied")
    with pytest.raises(BackupError, match="belongs to another server"):
        archiving.archive(spool, target, seal)
    assert (spool / name).exists()


@pytest.mark.parametrize(
    ("until", "archive", "message"),
    [
        ("yesterday", ["--archive", "."], "'yesterday' is not a time like 2026-11-28T14:30:00"),
        ("2026-11-28T14:30:00", [], "--until needs --archive"),
        ("2026-11-28T14:30:00", ["--archive", "."], "holds no finished backup"),
    ],
)
def test_the_command_line_says_what_is_missing(
    tmp_path: Path, until: str, archive: list[str], message: str
) -> None:
    key = tmp_path / "key.txt"
    key.write_text(Seal.make()[1])
    command = ["restore", str(tmp_path), "--key", str(key), "--until", until, *archive]

    done = CliRunner().invoke(app, command)

    assert done.exit_code == 1
    assert message in done.stderr
