"""A local copy of the known stays, so that a look-up needs no database."""

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from readmission.domain.columns.history import Stay

FILE = "known-stays.sqlite"


class StayCopy:
    """Stays by the hash of their patient, in a file that is never changed once it is complete.

    Parameters
    ----------
    path : Path
        A file that `write` has completed. It may be replaced while this copy is open.
    """

    def __init__(self, path: Path) -> None:
        # SQLite serialises the threads that score files and the event loop.
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )

    @classmethod
    def write(cls, folder: Path, stays: Iterable[tuple[str, Stay]]) -> Self:
        """Write a copy beside the last one, replace it and open the new one."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{FILE}.{os.getpid()}"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        connection = sqlite3.connect(path)
        try:
            with connection:
                connection.execute(_TABLE)
                rows = (
                    (patient, s.encounter, s.batch, s.days, s.medicines, s.discharge, s.diagnosis,
                     s.followed_soon)
                    for patient, s in stays
                )  # fmt: skip
                connection.executemany(_INSERT, rows)
        finally:
            connection.close()
        path.replace(folder / FILE)
        return cls(folder / FILE)

    def stays(self, patient_hash: str) -> list[Stay]:
        """Return the stays of a patient; none if the patient is unknown."""
        rows = self._connection.execute(_SELECT, (patient_hash,))
        return [Stay(*row) for row in rows.fetchall()]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


_TABLE = """
CREATE TABLE stay (
    patient TEXT, encounter INTEGER, batch INTEGER, days INTEGER, medicines INTEGER, discharge TEXT,
    diagnosis TEXT, soon INTEGER, PRIMARY KEY (patient, encounter, batch)
) WITHOUT ROWID
"""
_INSERT = "INSERT OR REPLACE INTO stay VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = """
SELECT encounter, batch, days, medicines, discharge, diagnosis, soon FROM stay WHERE patient = ?
"""
