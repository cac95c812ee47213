"""A local copy of the known stays, so that a look-up needs no database."""

import os
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from tempfile import mkstemp
from typing import Self

from pydantic_core import from_json, to_json

from readmission.domain.columns.history import Stay
from readmission.warehouse.predictions.known_stays import KnownStay

PREFIX = "known-stays-"


class StayCopy:
    """Stays by the hash of their patient, in a file that only this process can open.

    `write` creates a copy; it is not changed afterwards. A patient has one row, with JSON: SQLite
    hands the interpreter to another thread for each row that it reads.

    The event loop and the threads that score files share the copy, so one of them reads at a time:
    from Python 3.12 on, threads that execute the same statement may get each other's rows, here the
    stays of another patient (https://github.com/python/cpython/issues/118172).
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._reading = threading.Lock()

    @classmethod
    def write(cls, folder: Path, stays: Iterable[tuple[str, KnownStay]]) -> Self:
        """Write a copy on the disk of `folder`.

        The file loses its name before it gets its content, so nobody else can open it, processes
        that share a folder do not meet, and it is gone when this process ends, however that is.
        """
        folder.mkdir(parents=True, exist_ok=True)
        file, name = mkstemp(prefix=PREFIX, dir=folder)
        os.close(file)
        try:
            connection = sqlite3.connect(name, check_same_thread=False)
        finally:
            Path(name).unlink()
        try:
            _fill(connection, stays)
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    def stays(self, patient_hash: str) -> list[KnownStay]:
        """Return the stays of a patient; none if the patient is unknown."""
        with self._reading:
            found = self._connection.execute(_SELECT, (patient_hash,)).fetchone()
        if found is None:
            return []
        parsed = from_json(f"[{found[0]}]")
        return [KnownStay(encounter_hash, Stay(*stay)) for encounter_hash, stay in parsed]

    def close(self) -> None:
        """Close the file, which deletes it."""
        with self._reading:
            self._connection.close()


def _fill(connection: sqlite3.Connection, stays: Iterable[tuple[str, KnownStay]]) -> None:
    connection.execute("PRAGMA journal_mode = OFF")  # A journal would be a file with a name.
    rows = ((patient, to_json(stay).decode()) for patient, stay in stays)
    with connection:
        connection.execute(_TABLE)
        connection.executemany(_INSERT, rows)


_TABLE = "CREATE TABLE patient (hash TEXT PRIMARY KEY, stays TEXT) WITHOUT ROWID"
_INSERT = """
INSERT INTO patient VALUES (?, ?)
ON CONFLICT (hash) DO UPDATE SET stays = stays || ',' || excluded.stays
"""
_SELECT = "SELECT stays FROM patient WHERE hash = ?"
