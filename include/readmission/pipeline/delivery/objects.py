"""Objects below a prefix of an object store, read as files are."""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa
from pyarrow import fs

from readmission.pipeline.delivery.arrival import Arrival, Clock
from readmission.pipeline.delivery.regular import shown
from readmission.warehouse.raw.file_facts import FileStatus

READ_BYTES = 1 << 20
"""Bytes of one request; headers and the directory of a zip are read in small pieces."""
_CLOCK_NS = 2_000_000_000
"""Stores give whole seconds, so an object may change once more within the same one."""


@dataclass(frozen=True)
class StoredObject(Arrival):
    """An object, which appears under its name once it is whole.

    Parameters
    ----------
    path, settle, now, folder
        As for a file.
    address : str
        ``bucket/key``.
    store : FileSystem
        Where it is.
    """

    address: str = ""
    store: Any = None

    def __str__(self) -> str:
        return shown(self.key)

    @property
    def key(self) -> str:
        """Its address."""
        return f"s3://{self.address}"

    def open(self) -> IO[bytes]:
        """Open the object; only what is read is fetched."""
        raw = cast("io.RawIOBase", self.store.open_input_file(self.address))
        return io.BufferedReader(raw, READ_BYTES)

    def status(self, _found: object = None) -> FileStatus:
        """Return what the store says about the object."""
        info = self.store.get_file_info(self.address)
        if info.type is not fs.FileType.File:
            raise FileNotFoundError(2, "there is no such object")
        is_old = self.now() * 1e9 - info.mtime_ns >= _CLOCK_NS
        return FileStatus(info.size, info.mtime_ns, info.mtime_ns if is_old else 0, True)


def below(
    prefix: str, is_delivered: Callable[[str], bool], now: Clock = time.time
) -> list[StoredObject]:
    """Return the objects below a prefix in the order of their names, or the one object it names.

    Parameters
    ----------
    prefix : str
        ``s3://bucket/prefix``. The environment names the store and its keys (``AWS_ENDPOINT_URL``,
        ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``), unless the machine has a role.
    is_delivered : callable
        Whether a name is that of a delivered file.
    now : callable
        The clock, in seconds since 1970.

    Raises
    ------
    OSError
        If the store cannot be reached, has no such bucket, or the address is malformed.
    """
    store, infos = _delivered(prefix, is_delivered)
    return [
        StoredObject(Path(info.path), now=now, address=info.path, store=store) for info in infos
    ]


def listing(prefix: str, is_delivered: Callable[[str], bool]) -> tuple[tuple[str, int, int], ...]:
    """Return name, size and time of the same objects, from the listing alone.

    Raises
    ------
    OSError
        As for `below`.
    """
    _, infos = _delivered(prefix, is_delivered)
    return tuple((info.path, info.size or 0, info.mtime_ns or 0) for info in infos)


def _delivered(
    prefix: str, is_delivered: Callable[[str], bool]
) -> tuple[fs.FileSystem, list[fs.FileInfo]]:
    """Return the store, and what was delivered below the prefix, by name."""
    try:
        store, root = fs.FileSystem.from_uri(prefix.rstrip("/"))
        found = store.get_file_info(root)
        infos = [found]
        if found.type is not fs.FileType.File:
            infos = store.get_file_info(fs.FileSelector(root, allow_not_found=True))
    except pa.ArrowInvalid as error:
        raise OSError(str(error)) from error
    files = [
        info
        for info in infos
        if info.type is fs.FileType.File and (info.path == root or is_delivered(info.base_name))
    ]
    return store, sorted(files, key=lambda info: info.path)
