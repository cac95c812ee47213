"""A file is complete or absent, whatever happens while it is written."""

import os
from pathlib import Path

import pytest

from readmission.files import PRIVATE, READABLE, folder_beside, write_whole


def refuse(*_arguments: object, **_options: object) -> None:
    raise OSError("the disk is full")


def test_text_and_bytes_replace_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"

    write_whole(path, "wörd", mode=READABLE)
    assert path.read_text(encoding="utf-8") == "wörd"
    assert path.stat().st_mode & 0o777 == READABLE

    write_whole(path, b"\x00\xff", durable=True)
    assert path.read_bytes() == b"\x00\xff"
    assert path.stat().st_mode & 0o777 == PRIVATE


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    # given
    path = tmp_path / "file"
    write_whole(path, "old")

    # when
    with monkeypatch.context() as patch:
        patch.setattr(os, step, refuse)
        with pytest.raises(OSError, match="disk is full"):
            write_whole(path, "new", durable=True)

    # then
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("file", "old")]


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    place = tmp_path / "data"
    with folder_beside(place) as draft:
        draft.mkdir()
        (draft / "one").touch()
        assert not place.exists()

    assert [path.name for path in place.iterdir()] == ["one"]
    assert not draft.exists()


def test_a_folder_that_could_not_be_built_is_built_from_scratch(tmp_path: Path) -> None:
    # given a builder that fails half-way
    place = tmp_path / "data"

    def build_half() -> None:
        with folder_beside(place) as draft:
            draft.mkdir()
            (draft / "half").touch()
            refuse()

    with pytest.raises(OSError, match="disk is full"):
        build_half()

    # then nothing of it is left, not even on a disk that is full
    assert list(tmp_path.iterdir()) == []

    # and what a killed one has left is in no folder
    (tmp_path / "data.new").mkdir()
    (tmp_path / "data.new" / "half").touch()
    with folder_beside(place) as draft:
        draft.mkdir()
    assert list(place.iterdir()) == []
