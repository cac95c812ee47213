"""Backup of one machine: what comes back, and what is refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pyrage
import pytest

from readmission.operations.sealing import MANIFEST, SIGNATURE, BackupError, BackupKey, Seal
from readmission.settings import CHECKOUT
from readmission.stack import backup
from readmission.stack.cli import app
from readmission.stack.errors import StackBusy
from readmission.stack.services import object_store, postgres
from readmission.stack.stack import Stack
from tests.conftest import Platform, random_settings

PROCEDURE = (CHECKOUT / "docs" / "operations.md").read_text()
KEY, BODY = "1/run/artifacts/card.html", b"<p>a model</p>" * 100_000
MARK = b"a model"


@dataclass(frozen=True)
class Backup:
    """A backup of the shared platform, with one row and one object of its own."""

    folder: Path
    key: Path

    def opened(self) -> BackupKey:
        return BackupKey(self.key.read_text())


@pytest.fixture(scope="module")
def made(platform: Platform, databases: Stack, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    with psycopg.connect(platform.clean_dsn) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS restored_word (word text)")
        connection.execute("INSERT INTO restored_word VALUES ('a secret word')")
    s3 = object_store.client(platform.site)
    s3.put_object(Bucket="mlflow", Key=KEY, Body=BODY, ContentType="text/html")
    folder = tmp_path_factory.mktemp("backups")
    key = folder / "key.txt"
    backup.new_seal(databases.paths, key)
    return Backup(backup.back_up(databases, folder, lambda _part: None), key)


@pytest.fixture
def elsewhere(state_folders: Path) -> Iterator[Stack]:
    """A stack on another machine: a state folder that does not exist yet."""
    stack = Stack(random_settings(state_folders / "restored"))
    yield stack
    stack.reset()


def test_a_restored_machine_has_the_rows_the_objects_and_the_secrets(
    made: Backup, elsewhere: Stack, platform: Platform
) -> None:
    manifest = backup.restore(elsewhere, made.folder, made.opened(), lambda _part: None)

    assert manifest["version"]
    assert not elsewhere.is_running
    assert elsewhere.site.credentials == platform.site.credentials
    elsewhere.up(only=backup.SERVICES)
    site = elsewhere.site
    with psycopg.connect(postgres.dsn(site, "clean")) as connection:
        assert connection.execute("SELECT word FROM restored_word").fetchone() == ("a secret word",)
    found = object_store.client(site).get_object(Bucket="mlflow", Key=KEY)
    assert found["Body"].read() == BODY
    assert found["ContentType"] == "text/html"


def test_a_backup_shows_nothing_without_its_key(made: Backup, platform: Platform) -> None:
    names = {file.name for file in made.folder.iterdir()}
    assert names >= {"raw.dump.age", "airflow.dump.age", "mlflow.tar.age", "credentials.json.age"}
    for file in made.folder.iterdir():
        content = file.read_bytes()
        assert MARK not in content
        assert platform.site.credentials.clean_db.encode() not in content
        assert file.stat().st_mode & 0o077 == 0, file.name


def test_the_machine_itself_cannot_open_its_backups(made: Backup, databases: Stack) -> None:
    kept = databases.paths.backup_seal.read_text()
    assert "AGE-SECRET-KEY" not in kept
    assert "AGE-SECRET-KEY" in made.key.read_text()
    assert not list(databases.paths.home.glob("backup-*/"))


def test_a_backup_for_another_key_is_refused_and_nothing_is_made(
    made: Backup, elsewhere: Stack
) -> None:
    _, another = Seal.make()
    with pytest.raises(BackupError, match="not signed with this backup key"):
        backup.restore(elsewhere, made.folder, BackupKey(another), lambda _part: None)
    assert not elsewhere.paths.exists


@pytest.mark.parametrize("name", ["raw.dump.age", MANIFEST, SIGNATURE])
def test_a_damaged_or_missing_file_is_refused_before_anything_is_made(
    made: Backup, elsewhere: Stack, name: str
) -> None:
    file = made.folder / name
    content = file.read_bytes()
    try:
        for changed in (content[:-1] + bytes([content[-1] ^ 1]), None):
            file.unlink() if changed is None else file.write_bytes(changed)
            with pytest.raises(BackupError):
                backup.restore(elsewhere, made.folder, made.opened(), lambda _part: None)
            assert not elsewhere.paths.exists
    finally:
        file.write_bytes(content)


def test_a_planted_backup_is_refused(made: Backup, elsewhere: Stack, tmp_path: Path) -> None:
    # given files encrypted for the right key, by somebody who knows only its public half
    seal = Seal(recipient_of(made), Seal.make()[0].signing_key)
    (tmp_path / "raw.dump").write_bytes(b"planted")
    seal.close(tmp_path / "raw.dump")
    seal.sign(tmp_path, {})

    with pytest.raises(BackupError, match="not signed with this backup key"):
        backup.restore(elsewhere, tmp_path, made.opened(), lambda _part: None)


def test_a_dump_that_the_manifest_does_not_name_is_not_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a signed backup without an audit trail, as 0.1.0 made it, and a planted one
    seal, text = Seal.make()
    for name in ("raw", "audit"):
        (tmp_path / f"{name}.dump").write_bytes(b"PGDMP")
        seal.close(tmp_path / f"{name}.dump")
        if name == "raw":
            seal.sign(tmp_path, {})
    restored: list[str] = []
    monkeypatch.setattr(backup, "fill", lambda *given: restored.extend(given[3]))

    new = Stack(random_settings(tmp_path / "new"))
    backup.restore(new, tmp_path, BackupKey(text), lambda _part: None)

    assert restored == ["raw"]


def recipient_of(made: Backup) -> str:
    identity = next(
        line for line in made.key.read_text().splitlines() if line.startswith("AGE-SECRET-KEY-")
    )
    return str(pyrage.x25519.Identity.from_str(identity).to_public())


def test_a_stack_is_never_overwritten(made: Backup, databases: Stack) -> None:
    with pytest.raises(BackupError, match="holds a stack; restore into a new folder"):
        backup.restore(databases, made.folder, made.opened(), lambda _part: None)


def test_a_stack_whose_restore_was_interrupted_does_not_start(
    made: Backup, elsewhere: Stack
) -> None:
    def interrupted(part: str) -> None:
        if part == "database clean":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup.restore(elsewhere, made.folder, made.opened(), interrupted)

    with pytest.raises(BackupError, match="did not finish; delete it with `readmission reset`"):
        app.start_stack(elsewhere)
    assert not elsewhere.is_running


def test_after_the_loss_of_the_key_new_backups_open_with_a_new_one(
    made: Backup, databases: Stack, tmp_path: Path
) -> None:
    # given a key that is lost, and plain files that a killed backup has left
    (databases.paths.home / "backup-left").mkdir()
    (databases.paths.home / "backup-left" / "raw.dump").touch()

    # when the procedure is followed
    assert "`--new-key` with another file" in PROCEDURE
    backup.new_seal(databases.paths, tmp_path / "key.txt")
    folder = backup.back_up(databases, tmp_path, lambda _part: None)

    # then the new key opens the new backup, and the old backups need the old key
    new = BackupKey((tmp_path / "key.txt").read_text())
    assert new.check(folder)
    new.open(folder / "raw.dump.age", tmp_path / "raw.dump")
    assert (tmp_path / "raw.dump").read_bytes().startswith(b"PGDMP")
    with pytest.raises(BackupError, match="not signed with this backup key"):
        new.check(made.folder)
    assert made.opened().check(made.folder)
    # and no plain file is left
    assert not list(databases.paths.home.glob("backup-*/"))


def test_a_second_backup_at_the_same_time_is_refused(
    made: Backup, databases: Stack, tmp_path: Path
) -> None:
    def another(_part: str) -> None:
        backup.back_up(databases, tmp_path / "second", lambda _part: None)

    with pytest.raises(StackBusy, match=r"another backup of .* is running"):
        backup.back_up(databases, tmp_path / "first", another)

    # and what fails leaves nothing behind
    assert list(tmp_path.glob("*/*")) == []


def test_a_second_restore_into_the_same_folder_is_refused(made: Backup, elsewhere: Stack) -> None:
    def another(_part: str) -> None:
        backup.fill(elsewhere, lambda _name, _folder: Path(), lambda _part: None, ())

    with pytest.raises(BackupError, match="another restore fills"):
        backup.restore(elsewhere, made.folder, made.opened(), another)


def test_without_a_key_a_backup_says_how_to_make_one(elsewhere: Stack, tmp_path: Path) -> None:
    elsewhere.paths.create()
    with pytest.raises(BackupError, match="--new-key FILE"):
        backup.read_seal(elsewhere.paths)
    key = tmp_path / "key"
    key.write_text("")
    with pytest.raises(BackupError, match="exists"):
        backup.new_seal(elsewhere.paths, key)
