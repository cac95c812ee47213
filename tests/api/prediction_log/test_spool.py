"""The spool: whole lines, in order, bounded, and adopted by the next process."""

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.prediction_log import spool as spool_module
from api.prediction_log.spool import Segment, Spool, SpoolFull
from readmission.settings import CHECKOUT

MIB = 1 << 20


def contents(spool: Spool) -> list[bytes]:
    """Take all files from a spool; return what was in them."""
    found = []
    while segment := spool.oldest():
        found.append(segment.path.read_bytes())
        spool.remove(segment)
    return found


def test_lines_are_first_in_first_out(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", MIB)
    spool.add(b"one\n")
    spool.add(b"two\n")
    oldest = spool.oldest()
    spool.add(b"three\n")

    assert oldest is not None
    assert oldest.path.read_bytes() == b"one\ntwo\n"
    assert spool.oldest() is oldest  # until it is removed
    assert (spool.size, spool.rows) == (14, 3)

    assert contents(spool) == [b"one\ntwo\n", b"three\n"]
    assert (spool.size, spool.rows, spool.oldest()) == (0, 0, None)


def test_a_large_file_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "SEGMENT_BYTES", 8)
    spool = Spool(tmp_path, MIB)
    for line in (b"one\n", b"two\n", b"three\n"):
        assert not spool.has_finished or line == b"three\n"
        spool.add(line)

    assert contents(spool) == [b"one\ntwo\n", b"three\n"]


def test_a_line_is_on_disk_once_it_is_added(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MIB)
    spool.add(b"one\n")

    [file] = tmp_path.rglob("*.segment")
    assert file.read_bytes() == b"one\n"


def test_sync_syncs_every_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    spool = Spool(tmp_path, MIB)
    spool.sync()
    assert synced == []

    spool.add(b"one\n")
    spool.oldest()  # finishes the first file
    spool.add(b"two\n")
    spool.sync()
    spool.sync()
    assert len(set(synced)) == 2 == len(synced)

    spool.add(b"three\n")
    spool.sync()
    assert len(synced) == 3


def test_a_sync_that_fails_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    spool = Spool(tmp_path, MIB)
    spool.add(b"one\n")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", failing)
        for _ in range(2):
            with pytest.raises(OSError, match="Input/output"):
                spool.sync()

    spool.sync()
    assert contents(spool) == [b"one\n"]


def test_a_full_spool_rejects_new_lines_and_keeps_old_ones(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 8)
    spool.add(b"one\n")
    spool.add(b"two\n")

    with pytest.raises(SpoolFull):
        spool.add(b"three\n")

    assert contents(spool) == [b"one\ntwo\n"]
    spool.add(b"four\n")


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_line_that_fits_only_partly_leaves_nothing_behind(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MIB)
    spool.add(b"one\n")

    with file_size_limit(6):
        for _ in range(3):
            with pytest.raises(OSError, match=r"No space|too large"):
                spool.add(b"two\n")
    spool.add(b"three\n")

    assert (spool.size, spool.rows) == (10, 2)
    assert contents(spool) == [b"one\nthree\n"]


def test_a_part_that_cannot_be_removed_does_not_damage_the_next_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(descriptor: int, size: int) -> None:
        raise OSError(5, "Input/output error")

    spool = Spool(tmp_path, MIB)
    spool.add(b"one\n")
    with monkeypatch.context() as patched, file_size_limit(6):
        patched.setattr(os, "ftruncate", failing)
        with pytest.raises(OSError, match="No space"):
            spool.add(b"two\n")
    spool.add(b"three\n")

    assert contents(spool) == [b"one\ntw", b"three\n"]


def test_only_the_owner_may_read_the_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", MIB)
    spool.add(b"x\n")

    [file] = tmp_path.rglob("*.segment")
    assert [oct(path.stat().st_mode & 0o777) for path in (file, file.parent, tmp_path / "spool")] \
        == ["0o600", "0o700", "0o700"]  # fmt: skip


def test_files_of_a_running_process_are_not_adopted(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, MIB), Spool(tmp_path, MIB)
    first.add(b"mine\n")

    second.adopt()

    assert contents(second) == []
    assert contents(first) == [b"mine\n"]


def test_files_of_closed_spools_are_adopted_and_come_first(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, MIB), Spool(tmp_path, MIB)
    first.add(b"one\n")
    second.add(b"two\n")
    first.oldest()
    first.add(b"three\n")
    for spool in (first, second):
        spool.close()
        with pytest.raises(OSError, match="closed"):
            spool.add(b"too late\n")

    successor = Spool(tmp_path, MIB)
    successor.add(b"four\n")
    successor.adopt()

    assert (successor.size, successor.rows) == (19, 4)
    assert contents(successor) == [b"one\n", b"two\n", b"three\n", b"four\n"]
    assert len(list(tmp_path.iterdir())) == 1


def test_files_of_a_killed_process_are_adopted(tmp_path: Path) -> None:
    # given a process that is killed while it writes its second line
    script = f"""
import os, signal
from pathlib import Path
from api.prediction_log.spool import Spool
spool = Spool(Path({str(tmp_path)!r}), {MIB})
spool.add(b"whole\\n")
[file] = Path({str(tmp_path)!r}).rglob("*.segment")
with file.open("ab") as half:
    half.write(b"ha")
os.kill(os.getpid(), signal.SIGKILL)
"""
    paths = os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "include")])
    killed = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": paths}, cwd=CHECKOUT
    )
    assert killed.returncode == -9

    # when
    successor = Spool(tmp_path, MIB)
    successor.adopt()

    # then
    assert successor.rows == 1
    assert contents(successor) == [b"whole\nha"]


def test_an_empty_spool_deletes_its_folder(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MIB)
    spool.add(b"x\n")
    contents(spool)

    spool.close()

    assert list(tmp_path.iterdir()) == []


def test_creating_the_folder_is_retried(tmp_path: Path) -> None:
    # given a file where the folder should be
    (tmp_path / "spool").write_text("")
    spool = Spool(tmp_path / "spool", MIB)
    with pytest.raises(OSError, match="exists"):
        spool.add(b"x\n")
    assert spool.size == 0

    # when
    (tmp_path / "spool").unlink()
    spool.add(b"x\n")

    # then
    assert contents(spool) == [b"x\n"]


def test_an_unreadable_file_is_left_to_the_next_process(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MIB)
    spool.add(b"x\n")
    segment = spool.oldest()
    assert segment is not None

    spool.forget(segment)
    spool.forget(Segment(tmp_path / "unknown", 7))
    assert (spool.size, spool.rows) == (0, 0)
    spool.close()

    successor = Spool(tmp_path, MIB)
    successor.adopt()
    assert contents(successor) == [b"x\n"]


def test_a_line_does_not_wait_for_a_slow_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a sync that does not end
    spool, reached, ended = Spool(tmp_path, MIB), threading.Event(), threading.Event()
    spool.add(b"first\n")

    def hang(_descriptor: int) -> None:
        reached.set()
        ended.wait(60)

    monkeypatch.setattr(os, "fdatasync", hang)
    syncing = threading.Thread(target=spool.sync, daemon=True)
    syncing.start()
    assert reached.wait(60)

    # when a line is added meanwhile
    adding = threading.Thread(target=spool.add, args=(b"second\n",), daemon=True)
    adding.start()
    adding.join(20)

    # then it is on disk
    assert not adding.is_alive()
    assert spool.rows == 2
    ended.set()
    syncing.join(60)
    spool.close()
