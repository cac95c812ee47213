"""Where encounters are delivered: a file, a folder of files, or a prefix of an object store."""

import os
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from readmission.errors import DatasetError, StillArriving
from readmission.pipeline.delivery.arrival import Arrival, Clock, RefusedArrival, unreadable

S3 = "s3://"
MOST_FILES = 10_000
"""Files of a folder that are read; each costs a query at every run, also if it is unchanged."""
_HIDDEN = (".", "_", "~")
"""Prefixes of the names of hidden files and of markers, such as ``_SUCCESS``."""
_PARTIAL = (".part", ".partial", ".tmp", ".filepart", ".crdownload", ".download", "~")
"""Endings of the names of files that a program is still writing."""


def is_delivered(name: str) -> bool:
    """Whether a file with this name was delivered, rather than hidden, a marker or a draft."""
    return bool(name) and not name.startswith(_HIDDEN) and not name.lower().endswith(_PARTIAL)


def require_no_keys(place: Path | str) -> None:
    """Check that an address has no keys of the object store in it.

    Raises
    ------
    DatasetError
        If it has; the message leaves them out.
    """
    bucket = str(place).removeprefix(S3).split("/")[0]
    if str(place).startswith(S3) and (":" in bucket or "@" in bucket):
        raise DatasetError(
            "an address with keys in it is refused, because addresses are logged; write"
            " s3://bucket/prefix, and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )


def arrivals_at(
    place: Path | str, settle: timedelta = timedelta(), now: Clock = time.time
) -> Sequence[Arrival]:
    """Return the files at a place in the order of their names.

    A folder's own files count, not those of its folders. A file that must not be read is among them
    as `RefusedArrival`, so that it does not hold up the others; so are, together, the files beyond
    `MOST_FILES`.

    Parameters
    ----------
    place : Path or str
        A file, a folder, or ``s3://bucket/prefix``.
    settle, now
        As for `Arrival`.

    Raises
    ------
    StillArriving
        If a folder or a prefix has no file yet.
    DatasetError
        If a folder or a prefix cannot be read, or an address has keys in it. A file is not looked
        at.
    """
    require_no_keys(place)
    try:
        found = list(_sound(place, _found(place, settle, now)))
    except OSError as error:
        raise unreadable(place, error) from error
    if not found:
        raise StillArriving(
            f"{place} has no file yet; hidden files, drafts such as *.part and sub-folders are not"
            " read"
        )
    return found


def _found(place: Path | str, settle: timedelta, now: Clock) -> Sequence[Arrival]:
    if str(place).startswith(S3):
        # Imported lazily: Arrow's object stores take half a second.
        from readmission.pipeline.delivery.objects import below

        return below(str(place), is_delivered, now)
    path = Path(place)
    if not path.is_dir():
        return [Arrival(path, settle, now)]
    with os.scandir(path) as entries:
        names = sorted(one.name for one in entries if is_delivered(one.name) and not one.is_dir())
    return [Arrival(path / name, settle, now, path) for name in names]


def _sound(place: Path | str, found: Sequence[Arrival]) -> Iterator[Arrival]:
    """Yield the files that may be read, and why others may not."""
    for arrival in found[:MOST_FILES]:
        is_named = arrival.path.name.isprintable()
        yield (
            arrival
            if is_named
            else RefusedArrival(arrival.path, name=arrival.key, reason=_UNPRINTABLE)
        )
    if len(found) > MOST_FILES:
        reason = (
            f"has {len(found):,} files, of which the first {MOST_FILES:,} are read; move the"
            " files elsewhere that are in RAW already"
        )
        yield RefusedArrival(Path(place), name=str(place), reason=reason)


_UNPRINTABLE = "has a name with characters that cannot be shown or stored; give it another name"
