"""A JSON array of encounters, element by element, however large or deep it is."""

from collections.abc import Iterator
from typing import IO, Any

import ijson
from ijson.common import ObjectBuilder

from api.errors import BodyTooLarge, InvalidEncounter, Problem, UnreadableFile
from api.rows import ROW_BYTES, Row, checked

LOOK_AHEAD = 1 << 12
"""Bytes that the parser takes at once; if they are broken, so are all rows in them."""
DEEPEST = 8
"""Levels that are built, the array among them; an encounter has two, and each costs memory."""

_TOO_DEEP = Problem.of_body("expected the fields of one encounter, not values within values")


def read(file: IO[bytes]) -> Iterator[Row]:
    """Yield each encounter of the array.

    Raises
    ------
    UnreadableFile
        If it is no array, or none from some place on.
    BodyTooLarge
        If an element does not end.
    """
    try:
        yield from _elements(_Pieces(file))
    except (ijson.JSONError, ValueError) as error:
        raise UnreadableFile("The body is not a JSON array of encounters.") from error


class _Pieces:
    """A file for a JSON reader, as long as one encounter does not go on for ever."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.since_row = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        if self.since_row > ROW_BYTES:
            raise BodyTooLarge(ROW_BYTES)
        piece = self._file.read(size)
        self.since_row += len(piece)
        return piece


def _elements(source: _Pieces) -> Iterator[Row]:
    # ijson's own `items` spells the path to each value, whose length grows with the depth.
    events = ijson.basic_parse(source, use_float=True, buf_size=LOOK_AHEAD)
    if next(events)[0] != "start_array":
        raise UnreadableFile("The body is not a JSON array of encounters.")
    depth, deepest, builder = 1, 1, ObjectBuilder()
    for event, value in events:
        depth -= event in ("end_map", "end_array")
        if depth and deepest <= DEEPEST:
            builder.event(event, value)
        depth += event in ("start_map", "start_array")
        deepest = max(deepest, depth)
        if depth == 1:
            source.since_row = 0
            yield _row(builder, deepest)
            deepest, builder = 1, ObjectBuilder()


def _row(builder: ObjectBuilder, deepest: int) -> Row:
    if deepest > DEEPEST:
        return InvalidEncounter([_TOO_DEEP])
    element: Any = builder.value
    return checked(element)
