"""Cut the text of a CSV into blocks that end with a row, in memory bounded by the block."""

import re
from collections.abc import Iterator
from typing import Protocol

from readmission.files.limits import IncompleteFile

BLOCK_BYTES = 2 << 20
"""About 10,000 encounters."""
_LONGEST = 8
"""Blocks that a single row may take."""


class Readable(Protocol):
    """A file that is read once."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`; empty at the end."""


def row_blocks(text: Readable, delimiter: str, size: int) -> Iterator[bytes]:
    """Yield a text in blocks that begin and end with a row.

    Where a block ends depends only on its text, not on how many bytes each read returns.

    Parameters
    ----------
    text : Readable
        Rows of a CSV in UTF-8, from the beginning of a row.
    delimiter : str
        The sign between values.
    size : int
        Largest size of a block, unless a single row is larger.

    Raises
    ------
    IncompleteFile
        If no row ends within several blocks, such as after a quote that is not closed.
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


def _end_of_rows(block: bytes, delimiter: str) -> int:
    """Return the length of the whole rows in a block; 0 if there is none."""
    sign = delimiter.encode()
    end = block.rfind(b"\n" if b"\n" in block else b"\r") + 1
    opening, closing = (_count(block, end, sign, side) for side in (b'%b"', b'"%b'))
    opening += block.startswith(b'"')
    if opening == closing and block.count(b'"', 0, end) % 2 == 0:
        return end
    # The line end is inside a quoted value, or an unquoted value contains a quote.
    return _end_of_parsed_rows(block, sign)


def _count(block: bytes, end: int, sign: bytes, side: bytes) -> int:
    return sum(block.count(side % beside, 0, end) for beside in (sign, b"\n", b"\r"))


def _end_of_parsed_rows(block: bytes, sign: bytes) -> int:
    sign = re.escape(sign)
    value = rb'(?:"(?:[^"]|"")*+"[^%b\r\n]*+|[^"%b\r\n][^%b\r\n]*+|)' % (sign, sign, sign)
    row = re.compile(rb"(?:%b%b)*+%b(?:\r\n|\n|\r)" % (value, sign, value))
    end = 0
    while found := row.match(block, end):
        end = found.end()
    return end
