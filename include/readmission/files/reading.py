"""Read tables of text from a file in any format, in bounded memory."""

from collections.abc import Callable, Collection, Iterator
from typing import IO

from readmission.files.archive import open_zip, tables_in_zip
from readmission.files.formats import HEAD_BYTES, READABLE_FORMATS, Format, format_of
from readmission.files.layout import Table, table_of
from readmission.files.limits import DEFAULT_LIMITS, Budget, FileError, Limits
from readmission.files.text import as_utf8, observed, whole_lines
from readmission.files.unpacking import chunks_of, decompressed, size_of
from readmission.files.workbook import WORKBOOK, tables_in_workbook


def read_tables(
    file: IO[bytes],
    columns: Collection[str],
    key: str,
    limits: Limits = DEFAULT_LIMITS,
    *,
    is_complete: bool = True,
    zero_bytes: bool = False,
    seen: Callable[[bytes], object] = lambda _text: None,
) -> Iterator[Table]:
    """Yield the tables of a file, which all have the same columns, to be read one after another.

    The content tells the format, not the name: CSV with comma, semicolon, tab or bar in UTF-8,
    UTF-16 or Windows-1252, the same packed by gzip, bzip2 or zstd, a zip of one or several CSVs,
    or an Excel workbook.

    Parameters
    ----------
    file : IO of bytes
        Open at its beginning; it must allow seeking.
    columns : collection of str
        The columns of the contract; they find the delimiter and the tables in an archive.
    key : str
        The column that tells the rows from those of other tables.
    limits : Limits
        Limits of unpacking.
    is_complete : bool
        Whether the last line of a text is complete although it has no line end.
    zero_bytes : bool
        Whether the text of CSVs may have zero bytes, with which the caller deals.
    seen : callable
        Called with each piece of the text of CSVs before it is read, such as to hash it.

    Raises
    ------
    FileError
        If the file cannot be read; also while a table is read.
    """
    budget = Budget(limits, size_of(file))
    kind = format_of(file.read(HEAD_BYTES))
    file.seek(0)
    if kind is Format.PARQUET:
        raise FileError(f"is a {kind}; send {READABLE_FORMATS}")
    if kind is Format.ZIP:
        with open_zip(file, limits) as archive:
            if WORKBOOK in archive.NameToInfo:
                yield from tables_in_workbook(file, archive, columns, key, budget)
            else:
                yield from tables_in_zip(archive, columns, key, budget, seen, zero_bytes=zero_bytes)
        return
    packed = kind is not Format.TEXT
    chunks = budget.counted(decompressed(file, kind)) if packed else chunks_of(file)
    text = as_utf8(chunks, complete=is_complete, zero_bytes=zero_bytes)
    lines = text if is_complete or packed else whole_lines(text)
    yield table_of(observed(lines, seen), columns)
