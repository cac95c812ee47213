"""Limits of what a file may hold, and the errors of one that cannot be read.

Every message continues a sentence that begins with the name of the file.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from readmission.errors import ReadmissionError


class FileError(ReadmissionError):
    """A file is not a table, or cannot be read as one."""


class IncompleteFile(FileError):
    """A file is damaged, or more of it has yet to arrive."""


class TruncatedFile(IncompleteFile):
    """A packed file ends too early."""

    def __init__(self, kind: str, detail: object) -> None:
        super().__init__(f"is a damaged or incomplete {kind} ({detail}); send it again")


class FileTooLarge(FileError):
    """A file exceeds a limit once it is unpacked."""


@dataclass(frozen=True)
class Limits:
    """Limits of unpacking, so that a small file cannot fill the memory or run for hours.

    Parameters
    ----------
    unpacked_bytes : int
        Largest size after unpacking.
    ratio : int
        Largest size after unpacking, as a multiple of the size before it.
    members : int
        Files in an archive, or sheets of a workbook.
    unpacked : callable
        Called with each number of unpacked bytes before they are read; it may refuse them.
    """

    unpacked_bytes: int = 4 << 30
    ratio: int = 200
    members: int = 1_000
    unpacked: Callable[[int], object] = lambda _size: None


DEFAULT_LIMITS = Limits()
UNSUSPICIOUS_BYTES = 16 << 20
"""The ratio is checked above this size only: a few repeated rows compress very well."""
MEMBER_IN_MEMORY = 16 << 20
"""Largest part of a workbook that has to be in memory as a whole, such as its list of texts."""


class Budget:
    """Counts the unpacked bytes of a file.

    Parameters
    ----------
    limits : Limits
        What is allowed.
    packed_bytes : int
        Size of the file as it was sent.
    """

    def __init__(self, limits: Limits, packed_bytes: int) -> None:
        by_ratio = max(packed_bytes * limits.ratio, UNSUSPICIOUS_BYTES)
        self.allowed = min(limits.unpacked_bytes, by_ratio)
        self._taken = 0
        self._unpacked = limits.unpacked

    def counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks as long as they are within the budget.

        Raises
        ------
        FileTooLarge
            At the first chunk that is beyond it.
        """
        for chunk in chunks:
            self.take(len(chunk))
            yield chunk

    def take(self, size: int) -> None:
        """Count unpacked bytes; raise `FileTooLarge` if they are beyond the budget."""
        self._taken += size
        if self._taken > self.allowed:
            raise FileTooLarge(
                f"is more than {self.allowed:,} bytes when unpacked; split it into smaller files"
            )
        self._unpacked(size)
