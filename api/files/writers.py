"""Writers of predictions: NDJSON and CSV; Parquet is in `api.files.parquet_writer`.

A writer gets JSON lines, as `api.contract.predictions` reads them, and returns bytes to send.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, get_args

from pydantic_core import to_json

from api.contract.predictions import COLUMNS

Line = Mapping[str, Any]
AnswerFormat = Literal["ndjson", "csv", "parquet"]
NDJSON, CSV, PARQUET = "application/x-ndjson", "text/csv", "application/vnd.apache.parquet"
MEDIA_TYPES: Mapping[str, str] = dict(
    zip(get_args(AnswerFormat), (NDJSON, f"{CSV}; charset=utf-8", PARQUET), strict=True)
)

CSV_COLUMNS = tuple(column for column in COLUMNS if column.name != "message")
CSV_HEADER = tuple(column.name for column in CSV_COLUMNS)
"""CSV has no column for the kind of an error: its column `error` holds the message."""


class Writer(Protocol):
    """Turns lines into bytes, piece by piece."""

    def begin(self) -> bytes:
        """Return what comes before the first row."""

    def write(self, lines: Sequence[Line]) -> bytes:
        """Return rows; a writer may buffer some."""

    def end(self, summary: Line) -> bytes:
        """Return the rest, with the summary if the format has a place for it."""


class NdjsonWriter:
    """One JSON object per line; the last one is the summary."""

    def begin(self) -> bytes:
        """Return nothing: the format has no header."""
        return b""

    def write(self, lines: Sequence[Line]) -> bytes:
        """Return one line per row."""
        return b"".join(to_json(line) + b"\n" for line in lines)

    def end(self, summary: Line) -> bytes:
        """Return the summary."""
        return self.write([summary])


class CsvWriter:
    """A header and one line per row; CSV has no place for the summary."""

    def begin(self) -> bytes:
        """Return the header."""
        return _csv_bytes([CSV_HEADER])

    def write(self, lines: Sequence[Line]) -> bytes:
        """Return one line per row."""
        return _csv_bytes([self._cells(line) for line in lines])

    def end(self, summary: Line) -> bytes:  # noqa: ARG002 - the protocol's argument
        """Return nothing."""
        return b""

    def _cells(self, line: Line) -> list[Any]:
        if "message" in line:
            line = {**line, "error": line["message"]}
        return [column.cell(line) for column in CSV_COLUMNS]


def _csv_bytes(rows: Sequence[Sequence[Any]]) -> bytes:
    sink = io.StringIO()
    csv.writer(sink).writerows(rows)
    return sink.getvalue().encode()


def writer_for(answer: AnswerFormat) -> Writer:
    """Return a new writer of a format."""
    if answer == "parquet":
        # Imported lazily: Arrow takes 60 MB.
        from api.files.parquet_writer import ParquetWriter

        return ParquetWriter()
    return CsvWriter() if answer == "csv" else NdjsonWriter()
