"""Read the CSV files in a zip."""

import zipfile
from collections.abc import Callable, Collection, Iterator
from pathlib import PurePosixPath
from typing import IO, Any

from readmission.files.layout import Table, table_of
from readmission.files.limits import Budget, FileError, FileTooLarge, Limits
from readmission.files.parts import of_one_layout
from readmission.files.text import as_utf8, observed
from readmission.files.unpacking import CHUNK_BYTES, chunks_of, damage_named

SUFFIXES = (".csv", ".tsv")
_DIRECTORY_BYTES = 1 << 20
"""Largest list of members; zipfile would hold any list in memory."""
_HEADER_CHUNK = 1 << 14
_ENCRYPTED = 1
_NAMED = 3
"""Members that a message names."""


class _SmallDirectory:
    """A file from which zipfile cannot read a huge list of members at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Read as the file does, but never more than the limit."""
        if size > _DIRECTORY_BYTES:
            raise FileTooLarge("is a zip with too many files; split it into smaller ones")
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def open_zip(file: IO[bytes], limits: Limits) -> zipfile.ZipFile:
    """Open a zip that has a list of members within the limits and no password."""
    with damage_named("zip"):
        archive = zipfile.ZipFile(_SmallDirectory(file))
    members = archive.infolist()
    if len(members) > limits.members:
        raise FileTooLarge(f"is a zip of {len(members):,} files; at most {limits.members:,} may be")
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise FileError("is a zip with a password; send it without one")
    return archive


def tables_in_zip(
    archive: zipfile.ZipFile,
    columns: Collection[str],
    key: str,
    budget: Budget,
    seen: Callable[[bytes], object],
    *,
    zero_bytes: bool = False,
) -> Iterator[Table]:
    """Yield the tables of one layout in a zip, in its order.

    Parameters are those of `reading.read_tables`.

    Raises
    ------
    FileError
        If it has none, or tables of different layouts; it names them.
    """
    members = [member for member in archive.infolist() if _is_csv(member.filename)]
    if not members:
        others = ", ".join(archive.namelist()[:_NAMED])
        raise FileError(f"contains no CSV with a column {key!r}; it contains {others or 'nothing'}")
    found = [
        table_of(as_utf8(_content(archive, member, _HEADER_CHUNK)), columns, member.filename)
        for member in members
    ]
    for part in of_one_layout(found, columns, key, "CSVs"):
        chunks = budget.counted(_content(archive, archive.getinfo(part)))
        text = as_utf8(chunks, zero_bytes=zero_bytes)
        yield table_of(observed(text, seen), columns, part)


def _is_csv(name: str) -> bool:
    path = PurePosixPath(name)
    is_hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return path.suffix.lower() in SUFFIXES and not is_hidden


def _content(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, size: int = CHUNK_BYTES
) -> Iterator[bytes]:
    with damage_named("zip"):
        try:
            opened = archive.open(member)
        except NotImplementedError as error:
            raise FileError(
                f"is a zip whose compression is unknown here ({error}); use the usual one"
            ) from error
        with opened:
            yield from chunks_of(opened, size)
