"""Rows as the CSV that COPY reads, and the hash of it; needs no database driver."""

import hashlib
import io

import pyarrow as pa
from pyarrow import csv as arrow_csv

_PLAIN = arrow_csv.WriteOptions(include_header=False)


def to_csv(rows: pa.Table) -> bytes:
    """Return the rows as CSV for COPY: text is quoted, null is not, and there is no header."""
    sink = io.BytesIO()
    arrow_csv.write_csv(rows, sink, _PLAIN)
    return sink.getvalue()


def content_hash(rows: pa.Table) -> str:
    """Return the SHA-256 of the rows as CSV, which identifies the content of a batch."""
    return hashlib.sha256(to_csv(rows)).hexdigest()
