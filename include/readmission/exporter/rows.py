"""Reads rows one by one, so that a bad row loses only its own sample.

Typed tables can still hold bad rows: an earlier version, a restored backup or a person may have
written an invalid batch id, an impossible number, or a time in the year 10000.
"""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from numbers import Real
from typing import Any, TypeVar

from readmission.errors import ReadmissionError
from readmission.exporter.catalogue import SKIPPED, Sample

R = TypeVar("R")
T = TypeVar("T")

BAD = (ArithmeticError, AttributeError, LookupError, ReadmissionError, TypeError, ValueError)
"""Errors from parsing a bad row; an unavailable database raises others."""
CLOCK_SKEW = timedelta(days=1)
"""How far in the future a time may be."""
MOST_LOGGED = 1_000
"""Most bad rows that one process logs, each once; all are counted."""

log = logging.getLogger(__name__)

_logged: set[str] = set()


class RowReader:
    """Parses the rows of one read of a source, and counts those that it skips.

    Parameters
    ----------
    source : str
        Value of the label ``source``.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._skipped: dict[str, int] = {}

    @property
    def skipped(self) -> Mapping[tuple[str, str], int]:
        """The number of skipped rows by source and table; 0 for a table without bad rows."""
        return {(self._source, table): rows for table, rows in self._skipped.items()}

    def keep(self, table: str, rows: Iterable[R], parse: Callable[[R], T]) -> list[T]:
        """Return the parsed rows without those that cannot be parsed.

        Parameters
        ----------
        table : str
            Where the rows come from.
        rows : iterable
            The rows, or parts of a row that are parsed on their own.
        parse : callable
            Returns a row as it is used, or raises one of `BAD`.
        """
        self._skipped.setdefault(table, 0)
        kept = []
        for row in rows:
            try:
                kept.append(parse(row))
            except BAD as error:
                self._skipped[table] += 1
                _log_once(f"{self._source}: a row of {table} is skipped: {error}")
        return kept


def skipped_samples(skipped: Mapping[tuple[str, str], int]) -> Iterator[Sample]:
    """Yield how many rows of each table were skipped."""
    for labels, rows in skipped.items():
        yield SKIPPED(rows, *labels)


def whole(value: Any, name: str) -> int:
    """Return a value that is a count.

    Raises
    ------
    ValueError
        If it is not a whole number from 0.
    """
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} is {_shortened(value)}, expected a whole number from 0")
    return value


def finite(value: Any, name: str) -> float:
    """Return a value that is a number.

    Raises
    ------
    ValueError, OverflowError
        If it is not a number, or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{name} is {_shortened(value)}, expected a finite number")
    return float(value)


def measure(value: Any, name: str) -> float:
    """Return a value that is a finite number and not negative, such as a duration."""
    if (number := finite(value, name)) < 0:
        raise ValueError(f"{name} is {number}, expected a number from 0")
    return number


def flag(value: Any, name: str) -> bool:
    """Return a value that is true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} is {_shortened(value)}, expected true or false")
    return value


def moment(value: Any, name: str) -> datetime:
    """Return a value that is a time in the past; a clock may be a day ahead."""
    if not isinstance(value, datetime) or value > datetime.now(UTC) + CLOCK_SKEW:
        raise ValueError(f"{name} is {_shortened(value)}, expected a time in the past")
    return value


def numbered(value: Any) -> str:
    """Return a value that is the number of a model version."""
    # Python reads no number of thousands of digits.
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20):
        raise ValueError(f"the model version is {_shortened(value)}, expected a number")
    return value


def _shortened(value: object) -> str:
    return repr(value)[:80]


def _log_once(message: str) -> None:
    if message not in _logged and len(_logged) < MOST_LOGGED:
        _logged.add(message)
        log.error("%s", message)
