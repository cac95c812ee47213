"""A bounded queue on disk for chunks that cannot be delivered yet; oldest first."""

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
"""Smallest disk space of a file; counting it keeps many small files within the limit."""


class SpoolFull(Exception):
    """The spool has reached its size limit."""


@dataclass(frozen=True)
class Segment:
    """One file of the spool and its disk space."""

    path: Path
    size: int


class Spool:
    """Segments of one process, in a folder that several processes share.

    Each process has its own subfolder and holds a lock on it while it runs. A process that starts
    adopts the segments of dead processes.

    A full spool rejects new chunks and keeps its old ones: no stored prediction is lost, and the
    log has one gap instead of many.

    Parameters
    ----------
    folder : Path
        Shared by processes; created if missing, readable by its owner only.
    limit : int
        Bytes of disk space for this process.
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
        """Disk space of the segments."""
        return self._size

    def open(self) -> None:
        """Create the subfolder and adopt segments of dead processes; no effect if open.

        Raises
        ------
        OSError
            If that fails; a later call retries.
        """
        with self._guard:
            self._opened()

    def _opened(self) -> Path:
        if self._closed:
            raise OSError(errno.EBADF, "the spool is closed")
        if self._mine is None:
            self._mine = self._create_folder()
        return self._mine

    def _create_folder(self) -> Path:
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
                os.close(lock)  # The next attempt adopts this folder too.
                self._empty()
                raise
        self._lock = lock
        return mine

    def _adopt(self, mine: Path) -> None:
        others = [path for path in self._folder.iterdir() if path.is_dir() and path != mine]
        for folder in others:
            # Skip folders that a running process has locked, or that are not readable.
            with suppress(OSError), _locked(folder, fcntl.LOCK_NB):
                for path in folder.glob(f"*{SUFFIX}"):
                    path.rename(mine / path.name)
                shutil.rmtree(folder, ignore_errors=True)
        found = sorted(mine.iterdir(), key=lambda path: path.name)
        for segment in [Segment(path, _disk(path.stat().st_size)) for path in found]:
            self._append(segment)

    def add(self, content: bytes) -> None:
        """Store `content` atomically and durably.

        Raises
        ------
        SpoolFull
            If it exceeds the limit.
        OSError
            If it cannot be written.
        """
        size = _disk(len(content))
        with self._guard:
            mine = self._opened()
            if self._size + size > self._limit:
                raise SpoolFull
            self._count += 1
            # Names begin with the time, so that sorting by name sorts all processes' segments.
            name = f"{time.time_ns():020d}-{mine.name}-{self._count}{SUFFIX}"
            self._append(Segment(_write(mine / name, content), size))

    def _append(self, segment: Segment) -> None:
        self._segments.append(segment)
        self._size += segment.size

    def oldest(self, limit: int) -> list[Segment]:
        """Return the oldest segments: at least one, further ones up to `limit` bytes."""
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
        """Leave unreadable segments on disk, for the next process."""
        with self._guard:
            for segment in segments:
                with suppress(ValueError):
                    self._segments.remove(segment)
                    self._size -= segment.size

    def remove(self, segments: Collection[Segment]) -> None:
        """Delete segments; those that cannot be deleted stay for the next process."""
        self.forget(segments)
        for segment in segments:
            with suppress(OSError):
                segment.path.unlink()

    def close(self) -> None:
        """Release the folder; its segments wait for another process."""
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
    """Return the disk space of a file."""
    return -(-size // BLOCK) * BLOCK


def _write(path: Path, content: bytes) -> Path:
    try:
        write_whole(path, content, durable=True)
    except OSError:
        # If only the sync of the folder failed, the file exists.
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
