"""Which predictions were answered, to compare with the log of predictions."""

from pathlib import Path


class Journal:
    """A file with a line for each request that was answered well: its id and its rows.

    Parameters
    ----------
    path : Path
        Written anew.
    """

    def __init__(self, path: Path) -> None:
        # Line by line: what was noted stays if the load is killed.
        self._file = path.open("w", buffering=1)

    def note(self, request_id: str, rows: int) -> None:
        """Remember one request."""
        self._file.write(f"{request_id} {rows}\n")


def read(path: Path) -> dict[str, int]:
    """Return the rows that were answered under each request id."""
    lines = (line.split() for line in path.read_text().splitlines())
    return {request_id: int(rows) for request_id, rows in lines}
