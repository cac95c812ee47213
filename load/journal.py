"""A journal of the successful predictions, to compare with the prediction log."""

from pathlib import Path


class Journal:
    """A file with a line for each successful request: its id and its number of rows.

    Parameters
    ----------
    path : Path
        The file; it is overwritten.
    """

    def __init__(self, path: Path) -> None:
        # Line-buffered, so that the entries survive a kill of the load test.
        self._file = path.open("w", buffering=1)

    def note(self, request_id: str, rows: int) -> None:
        """Record one request."""
        self._file.write(f"{request_id} {rows}\n")


def read(path: Path) -> dict[str, int]:
    """Return the number of rows by request id."""
    lines = (line.split() for line in path.read_text().splitlines())
    return {request_id: int(rows) for request_id, rows in lines}
