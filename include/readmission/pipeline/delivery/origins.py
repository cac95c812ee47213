"""The origin of a file's encounters: UCI, another file, or synthetic."""

import hashlib
from enum import StrEnum

import pyarrow as pa

from readmission.domain import synthetic

UCI_SHA256 = "0689e7ec031237dc63031b938805c48377748761a3b26acab621567afa24df97"
_LARGEST = 64 << 20
"""Bytes of a text up to which it is hashed; UCI's file has 19 MB."""


class Origin(StrEnum):
    """Origin of encounters; shown next to every figure that was computed from them."""

    UCI = "uci"
    FILE = "file"
    SYNTHETIC = "synthetic"


class OriginFinder:
    """Recognises the origin of a file while its text is read."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._bytes = 0

    def see(self, text: bytes) -> None:
        """Take the next piece of the text of a CSV."""
        self._bytes += len(text)
        if self._bytes <= _LARGEST:
            self._digest.update(text)

    def origin(self, first_rows: pa.Table) -> Origin:
        """Return the origin, given the first rows, once the whole text was seen."""
        if self._bytes <= _LARGEST and self._digest.hexdigest() == UCI_SHA256:
            return Origin.UCI
        return Origin.SYNTHETIC if synthetic.is_synthetic(first_rows) else Origin.FILE
