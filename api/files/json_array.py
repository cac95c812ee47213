"""A JSON array, cut into its elements without looking into them, however large or deep it is."""

import re
from collections.abc import Iterator
from typing import IO

from api.errors import BodyTooLarge, UnreadableFile
from api.files.rows import ROW_BYTES

PIECE_BYTES = 1 << 16
"""Read at once."""
_BLANK = b" \t\r\n"


def elements(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the text of each element, which may be no JSON: that is an error of its own row.

    Raises
    ------
    UnreadableFile
        If it is no array, or has no end.
    BodyTooLarge
        If an element does not end.
    """
    held = file.read(PIECE_BYTES).lstrip(_BLANK)
    if not held.startswith(b"["):
        raise UnreadableFile("The body is not a JSON array of encounters.")
    begin = at = depth = 1
    while depth:
        sign = (_BETWEEN if depth == 1 else _WITHIN).match(held, at)
        if sign is None or sign[1] == b'"':
            held, at, begin = _longer(held[begin:], file), at - begin, 0
            continue
        at = sign.end()
        if depth == 1 and sign[1] in b",]":
            element = held[begin : sign.start(1)]
            if sign[1] == b"," or element.strip(_BLANK):
                yield element
            begin = at
        depth += _DEEPER[sign[1]]
    if (held[at:] + file.read(PIECE_BYTES)).strip(_BLANK):
        raise UnreadableFile("Something follows after the JSON array.")


def _longer(held: bytes, file: IO[bytes]) -> bytes:
    """Return the element that has begun with what follows, of which only its end is not known."""
    if len(held) > ROW_BYTES:
        raise BodyTooLarge(ROW_BYTES)
    piece = file.read(PIECE_BYTES)
    if not piece:
        raise UnreadableFile("The body is a JSON array of encounters that breaks off.")
    return held + piece


def _up_to(signs: bytes) -> re.Pattern[bytes]:
    """Return what finds the next of some signs outside of texts, or a text that does not end."""
    text = rb'"(?:[^"\\]++|\\.)*+"'
    return re.compile(rb'(?:[^"%b]++|%b)*+(["%b])' % (signs, text, signs), re.DOTALL)


_DEEPER = {b"[": 1, b"{": 1, b"]": -1, b"}": -1, b",": 0}
_BETWEEN = _up_to(rb"\[\]{,")
"""Between elements a brace closes nothing."""
_WITHIN = _up_to(rb"\[\]{}")
