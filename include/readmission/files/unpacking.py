"""Unpack compressed files piece by piece."""

import bz2
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, Any

from readmission.files.formats import HEAD_BYTES, Format, format_of
from readmission.files.limits import FileError, TruncatedFile

CHUNK_BYTES = 1 << 20
_DAMAGE = (EOFError, OSError, zlib.error, zipfile.BadZipFile)


def chunks_of(file: IO[bytes] | Any, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the bytes of a file in pieces."""
    return iter(partial(file.read, size), b"")


def size_of(file: IO[bytes]) -> int:
    """Return the size of a file, which is open at its beginning."""
    size = file.seek(0, 2)
    file.seek(0)
    return size


@contextmanager
def damage_named(kind: str) -> Iterator[None]:
    """Turn what a library raises about damaged data into `TruncatedFile`."""
    try:
        yield
    except _DAMAGE as error:
        raise TruncatedFile(kind, error) from error


def decompressed(file: IO[bytes], kind: Format) -> Iterator[bytes]:
    """Yield the content of a gzip, bzip2 or zstd file.

    Raises
    ------
    TruncatedFile
        If it is damaged.
    FileError
        If the content is packed again.
    """
    with damage_named(kind):
        opened = _OPENERS[kind](file)
        head = opened.read(CHUNK_BYTES)
        inner = format_of(head[:HEAD_BYTES])
        if inner is not Format.TEXT:
            raise FileError(f"is a {inner} inside a {kind}; unpack it once")
        yield head
        yield from chunks_of(opened)


def _zstd(file: IO[bytes]) -> Any:
    # Imported lazily: Arrow takes 60 MB.
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(_Borrowed(file), mode="r"), "zstd")


class _Borrowed(io.RawIOBase):
    """A file that Arrow cannot close, because the caller reads it again."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read as the file does."""
        return self._file.read(size)


_OPENERS: dict[Format, Callable[[IO[bytes]], Any]] = {
    Format.GZIP: lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
    Format.BZIP2: bz2.BZ2File,
    Format.ZSTD: _zstd,
}
