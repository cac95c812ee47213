"""Open a delivered file, but no pipe, device or link out of its folder."""

import os
import stat
from pathlib import Path
from typing import IO

from readmission.errors import DatasetError


def shown(name: object) -> str:
    """Return a name with escapes for what would end a line of a log or steer a terminal."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(name))


def open_regular(path: Path, folder: Path | None = None) -> IO[bytes]:
    """Open a regular file.

    A named pipe would block its reader, and a device might never end. A link out of a folder of
    deliveries would show whoever delivers what only this process may read.

    Parameters
    ----------
    path : Path
        The file.
    folder : Path, optional
        The folder that it must be in once links are followed.

    Raises
    ------
    DatasetError
        If it is something else than a regular file, or outside of `folder`.
    OSError
        If it cannot be opened.
    """
    file = open(path, "rb", opener=_opened_at_once)  # noqa: SIM115 - the caller closes it
    try:
        opened = os.fstat(file.fileno())
        if not stat.S_ISREG(opened.st_mode):
            raise DatasetError("is a pipe or a device; deliver a regular file instead")
        if folder is not None and not _is_inside(path, folder, opened):
            raise DatasetError("is a link out of its folder; deliver the file itself instead")
    except BaseException:
        file.close()
        raise
    return file


def _opened_at_once(path: str, flags: int) -> int:
    """Open a file; without O_NONBLOCK, a pipe would wait until somebody writes."""
    return os.open(path, flags | os.O_NONBLOCK)


def _is_inside(path: Path, folder: Path, opened: os.stat_result) -> bool:
    """Whether the opened file is the one in the folder, even if a link was changed meanwhile."""
    real = path.resolve(strict=True)
    return real.is_relative_to(folder.resolve()) and os.path.samestat(real.stat(), opened)
