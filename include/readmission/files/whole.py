"""Files and folders that are complete or absent: written beside their place, then renamed.

A process that is killed while it writes leaves the previous file as it was.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE, READABLE = 0o600, 0o644
"""Permissions of a file: for its owner alone, or for everybody to read."""


def write_whole(
    path: Path, content: str | bytes, *, mode: int = PRIVATE, durable: bool = False
) -> None:
    """Write a file that readers see complete or not at all, even if several processes write it.

    Parameters
    ----------
    path : Path
        Its folder must exist; a file that is there is replaced.
    content : str or bytes
        Text is encoded as UTF-8.
    mode : int
        Permissions of the file.
    durable : bool
        Whether the file must survive a crash of the machine once this returns.

    Raises
    ------
    OSError
        If it cannot be written; `path` is as it was, unless only the sync of its folder failed.
    """
    data = content.encode() if isinstance(content, str) else content
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if mode != PRIVATE:  # mkstemp has made it private.
            draft.chmod(mode)
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Yield where to build a folder that becomes `path` if the block ends without an error.

    One process at a time may build it. After an error nothing of it is left; what a killed process
    has left is removed first.
    """
    draft = path.with_name(f"{path.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        yield draft
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    draft.rename(path)
