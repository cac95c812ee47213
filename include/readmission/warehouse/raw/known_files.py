"""What RAW knows about each source file: its status when it was read, and hashes of its rows.

The facts save reading. If they are lost, the file is read again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import astuple
from pathlib import PurePath

import psycopg
from psycopg.rows import class_row

from readmission.warehouse.ledger import RawBatch
from readmission.warehouse.raw.file_facts import FileStatus, KnownChunk, KnownFile

Ranges = Mapping[tuple[int, int], str]
"""Content hash by first row and number of rows."""


class KnownFiles:
    """The known files on one connection to RAW; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def find(self, path: str) -> KnownFile | None:
        """Return the facts about a file, or None if it was never read."""
        with self.connection.transaction():
            found = self.connection.execute(_FILE, (path,)).fetchone()
            if found is None:
                return None
            with self.connection.cursor(row_factory=class_row(KnownChunk)) as cursor:
                chunks = tuple(cursor.execute(_CHUNKS, (path,)))
        *status, origin = found
        return KnownFile(FileStatus(*status), origin, chunks)

    def remember(self, path: str, known: KnownFile, unchanged_rows: int) -> None:
        """Replace the facts about a file.

        Parameters
        ----------
        path : str
            The file.
        known : KnownFile
            The new facts.
        unchanged_rows : int
            Rows at its beginning that are unchanged; hashes of later rows are deleted.
        """
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute(_REPLACE_FILE, (path, *astuple(known.status), known.origin))
            cursor.execute(_FORGET_CHUNKS, (path,))
            cursor.executemany(_ADD_CHUNK, [(path, *astuple(chunk)) for chunk in known.chunks])
            cursor.execute(_FORGET_ROWS, (path, unchanged_rows))

    def hashes(self, path: str) -> dict[tuple[int, int], str]:
        """Return all known content hashes of a file's rows."""
        with self.connection.transaction():
            found = self.connection.execute(_ROWS, (path,)).fetchall()
        return {(first, rows): digest for first, rows, digest in found}

    def remember_hashes(self, path: str, hashes: Ranges) -> None:
        """Add content hashes of rows."""
        given = [(path, *where, digest) for where, digest in hashes.items()]
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany(_ADD_ROWS, given)

    def remember_batches(self, path: str, batches: Iterable[RawBatch]) -> None:
        """Add the content hashes of batches that were loaded from a file."""
        self.remember_hashes(path, {(b.source_offset, b.rows): b.content_sha256 for b in batches})

    def by_content(self) -> dict[str, str]:
        """Return the name of the file that holds the rows of each content hash."""
        with self.connection.transaction():
            found = self.connection.execute(_NAMES).fetchall()
        return {digest: PurePath(path).name for digest, path in found}


_FILE = """
SELECT size, modified_ns, changed_ns, is_complete, origin FROM known_file WHERE path = %s
"""
_CHUNKS = """
SELECT first_row, rows, start, stop, sha256 FROM known_chunk WHERE path = %s ORDER BY first_row
"""
_NAMES = "SELECT content_sha256, path FROM known_rows ORDER BY path DESC"
_ROWS = "SELECT first_row, rows, content_sha256 FROM known_rows WHERE path = %s"
_REPLACE_FILE = """
INSERT INTO known_file (path, size, modified_ns, changed_ns, is_complete, origin)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (path) DO UPDATE SET (size, modified_ns, changed_ns, is_complete, origin, read_at) = (
    EXCLUDED.size, EXCLUDED.modified_ns, EXCLUDED.changed_ns, EXCLUDED.is_complete,
    EXCLUDED.origin, now()
)
"""
_FORGET_CHUNKS = "DELETE FROM known_chunk WHERE path = %s"
_ADD_CHUNK = """
INSERT INTO known_chunk (path, first_row, rows, start, stop, sha256)
VALUES (%s, %s, %s, %s, %s, %s)
"""
_FORGET_ROWS = "DELETE FROM known_rows WHERE path = %s AND first_row + rows > %s"
_ADD_ROWS = """
INSERT INTO known_rows (path, first_row, rows, content_sha256) VALUES (%s, %s, %s, %s)
ON CONFLICT (path, first_row, rows) DO UPDATE SET content_sha256 = EXCLUDED.content_sha256
"""
