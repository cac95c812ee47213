"""Notice a delivery: the files at a place have changed, and are no longer being written."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from readmission.errors import StillArriving
from readmission.pipeline.delivery.arrival import Arrival, unreadable
from readmission.pipeline.delivery.places import S3, arrivals_at, is_delivered, require_no_keys

Listing = tuple[tuple[str, int, int], ...]
"""Name, size and time of the last change of each file, in nanoseconds; equal until one changes."""


class Watch:
    """Checks a place for deliveries.

    A file that is still being written changes between two checks, so it is noticed once it is
    whole.

    Parameters
    ----------
    place : Path or str
        A file, a folder, or ``s3://bucket/prefix``.
    """

    def __init__(self, place: Path | str) -> None:
        self.place = place
        self._last: Listing = ()
        self._noticed: Listing = ()

    def has_delivery(self) -> bool:
        """Whether there is something new that has not changed since the last check.

        To a new process, everything is new: so a delivery that arrived while nobody watched is
        noticed, and the ingestion skips what it has read.

        Raises
        ------
        DatasetError
            If the place cannot be read, or its address has keys in it.
        """
        found = list_files(self.place)
        is_unchanged, self._last = found == self._last, found
        if not is_unchanged or found == self._noticed:
            return False
        self._noticed = found
        return bool(found)


def list_files(place: Path | str) -> Listing:
    """Return name, size and time of the files at a place; empty if there is none yet.

    Raises
    ------
    DatasetError
        As for `Watch.has_delivery`.
    """
    require_no_keys(place)
    try:
        if str(place).startswith(S3):
            # Imported lazily: Arrow's object stores take half a second.
            from readmission.pipeline.delivery.objects import listing

            return listing(str(place), is_delivered)
        return tuple(_listing(arrivals_at(place)))
    except StillArriving:
        return ()
    except OSError as error:
        raise unreadable(place, error) from error


def _listing(arrivals: Iterable[Arrival]) -> Iterator[tuple[str, int, int]]:
    for arrival in arrivals:
        with suppress(OSError):
            found = arrival.path.stat()
            yield arrival.key, found.st_size, max(found.st_mtime_ns, found.st_ctime_ns)
