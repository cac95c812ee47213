"""The spool: complete segments, in order, bounded, and adopted by the next process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.prediction_log.spool import BLOCK, Segment, Spool, SpoolFull
from readmission.settings import CHECKOUT

MIB = 1 << 20


def contents(spool: Spool) -> list[bytes]:
    return [segment.path.read_bytes() for segment in spool.oldest(MIB)]


def test_segments_are_first_in_first_out(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", MIB)
    for content in (b"one", b"two", b"three"):
        spool.add(content)

    assert contents(spool) == [b"one", b"two", b"three"]

    spool.remove(spool.oldest(1))
    assert contents(spool) == [b"two", b"three"]


def test_the_oldest_segment_is_returned_however_large_it_is(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MIB)
    spool.add(b"x" * 3 * BLOCK)
    spool.add(b"y")

    assert contents(spool) == [b"x" * 3 * BLOCK, b"y"]
    assert len(spool.oldest(BLOCK)) == 1
    assert len(spool.oldest(4 * BLOCK)) == 2


def test_size_counts_whole_disk_blocks(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MIB)
    spool.add(b"x")
    spool.add(b"y" * (BLOCK + 1))
    assert spool.size == 3 * BLOCK

    spool.remove(spool.oldest(MIB))
    assert spool.size == 0


def test_a_full_spool_rejects_new_segments_and_keeps_old_ones(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 2 * BLOCK)
    spool.add(b"one")
    spool.add(b"two")

    with pytest.raises(SpoolFull):
        spool.add(b"three")

    assert contents(spool) == [b"one", b"two"]
    spool.remove(spool.oldest(1))
    spool.add(b"four")


def test_only_the_owner_may_read_the_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", MIB)
    spool.add(b"x")

    file = spool.oldest(1)[0].path
    assert [oct(path.stat().st_mode & 0o777) for path in (file, file.parent, tmp_path / "spool")] \
        == ["0o600", "0o700", "0o700"]  # fmt: skip


def test_segments_of_a_running_process_are_not_adopted(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, MIB), Spool(tmp_path, MIB)
    first.add(b"mine")

    second.open()

    assert contents(second) == []
    assert contents(first) == [b"mine"]


def test_segments_of_a_closed_spool_are_adopted(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, MIB), Spool(tmp_path, MIB)
    first.add(b"one")
    second.add(b"two")
    first.add(b"three")
    for spool in (first, second):
        spool.close()
        with pytest.raises(OSError, match="closed"):
            spool.add(b"too late")

    successor = Spool(tmp_path, MIB)
    successor.open()

    assert contents(successor) == [b"one", b"two", b"three"]
    assert successor.size == 3 * BLOCK
    assert len(list(tmp_path.iterdir())) == 1


def test_segments_of_a_killed_process_are_adopted_without_drafts(tmp_path: Path) -> None:
    # given a process that dies while it writes
    script = f"""
import os, signal, sys
from pathlib import Path
from api.prediction_log.spool import Spool
spool = Spool(Path({str(tmp_path)!r}), {MIB})
spool.add(b"whole")
whole = spool.oldest(1)[0].path
whole.with_name(f".{{whole.name}}.half").write_bytes(b"ha")
os.kill(os.getpid(), signal.SIGKILL)
"""
    paths = os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "include")])
    killed = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": paths}, cwd=CHECKOUT
    )
    assert killed.returncode == -9

    # when
    successor = Spool(tmp_path, MIB)
    successor.open()

    # then
    assert contents(successor) == [b"whole"]
    assert not list(tmp_path.rglob("*.half"))


def test_an_empty_spool_deletes_its_folder(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MIB)
    spool.add(b"x")
    spool.remove(spool.oldest(1))

    spool.close()

    assert list(tmp_path.iterdir()) == []


def test_creating_the_folder_is_retried(tmp_path: Path) -> None:
    # given a file where the folder should be
    (tmp_path / "spool").write_text("")
    spool = Spool(tmp_path / "spool", MIB)
    with pytest.raises(OSError, match="exists"):
        spool.add(b"x")
    assert spool.size == 0

    # when
    (tmp_path / "spool").unlink()
    spool.add(b"x")

    # then
    assert contents(spool) == [b"x"]


def test_an_unreadable_segment_is_left_to_the_next_process(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MIB)
    spool.add(b"x")

    spool.forget(spool.oldest(1))
    spool.forget([Segment(tmp_path / "unknown", BLOCK)])
    assert spool.size == 0
    spool.close()

    successor = Spool(tmp_path, MIB)
    successor.open()
    assert contents(successor) == [b"x"]
