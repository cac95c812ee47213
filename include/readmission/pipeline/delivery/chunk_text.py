"""Cut the text of a CSV into chunks that end with a row, in memory bounded by the chunk."""

import re
from collections.abc import Iterator
from typing import Protocol

from readmission.files.limits import IncompleteFile

CHUNK_BYTES = 2 << 20
"""About 10,000 encounters."""
_LONGEST = 8
"""Chunks that a single row may take."""


class Readable(Protocol):
    """A file that is read once."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`; empty at the end."""


def chunk_texts(text: Readable, delimiter: str, size: int) -> Iterator[bytes]:
    """Yield a text in chunks that begin and end with a row.

    Where a chunk ends depends only on its text, not on how many bytes each read returns.

    Parameters
    ----------
    text : Readable
        Rows of a CSV in UTF-8, from the beginning of a row.
    delimiter : str
        The sign between values.
    size : int
        Largest size of a chunk, unless a single row is larger.

    Raises
    ------
    IncompleteFile
        If no row ends within several chunks, such as after a quote that is not closed.
    """
    held, wanted = b"", size
    while True:
        held, is_end = _filled(text, held, wanted)
        if is_end:
            break
        if end := _end_of_rows(held, delimiter):
            yield held[:end]
            held, wanted = held[end:], size
        elif wanted >= _LONGEST * size:
            raise IncompleteFile(
                f"is not a readable CSV: a row is longer than {wanted:,} bytes; is a quote not"
                " closed?"
            )
        else:
            wanted += size
    while len(held) > size and (end := _end_of_rows(held[:size], delimiter)):
        yield held[:end]
        held = held[end:]
    if held:
        yield held


def _filled(text: Readable, held: bytes, wanted: int) -> tuple[bytes, bool]:
    """Return what is held with more text, up to a size, and whether the text has ended."""
    pieces, missing = [held], wanted - len(held)
    while missing > 0:
        piece = text.read(missing)
        if not piece:
            return b"".join(pieces), True
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces), False


def _end_of_rows(text: bytes, delimiter: str) -> int:
    """Return the length of the whole rows in a text; 0 if there is none."""
    sign = delimiter.encode()
    end = text.rfind(b"\n" if b"\n" in text else b"\r") + 1
    opening, closing = (_count(text, end, sign, side) for side in (b'%b"', b'"%b'))
    opening += text.startswith(b'"')
    if opening == closing and text.count(b'"', 0, end) % 2 == 0:
        return end
    # The line end is inside a quoted value, or an unquoted value contains a quote.
    return _end_of_parsed_rows(text, sign)


def _count(text: bytes, end: int, sign: bytes, side: bytes) -> int:
    return sum(text.count(side % beside, 0, end) for beside in (sign, b"\n", b"\r"))


def _end_of_parsed_rows(text: bytes, sign: bytes) -> int:
    sign = re.escape(sign)
    value = rb'(?:"(?:[^"]|"")*+"[^%b\r\n]*+|[^"%b\r\n][^%b\r\n]*+|)' % (sign, sign, sign)
    row = re.compile(rb"(?:%b%b)*+%b(?:\r\n|\n|\r)" % (value, sign, value))
    end = 0
    while found := row.match(text, end):
        end = found.end()
    return end
