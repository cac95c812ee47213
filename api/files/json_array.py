"""Split a JSON array into its elements without parsing them, so that memory stays bounded."""

import re
from collections.abc import Iterator
from typing import IO

from api.errors import BodyTooLarge, UnreadableFile
from api.errors.requests import sent_as
from api.files.rows import MAX_ROW_BYTES

PIECE_BYTES = 1 << 16
"""Bytes per read."""
_BLANK = b" \t\r\n"


def elements(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the text of each element. Invalid JSON in an element is an error of that row only.

    Raises
    ------
    UnreadableFile
        If the file is not an array, or the array is not closed.
    BodyTooLarge
        If an element exceeds `MAX_ROW_BYTES`.
    """
    held = file.read(PIECE_BYTES).lstrip(_BLANK)
    if not held.startswith(b"["):
        raise UnreadableFile(f"The body is not a JSON array of encounters{_reason(held)}.")
    begin = at = depth = 1
    while depth:
        found = (_BETWEEN if depth == 1 else _WITHIN).match(held, at)
        if found is None or found[1] == b'"':
            held, at, begin = _extended(held[begin:], file), at - begin, 0
            continue
        at = found.end()
        if depth == 1 and found[1] in b",]":
            element = held[begin : found.start(1)]
            if found[1] == b"," or element.strip(_BLANK):
                yield element
            begin = at
        depth += _DEPTH_CHANGE[found[1]]
    if (held[at:] + file.read(PIECE_BYTES)).strip(_BLANK):
        raise UnreadableFile("Extra content follows the JSON array.")


def _reason(beginning: bytes) -> str:
    """Return why a text is not an array, as far as its beginning shows, and what to do."""
    if beginning.startswith(b"{"):
        return (
            ": it begins with an object; send the list of encounters alone, [{…}, {…}], or lines of"
            " JSON as application/x-ndjson"
        )
    found = sent_as(beginning)
    return f": {found}" if found else ""


def _extended(held: bytes, file: IO[bytes]) -> bytes:
    """Return an incomplete element with the next piece of the file."""
    if len(held) > MAX_ROW_BYTES:
        raise BodyTooLarge(MAX_ROW_BYTES)
    piece = file.read(PIECE_BYTES)
    if not piece:
        raise UnreadableFile("The JSON array of encounters is cut off.")
    return held + piece


def _up_to(characters: bytes) -> re.Pattern[bytes]:
    """Return a regex that matches up to the next of these characters outside a string.

    It also stops at the opening quote of an unterminated string.
    """
    string = rb'"(?:[^"\\]++|\\.)*+"'
    pattern = rb'(?:[^"%b]++|%b)*+(["%b])' % (characters, string, characters)
    return re.compile(pattern, re.DOTALL)


_DEPTH_CHANGE = {b"[": 1, b"{": 1, b"]": -1, b"}": -1, b",": 0}
_BETWEEN = _up_to(rb"\[\]{,")
"""Between elements, a closing brace is an ordinary character."""
_WITHIN = _up_to(rb"\[\]{}")
