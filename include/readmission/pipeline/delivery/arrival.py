"""A delivered file that may still be growing, and errors that name it."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, NoReturn

from readmission.errors import DatasetError, StillArriving
from readmission.files.limits import FileError, IncompleteFile
from readmission.pipeline.delivery.regular import open_regular, shown
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
    folder : Path, optional
        The folder of deliveries that it was found in. The file is in there even if it is a link.
    """

    path: Path
    settle: timedelta = timedelta()
    now: Clock = time.time
    folder: Path | None = None

    def __str__(self) -> str:
        return shown(self.path)

    @property
    def key(self) -> str:
        """The name under which facts about the file are kept."""
        return str(self.path.absolute())

    def open(self) -> IO[bytes]:
        """Open the file; what is opened allows seeking.

        Raises
        ------
        DatasetError, OSError
            As for `open_regular`.
        """
        return open_regular(self.path, self.folder)

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
            raise StillArriving(f"{self} changed recently and is read later: it {error}") from error
        except (FileError, DatasetError) as error:
            raise DatasetError(f"{self} {error}") from error
        except OSError as error:
            raise unreadable(self, error) from error


@dataclass(frozen=True)
class RefusedArrival(Arrival):
    """A file that is not opened at all. It does not hold up the others.

    Parameters
    ----------
    path, settle, now, folder
        As for a file.
    name : str
        The file or address, for people.
    reason : str
        Why not, and the way out; continues a sentence that begins with the name.
    """

    name: str = ""
    reason: str = ""

    def __str__(self) -> str:
        return shown(self.name)

    @property
    def key(self) -> str:
        """The name, in letters that a database can store."""
        return str(self)

    def open(self) -> NoReturn:
        """Raise the reason as a `DatasetError`."""
        raise DatasetError(self.reason)

    def status(self, _found: object = None) -> NoReturn:
        """Raise the reason as a `DatasetError`."""
        raise DatasetError(self.reason)


def unreadable(place: object, error: OSError) -> DatasetError:
    """Return the error of a file or folder that the system does not let us read."""
    return DatasetError(
        f"{shown(place)} cannot be read ({error.strerror or error}); READMISSION_DATASET names a"
        " CSV, an Excel workbook, a Parquet file, a packed CSV, or a folder or s3://bucket/prefix"
        " of them"
    )


def has_changed(before: FileStatus, after: FileStatus) -> bool:
    """Whether a file has changed between two checks."""
    return (before.size, before.modified_ns, before.changed_ns) != (
        after.size, after.modified_ns, after.changed_ns,
    )  # fmt: skip
