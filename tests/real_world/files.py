"""How hospitals export and send one table, and what is read of it on every way in.

A report from outside becomes one line. The table has a header and the rows of an export as text.
"""

import bz2
import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook

Rows = Sequence[Sequence[str]]
CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET = "application/vnd.apache.parquet"
ZIP, UNKNOWN = "application/zip", "application/octet-stream"
WINDOWS_ZIP = "application/x-zip-compressed"
CODES: Rows = [["admission_type_id", "description"], ["1", "Emergency"]]


def text(rows: Rows, delimiter: str = ",", end: str = "\n") -> str:
    sink = io.StringIO(newline="")
    csv.writer(sink, delimiter=delimiter, lineterminator=end).writerows(rows)
    return sink.getvalue()


def quoted(rows: Rows) -> bytes:
    sink = io.StringIO(newline="")
    csv.writer(sink, quoting=csv.QUOTE_ALL).writerows(rows)
    return sink.getvalue().encode()


def plain(rows: Rows) -> bytes:
    return text(rows).encode()


def spanish(rows: Rows, delimiter: str = ";") -> bytes:
    """Write what Excel in Spain does: a decimal comma, and so another delimiter."""
    commas = [[cell.replace(".", ",") for cell in row] for row in rows]
    return text(commas, delimiter, "\r\n").encode("utf-8-sig")


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(content)
    return sink.getvalue().to_pybytes()


def parquet(rows: Rows) -> bytes:
    """Return a Parquet file of texts."""
    header, *others = rows
    columns = zip(*others, strict=True)
    sink = io.BytesIO()
    pq.write_table(pa.table(dict(zip(header, map(list, columns), strict=True))), sink)
    return sink.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


def workbook(sheets: dict[str, Rows], names: Sequence[str] = ()) -> bytes:
    """Return a workbook; Excel turns everything that looks like a number into one."""
    book, sink = Workbook(write_only=True), io.BytesIO()
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append([_as_cell(value) for value in row])
    book.save(sink)
    return sink.getvalue()


def _as_cell(value: str) -> str | int | float | None:
    if value.isdigit():
        return int(value)
    return float(value) if value.replace(".", "", 1).isdigit() else value or None


def halves(rows: Rows) -> tuple[Rows, Rows]:
    header, *others = rows
    return [header, *others[:4]], [header, *others[4:]]


class Export(NamedTuple):
    """A file, its content type, and what is right: all rows, some refused rows, or an error."""

    name: str
    write: Callable[[Rows], bytes]
    content_type: str = CSV
    rows_refused: int = 0
    error: str = ""


EXPORTS = (
    Export("CSV", plain),
    Export("CSV with the line ends of Windows", lambda rows: text(rows, end="\r\n").encode()),
    Export("CSV with a byte order mark", lambda rows: text(rows).encode("utf-8-sig")),
    Export("semicolon and decimal comma", spanish),
    Export("tab and decimal comma", lambda rows: spanish(rows, "\t")),
    Export("tabs", lambda rows: text(rows, "\t").encode(), "text/tab-separated-values"),
    Export("Excel's hint", lambda rows: b"sep=;\r\n" + text(rows, ";").encode()),
    Export("UTF-16", lambda rows: text(rows, "\t").encode("utf-16")),
    Export("UTF-16 without a mark", lambda rows: text(rows).encode("utf-16-le")),
    Export("blank lines first", lambda rows: b"\r\n \n;;;;\n" + plain(rows)),
    Export("gzip", lambda rows: gzip.compress(plain(rows)), "application/gzip"),
    Export("gzip that is called CSV", lambda rows: gzip.compress(plain(rows))),
    Export("gzip of UTF-16", lambda rows: gzip.compress(text(rows).encode("utf-16"))),
    Export(
        "header in capitals, as SAS writes it",
        lambda rows: plain([[name.upper() for name in rows[0]], *rows[1:]]),
    ),
    Export(
        "header with blanks",
        lambda rows: text([[f" {name} " for name in rows[0]], *rows[1:]], ";").encode(),
    ),
    Export(
        "index of pandas",
        lambda rows: plain([["", *rows[0]], *([str(n), *row] for n, row in enumerate(rows[1:]))]),
    ),
    Export(
        "delimiter at the end of each line",
        lambda rows: plain([[*row, ""] for row in rows]),
    ),
    Export(
        "empty columns of a sheet",
        lambda rows: workbook({"Altas": [[*row, "", ""] for row in rows]}),
        XLSX,
    ),
    Export("line ends of an old Mac", lambda rows: text(rows, end="\r").encode()),
    Export("UTF-32", lambda rows: text(rows).encode("utf-32")),
    Export("Parquet", parquet, PARQUET),
    Export(
        "Parquet with names in capitals, as Snowflake and Oracle write them",
        lambda rows: parquet([[name.upper() for name in rows[0]], *rows[1:]]),
        PARQUET,
    ),
    Export("CSV that curl and R call a text", plain, "text/plain; charset=utf-8"),
    Export("CSV without a content type", plain, ""),
    Export("zip as Windows calls it", lambda rows: zipped({"a.csv": plain(rows)}), WINDOWS_ZIP),
    Export("bars", lambda rows: text(rows, "|").encode()),
    Export("bzip2", lambda rows: bz2.compress(plain(rows)), "application/x-bzip2"),
    Export("zstd", lambda rows: zstd(plain(rows)), "application/zstd"),
    Export(
        "title and date of a report above the header",
        lambda rows: "Altas del año\n\nHecho: 30/11/2026;\n".encode() + text(rows, ";").encode(),
    ),
    Export("title that begins like an ORC file", lambda rows: b"ORCHARD HOSPITAL\n" + plain(rows)),
    Export("comment above the header", lambda rows: b"# exported by R\n" + plain(rows)),
    Export(
        "title in a workbook",
        lambda rows: workbook({"Altas": [["Altas 2026"], ["", "Hecho: 30/11"], *rows]}),
        XLSX,
    ),
    Export("every cell in quotes", lambda rows: quoted(rows)),
    Export(
        "columns of the type CHAR, padded with blanks",
        lambda rows: plain(
            [rows[0], *([*row[:2], *(c + "  " for c in row[2:])] for row in rows[1:])]
        ),
    ),
    Export(
        "line break in a cell",
        lambda rows: plain([rows[0], *([*row[:2], row[2] + "\r\n", *row[3:]] for row in rows[1:])]),
    ),
    Export("zip", lambda rows: zipped({"data/2008.csv": plain(rows)}), ZIP),
    Export("CSV that the browser calls Excel", plain, "application/vnd.ms-excel"),
    Export("upper case in a zip", lambda rows: zipped({"DATA.CSV": spanish(rows)}), UNKNOWN),
    Export(
        "two files and a list of codes in a zip",
        lambda rows: zipped(
            {
                "2007.csv": plain(halves(rows)[0]),
                "__MACOSX/._2007.csv": b"\0\5\26\7",
                "codes.csv": plain(CODES),
                "2008.csv": spanish(halves(rows)[1]),
            }
        ),
        ZIP,
    ),
    Export("workbook", lambda rows: workbook({"Altas": rows}), XLSX),
    Export(
        "two sheets and a list of codes",
        lambda rows: workbook({"2007": halves(rows)[0], "codes": CODES, "2008": halves(rows)[1]}),
        UNKNOWN,
    ),
    # What ends a file is a row with a reason, and never hides the rows before or after it.
    Export("footer", lambda rows: plain(rows) + b"Total: 16 stays\n", rows_refused=1),
    Export("footer of two cells", lambda rows: spanish(rows) + b"Total;16\r\n", rows_refused=1),
    Export("Ctrl-Z", lambda rows: plain(rows) + b"\x1a", rows_refused=1),
    Export(
        "footer in a workbook",
        lambda rows: workbook({"a": [*rows, ["Total", "16"]]}),
        XLSX,
        rows_refused=1,
    ),
    # What cannot be read says why.
    Export(
        "files of two layouts in a zip",
        lambda rows: zipped({"a.csv": plain(rows), "b.csv": plain([row[:-1] for row in rows])}),
        ZIP,
        error="contains CSVs with different columns: b.csv lacks readmitted of a.csv",
    ),
    Export(
        "second file without a header",
        lambda rows: zipped({"a.csv": plain(rows), "b.csv": plain(rows[1:])}),
        ZIP,
        error="b.csv has no header like that of a.csv",
    ),
    Export(
        "no CSV in a zip",
        lambda _: zipped({"letter.docx": b"x"}),
        ZIP,
        error="contains no CSV with a column 'encounter_id'; it contains letter.docx",
    ),
    Export("truncated zip", lambda rows: zipped({"a.csv": plain(rows)})[:500], ZIP, error="zip"),
    Export(
        "truncated gzip",
        lambda rows: gzip.compress(plain(rows))[:300],
        error="is a damaged or incomplete gzip file",
    ),
    Export("old Excel", lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1", error="the old format .xls"),
    Export("PDF", lambda _: b"%PDF-1.7 ...", error="is a PDF document"),
    # Reports of data warehouses are often a table of HTML that is called .xls.
    Export("HTML", lambda _: b"\r\n<html><table><tr>", error="is a page of HTML"),
    Export("XML", lambda _: b'\xef\xbb\xbf<?xml version="1.0"?>', error="is XML"),
    Export("JSON as CSV", lambda _: b'[\n {"encounter_id": 1}]', error="is JSON"),
    Export("Avro", lambda _: b"Obj\x01\x04", error="is an Avro file"),
    Export("Feather", lambda _: b"ARROW1\0\0", error="is an Arrow or Feather file"),
    Export("ORC", lambda _: b"ORC\x11\0\0", error="is an ORC file"),
    Export("lz4", lambda _: b"\x04\x22\x4d\x18", error="is an lz4 file"),
    Export("pickle", lambda _: b"\x80\x05\x95\0", error="which is never opened"),
    Export("tar", lambda _: b"\0" * 257 + b"ustar\0", error="is a tar archive"),
    Export(
        "bomb",
        lambda rows: gzip.compress(
            plain(rows) + (plain(rows[1:]) + (b" " * 50_000 + b"\n") * 21) * 200
        ),
        error="is more than",
    ),
)
"""A packed file that grows too much is read until it does; the error is then the last row."""
