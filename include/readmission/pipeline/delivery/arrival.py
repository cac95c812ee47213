"""A delivered file that may still be growing, and errors that name it."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

from readmission.errors import DatasetError, StillArriving
from readmission.files.limits import FileError, IncompleteFile
from readmission.warehouse.raw.file_facts import FileStatus

Clock = Callable[[], float]


@dataclass(frozen=True)
class Arrival:
    """A delivered file, which may still be growing.

    Parameters
    ----------
    path : Path
        The file.
    settle : timedelta
        A file that changed within this time may still be written.
    now : callable
        The clock, in seconds since 1970.
    """

    path: Path
    settle: timedelta = timedelta()
    now: Clock = time.time

    def __str__(self) -> str:
        return str(self.path)

    @property
    def key(self) -> str:
        """The name under which facts about the file are kept."""
        return str(self.path.absolute())

    def open(self) -> IO[bytes]:
        """Open the file; what is opened allows seeking."""
        return self.path.open("rb")

    def status(self, found: os.stat_result | None = None) -> FileStatus:
        """Return what the file system says about the file.

        Copying may keep an old modification time, so the time of the last change of metadata counts
        as well. A time in the future comes from a wrong clock.
        """
        found = found or self.path.stat()
        changed = max(found.st_mtime, found.st_ctime)
        settled = abs(self.now() - changed) >= self.settle.total_seconds()
        return FileStatus(found.st_size, found.st_mtime_ns, found.st_ctime_ns, settled)

    @contextmanager
    def errors_named(self) -> Iterator[None]:
        """Turn errors about the file into errors that name it.

        Raises
        ------
        StillArriving
            If it is incomplete and changed within `settle`.
        DatasetError
            If it cannot be read for another reason.
        """
        try:
            yield
        except StillArriving as error:
            raise StillArriving(f"{self} {error}") from error
        except IncompleteFile as error:
            if self.status().is_complete:
                raise DatasetError(f"{self} {error}") from error
            raise StillArriving(f"{self} changed lately and is read later: it {error}") from error
        except (FileError, DatasetError) as error:
            raise DatasetError(f"{self} {error}") from error
        except OSError as error:
            raise unreadable(self, error) from error


def unreadable(place: object, error: OSError) -> DatasetError:
    """Return the error of a file or folder that the system does not let us read."""
    return DatasetError(
        f"{place} cannot be read ({error.strerror or error}); READMISSION_DATASET names a CSV, an"
        " Excel workbook, a Parquet file, a packed CSV, or a folder or s3://bucket/prefix of them"
    )


def has_changed(before: FileStatus, after: FileStatus) -> bool:
    """Whether a file has changed between two looks at it."""
    return (before.size, before.modified_ns, before.changed_ns) != (
        after.size, after.modified_ns, after.changed_ns,
    )  # fmt: skip
