"""A bounded queue on disk: lines of the prediction log on their way to the database."""

import errno
import fcntl
import os
import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from api.errors import log
from readmission.files import sync_folder
from readmission.logs import where

SUFFIX = ".segment"
SEGMENT_BYTES = 4 << 20
"""A file of this size is finished; one transaction copies it to the database."""
_NEW = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL


class SpoolFull(Exception):
    """The spool has reached its size limit."""


@dataclass(eq=False)
class Segment:
    """One file of the spool: its size in bytes, the bytes that were synced, and its lines."""

    path: Path
    size: int = 0
    synced: int = 0
    rows: int = 0
    descriptor: int = -1


class Spool:
    """Files of one process, in a folder that several processes share.

    A line that `add` has taken survives `kill -9` of the process; after `sync` it survives a
    crash of the machine, too. Each process has its own subfolder and holds a lock on it while it
    runs; `adopt` takes over the files of dead processes.

    A full spool rejects new lines and keeps its old ones, so the log has one gap instead of many.

    Parameters
    ----------
    folder : Path
        Shared by processes; created if missing, readable by its owner only.
    limit : int
        Bytes for this process.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._mine: Path | None = None
        self._lock = -1
        self._active: Segment | None = None
        self._finished: deque[Segment] = deque()
        self._size = self._rows = self._count = 0
        self._closed = False
        self._guard = threading.Lock()
        self._syncing = threading.Lock()  # Taken before the guard, so that no write waits for it.

    @property
    def size(self) -> int:
        """Bytes of all lines."""
        return self._size

    @property
    def rows(self) -> int:
        """Number of lines."""
        return self._rows

    @property
    def has_finished(self) -> bool:
        """Whether there are files besides the one being written."""
        return bool(self._finished)

    def add(self, line: bytes) -> None:
        """Append one line, which ends with a newline and has no other.

        Raises
        ------
        SpoolFull
            If it exceeds the limit.
        OSError
            If it cannot be written; nothing of it remains then.
        """
        with self._guard:
            if self._size + len(line) > self._limit:
                raise SpoolFull
            active = self._active = self._active or self._begin()
            try:
                if os.write(active.descriptor, line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                self._cut(active)
                raise
            active.size += len(line)
            active.rows += 1
            self._size += len(line)
            self._rows += 1
            if active.size >= SEGMENT_BYTES:
                self._finish()

    def _begin(self) -> Segment:
        mine = self._opened()
        self._count += 1
        # Names begin with the time, so that sorting by name sorts all processes' segments.
        path = mine / f"{time.time_ns():020d}-{mine.name}-{self._count}{SUFFIX}"
        return Segment(path, descriptor=os.open(path, _NEW, 0o600))

    def _cut(self, active: Segment) -> None:
        """Remove a partly written line; if that fails, the next line goes to another file."""
        try:
            os.ftruncate(active.descriptor, active.size)
        except OSError:
            self._finish()

    def _finish(self) -> None:
        if self._active is not None:
            self._finished.append(self._active)
            self._active = None

    def sync(self) -> None:
        """Sync all lines added so far to the disk, except those already in the database.

        Raises
        ------
        OSError
            If that fails; a later call retries.
        """
        with self._syncing:
            with self._guard:
                finished, active = tuple(self._finished), self._active
            for segment in finished:
                _sync(segment)
                _close(segment)
            if active is not None:
                _sync(active)

    def oldest(self) -> Segment | None:
        """Return the oldest file, which is closed for writing, or None if there is no line."""
        with self._guard:
            if not self._finished:
                self._finish()
            return self._finished[0] if self._finished else None

    def remove(self, segment: Segment) -> None:
        """Delete a file whose lines are in the database."""
        self.forget(segment)
        with suppress(OSError):
            segment.path.unlink()

    def forget(self, segment: Segment) -> None:
        """Leave an unreadable file on disk, for the next process."""
        with self._syncing, self._guard, suppress(ValueError):
            self._finished.remove(segment)
            self._size -= segment.size
            self._rows -= segment.rows
            _close(segment)

    def adopt(self) -> None:
        """Take over the files of dead processes; they are older than those of this process.

        Raises
        ------
        OSError
            If this process cannot create its own folder.
        """
        with self._guard:
            mine = self._opened()
        found: list[Path] = []
        with _locked(self._folder):
            others = [path for path in self._folder.iterdir() if path.is_dir() and path != mine]
            for folder in others:
                # Skip folders that a running process has locked, or that are not readable.
                with suppress(OSError), _locked(folder, fcntl.LOCK_NB):
                    paths = folder.glob(f"*{SUFFIX}")
                    found.extend(path.rename(mine / path.name) for path in paths)
                    shutil.rmtree(folder, ignore_errors=True)
        adopted = [s for s in map(_adopted, sorted(found, reverse=True)) if s is not None]
        with self._guard:
            self._finished.extendleft(adopted)
            self._size += sum(segment.size for segment in adopted)
            self._rows += sum(segment.rows for segment in adopted)

    def _opened(self) -> Path:
        if self._closed:
            raise OSError(errno.EBADF, "the spool is closed")
        if self._mine is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _locked(self._folder):
                mine = self._folder / secrets.token_hex(8)
                mine.mkdir(mode=0o700)
                self._lock = _open_folder(mine)
                fcntl.flock(self._lock, fcntl.LOCK_EX)
                sync_folder(self._folder)
            self._mine = mine
        return self._mine

    def close(self) -> None:
        """Release the folder; its files wait for another process."""
        with suppress(OSError):
            self.sync()
        with self._syncing, self._guard:
            self._closed = True
            self._finish()
            for segment in self._finished:
                _close(segment)
            self._finished.clear()
            self._size = self._rows = 0
            if self._mine is not None:
                with suppress(OSError):
                    self._mine.rmdir()
                os.close(self._lock)
                self._mine = None


def _adopted(path: Path) -> Segment | None:
    try:
        content = path.read_bytes()
    except OSError as error:
        log.error("a spool file cannot be read: %s", where(error))
        return None
    return Segment(path, len(content), len(content), content.count(b"\n"))


def _sync(segment: Segment) -> None:
    size = segment.size
    if segment.synced == size:
        return
    os.fdatasync(segment.descriptor)
    if not segment.synced:
        sync_folder(segment.path.parent)
    segment.synced = size


def _close(segment: Segment) -> None:
    if segment.descriptor >= 0:
        os.close(segment.descriptor)
        segment.descriptor = -1


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
