"""Turn text in any encoding that hospitals use into UTF-8, piece by piece."""

import codecs
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from readmission.files.limits import FileError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; that of UTF-32 begins with that of UTF-16."""
_PROBE = 64
"""Bytes of a header that show whether text without a mark is UTF-16."""


def as_utf8(
    chunks: Iterable[bytes], *, complete: bool = True, zero_bytes: bool = False
) -> Iterator[bytes]:
    """Yield text as UTF-8 without a byte order mark.

    Without a mark, text is UTF-8 if its first character beyond ASCII is, else Windows-1252, which
    includes Latin-1.

    Parameters
    ----------
    chunks : iterable of bytes
        The text.
    complete : bool
        Whether a text that ends within a character is an error.
    zero_bytes : bool
        Whether the caller deals with zero bytes.

    Raises
    ------
    FileError
        If the text is invalid in its encoding, or has a zero byte that the caller does not expect.
    """
    pieces = iter(chunks)
    head = b""
    while len(head) < _PROBE and (piece := next(pieces, b"")):
        head += piece
    encoding, rest = _marked(head)
    joined = chain([rest], pieces)
    checked = _decoded(joined, encoding, complete) if encoding else _guessed(joined, complete)
    for chunk in checked:
        if not zero_bytes and b"\0" in chunk:
            raise FileError("is not a readable text file: it contains a zero byte")
        yield chunk


def _marked(head: bytes) -> tuple[str | None, bytes]:
    """Return the encoding that the first bytes show, and these bytes as its decoder wants them."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, head.removeprefix(mark) if name == "utf-8" else head
    odd, even = set(head[1:_PROBE:2]), set(head[0:_PROBE:2])
    if odd == {0} and 0 not in even:
        return "utf-16-le", head
    if even == {0} and 0 not in odd:
        return "utf-16-be", head
    return None, head


def _decoded(chunks: Iterable[bytes], encoding: str, complete: bool) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=complete).encode()
    except UnicodeError as error:
        reason = getattr(error, "reason", error)
        raise FileError(f"is not readable as {encoding.upper()}: {reason}") from None


def _guessed(chunks: Iterable[bytes], complete: bool) -> Iterator[bytes]:
    """Yield ASCII as it is; the first character beyond it decides on the encoding."""
    pieces = iter(chunks)
    for chunk in pieces:
        if chunk.isascii():
            yield chunk
            continue
        joined = chain([chunk], pieces)
        if _begins_as_utf8(chunk):
            yield from _decoded(joined, "utf-8", complete)
        else:
            yield from map(_from_windows, joined)


def _begins_as_utf8(chunk: bytes) -> bool:
    """Whether the first character of a chunk that is not ASCII is valid UTF-8."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(chunk)
    except UnicodeDecodeError as error:
        return not chunk[: error.start].isascii()
    return True


def _from_windows(chunk: bytes) -> bytes:
    try:
        return chunk.decode("cp1252").encode()
    except UnicodeDecodeError:  # Five bytes exist in Latin-1 only, as control characters.
        return chunk.decode("latin-1").encode()


def observed(chunks: Iterable[bytes], seen: Callable[[bytes], object]) -> Iterator[bytes]:
    """Yield text, and call a function with each piece before it."""
    for chunk in chunks:
        seen(chunk)
        yield chunk


def whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield text up to its last line end; what follows is a line that is still being written."""
    held = b""
    for chunk in chunks:
        text = held + chunk
        end = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
        held = text[end:]
        if end:
            yield text[:end]
