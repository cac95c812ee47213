"""Read the sheets of an Excel workbook (xlsx) row by row."""

import csv
import io
import zipfile
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from itertools import islice
from typing import IO, Any

from readmission.files.layout import Table, table_of
from readmission.files.limits import Budget, FileError, TruncatedFile
from readmission.files.parts import of_one_layout
from readmission.files.workbook_parts import Parts

WORKBOOK = "xl/workbook.xml"
"""The member that makes a zip a workbook."""
MAX_COLUMNS = 300
"""Columns that are read; a contract has fewer, and a sheet may declare 16,384."""
_ROWS_PER_CHUNK = 200


def tables_in_workbook(
    file: IO[bytes],
    archive: zipfile.ZipFile,
    columns: Collection[str],
    key: str,
    budget: Budget,
) -> Iterator[Table]:
    """Yield the tables of one layout in a workbook, in the order of its sheets.

    A cell is read as Excel shows it without a format: a whole number has no decimals, an empty
    cell is an empty value, and a formula is its last result.

    Raises
    ------
    FileTooLarge
        If a part of the workbook exceeds a limit.
    FileError
        If no sheet has the columns, or sheets have different ones; it names them.
    """
    budget.take(sum(member.file_size for member in archive.infolist()))
    with closing(_opened(file, Parts(archive))) as book:
        found = [
            table_of(_header(sheet, columns), columns, sheet.title) for sheet in book.worksheets
        ]
        for part in of_one_layout(found, columns, key, "sheets"):
            yield table_of(_written(_rows(book[part]), columns), columns, part)


def _opened(file: IO[bytes], parts: Parts) -> Any:
    # Imported lazily, because most files are not workbooks.
    try:
        from openpyxl.reader.excel import ExcelReader
    except ImportError as error:
        raise FileError("is an Excel workbook, and openpyxl is not installed") from error
    with _damage_named():
        # This is what `openpyxl.load_workbook` does, but for the archive.
        reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
        reader.archive = parts
        reader.read()
    return reader.wb


@contextmanager
def _damage_named() -> Iterator[None]:
    """Turn what openpyxl raises about a damaged workbook into `TruncatedFile`."""
    try:
        yield
    except FileError:
        raise
    except Exception as error:
        raise TruncatedFile("Excel workbook", type(error).__name__) from error


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the values of each row; the size that a sheet declares is often wrong."""
    sheet.reset_dimensions()
    with _damage_named():
        yield from sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS)


def _header(sheet: Any, columns: Collection[str]) -> Iterator[bytes]:
    """Yield the first lines of a sheet."""
    return _written(islice(_rows(sheet), _ROWS_PER_CHUNK), columns)


def _written(rows: Iterator[tuple[Any, ...]], columns: Collection[str]) -> Iterator[bytes]:
    """Yield rows as lines of CSV that have as many values as the header.

    A row ends at its last value in a sheet, so a short row has empty cells at its end.
    """
    width, has_header = 0, False
    names = {name.lower() for name in columns}
    while chunk := list(islice(rows, _ROWS_PER_CHUNK)):
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        for row in chunk:
            cells = [_as_text(value) for value in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                # Rows above the header are the title of a report.
                if not has_header:
                    has_header = any(cell.strip().lower() in names for cell in cells)
                    width = len(cells)
                writer.writerow(cells + [""] * (width - len(cells)))
        yield text.getvalue().encode()


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).replace("\0", "")
