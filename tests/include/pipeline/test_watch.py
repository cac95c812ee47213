"""A delivery is noticed once: when files are new or have changed, and are whole."""

from pathlib import Path

import pytest

from readmission.errors import DatasetError
from readmission.pipeline.delivery.watch import Watch, list_files


def looks(watch: Watch, number: int = 3) -> list[bool]:
    return [watch.has_delivery() for _ in range(number)]


def test_a_delivery_is_noticed_once_it_stands_still(tmp_path: Path) -> None:
    # given a folder without a file
    watch = Watch(tmp_path)
    assert looks(watch) == [False, False, False]

    # when a file is being written
    file = tmp_path / "a.csv"
    growing = []
    for text in ("a", "ab", "abc"):
        file.write_text(text)
        growing.append(watch.has_delivery())

    # then it is noticed when it no longer changes, and once
    assert growing == [False, False, False]
    assert looks(watch) == [True, False, False]
    # and a second file too
    (tmp_path / "b.csv").write_text("b")
    assert looks(watch) == [False, True, False]
    # and a file of the same size that replaces the first
    file.write_text("cba")
    assert looks(watch) == [False, True, False]


def test_what_came_while_nobody_watched_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    first = looks(Watch(tmp_path))

    assert first == looks(Watch(tmp_path)) == [False, True, False]


def test_drafts_and_a_missing_file_are_no_delivery(tmp_path: Path) -> None:
    (tmp_path / "a.csv.part").write_text("a")
    (tmp_path / "sub").mkdir()

    assert list_files(tmp_path) == list_files(tmp_path / "later.csv") == ()
    assert looks(Watch(tmp_path)) == [False, False, False]


def test_an_address_with_keys_in_it_is_refused() -> None:
    with pytest.raises(DatasetError, match="an address with keys in it is refused"):
        Watch("s3://AKIA:hidden@bucket/in").has_delivery()
