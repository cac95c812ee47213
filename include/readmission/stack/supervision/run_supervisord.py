"""Run supervisord so that a full disk does not end it.

supervisord reports on standard error that it could not write a log. If standard error is a file on
the same full disk, that report fails as well and would end supervisord.
"""

import sys
from contextlib import suppress
from typing import TextIO

from supervisor import supervisord


class LossyStream:
    """A stream that drops messages that cannot be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text if that is possible."""
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Do nothing: `write` has flushed."""


if __name__ == "__main__":
    sys.stderr = LossyStream(sys.stderr)
    supervisord.main()
