"""What can be known of a source file: how it looked when it was read, and where its rows are.

Needs no database driver, so that a load test reads files without one.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FileStatus:
    """What the file system says about a file; it changes whenever the content does.

    Parameters
    ----------
    size : int
        Bytes.
    modified_ns, changed_ns : int
        Times of the last change of the content, and of the content or its metadata.
    is_complete : bool
        Whether the file had not changed for a while, so that its last line was read, too.
    """

    size: int
    modified_ns: int
    changed_ns: int
    is_complete: bool


@dataclass(frozen=True)
class KnownChunk:
    """Consecutive rows of a file as they were when it was read.

    Parameters
    ----------
    first_row, rows : int
        The first of them, from 0, and how many.
    start, stop : int
        Where their text begins and ends, in bytes, if the file is text in UTF-8.
    sha256 : str
        Hash of their text and of the header.
    """

    first_row: int
    rows: int
    start: int
    stop: int
    sha256: str

    @property
    def end(self) -> int:
        """The row of the source after the last of these."""
        return self.first_row + self.rows


@dataclass(frozen=True)
class KnownFile:
    """A file as it was when it was read.

    Parameters
    ----------
    status : FileStatus
        What the file system said then.
    origin : str
        Origin of its encounters.
    chunks : tuple of KnownChunk
        All rows in order.
    """

    status: FileStatus
    origin: str
    chunks: tuple[KnownChunk, ...]

    @property
    def rows(self) -> int:
        """All rows of the file."""
        return self.chunks[-1].end if self.chunks else 0
