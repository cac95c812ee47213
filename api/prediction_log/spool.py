"""A bounded place on disk for what cannot be delivered yet: whole files, oldest first out."""

import errno
import fcntl
import os
import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from readmission.files import sync_folder, write_whole

SUFFIX = ".segment"
BLOCK = 4096
"""Bytes that a file takes at least: many small ones must not fill a disk behind the limit."""


class SpoolFull(Exception):
    """The limit is reached."""


@dataclass(frozen=True)
class Segment:
    """One file of the spool and the disk it takes."""

    path: Path
    size: int


class Spool:
    """Segments of one process, in a folder that several processes share.

    Every process keeps its segments in a folder of its own, which it holds locked for as
    long as it lives. What a dead process has left is adopted by the next that starts.

    A full spool refuses what is new and keeps what it has: nothing that was safe is given
    up again, the gap in the log is one stretch of time, and a disk in trouble is not
    written to all the while.

    Parameters
    ----------
    folder : Path
        Shared by processes; made if need be, readable by its owner alone.
    limit : int
        Bytes of disk that this process may take.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._mine: Path | None = None
        self._lock = -1
        self._segments: deque[Segment] = deque()
        self._size = 0
        self._count = 0
        self._closed = False
        self._guard = threading.Lock()

    @property
    def size(self) -> int:
        """Disk taken by the segments."""
        return self._size

    def open(self) -> None:
        """Take a folder and adopt the segments of the dead; no effect if done before.

        Raises
        ------
        OSError
            If that is not possible now; it may be later.
        """
        with self._guard:
            self._opened()

    def _opened(self) -> Path:
        if self._closed:
            raise OSError(errno.EBADF, "the spool is closed")
        if self._mine is None:
            self._mine = self._take_folder()
        return self._mine

    def _take_folder(self) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(self._folder):
            mine = self._folder / secrets.token_hex(8)
            mine.mkdir(mode=0o700)
            lock = _open_folder(mine)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._adopt(mine)
                sync_folder(self._folder)
            except OSError:
                os.close(lock)  # so that the next attempt adopts this folder too
                self._empty()
                raise
        self._lock = lock
        return mine

    def _adopt(self, mine: Path) -> None:
        others = [path for path in self._folder.iterdir() if path.is_dir() and path != mine]
        for folder in others:
            # Its owner lives, or it is not ours to read: either way it is left alone.
            with suppress(OSError), _locked(folder, fcntl.LOCK_NB):
                for path in folder.glob(f"*{SUFFIX}"):
                    path.rename(mine / path.name)
                shutil.rmtree(folder, ignore_errors=True)
        found = sorted(mine.iterdir(), key=lambda path: path.name)
        for segment in [Segment(path, _disk(path.stat().st_size)) for path in found]:
            self._append(segment)

    def add(self, content: bytes) -> None:
        """Keep `content`, whole or not at all; it survives the process and the machine.

        Raises
        ------
        SpoolFull
            If it does not fit.
        OSError
            If the disk does not take it.
        """
        size = _disk(len(content))
        with self._guard:
            mine = self._opened()
            if self._size + size > self._limit:
                raise SpoolFull
            self._count += 1
            # In the order of names, segments of all processes are in the order of time.
            name = f"{time.time_ns():020d}-{mine.name}-{self._count}{SUFFIX}"
            self._append(Segment(_write(mine / name, content), size))

    def _append(self, segment: Segment) -> None:
        self._segments.append(segment)
        self._size += segment.size

    def oldest(self, limit: int) -> list[Segment]:
        """Return the segments that have waited longest: one, or more if `limit` bytes hold them."""
        with self._guard:
            found = list(islice(self._segments, 1))
            room = limit - sum(segment.size for segment in found)
            for segment in islice(self._segments, 1, None):
                room -= segment.size
                if room < 0:
                    break
                found.append(segment)
            return found

    def forget(self, segments: Iterable[Segment]) -> None:
        """Leave segments to the next process, as they cannot be read."""
        with self._guard:
            for segment in segments:
                with suppress(ValueError):
                    self._segments.remove(segment)
                    self._size -= segment.size

    def remove(self, segments: Collection[Segment]) -> None:
        """Delete segments; what cannot be deleted is left to the next process."""
        self.forget(segments)
        for segment in segments:
            with suppress(OSError):
                segment.path.unlink()

    def close(self) -> None:
        """Let go of the folder: what is in it waits for another process."""
        with self._guard:
            self._closed = True
            if self._mine is None:
                return
            with suppress(OSError):
                self._mine.rmdir()
            os.close(self._lock)
            self._mine = None
            self._empty()

    def _empty(self) -> None:
        self._segments.clear()
        self._size = 0


def _disk(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _write(path: Path, content: bytes) -> Path:
    try:
        write_whole(path, content, durable=True)
    except OSError:
        # It is there if only the sync of its folder failed.
        with suppress(OSError):
            path.unlink()
        raise
    return path


def _open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


@contextmanager
def _locked(folder: Path, flags: int = 0) -> Iterator[None]:
    descriptor = _open_folder(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | flags)
        yield
    finally:
        os.close(descriptor)
