"""A column of the contract: its kind, its place in a form and the values it allows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

MISSING = "?"
"""A missing value in the file. ``None`` is *not* missing: it means "not measured"."""


class Kind(StrEnum):
    """The kind of a column's values; it decides how they are checked and cleaned."""

    KEY = "key"
    CATEGORY = "category"
    INTERVAL = "interval"
    COUNT = "count"
    DIAGNOSIS = "diagnosis"
    ORDINAL = "ordinal"
    TARGET = "target"
    IGNORED = "ignored"


class Section(StrEnum):
    """The section of the form in which a clinician finds a column."""

    IDENTITY = "Record"
    PATIENT = "Patient"
    STAY = "This stay"
    HISTORY = "Year before this stay"
    TESTS = "Tests"
    DIAGNOSES = "Diagnoses"
    MEDICINES = "Medicines"
    OUTCOME = "Outcome"


@dataclass(frozen=True)
class Column:
    """One column of the file.

    Parameters
    ----------
    name : str
        The name UCI gives it, used everywhere.
    kind : Kind
        The kind of its values.
    section : Section
        The section of the form that shows it.
    meaning : str
        The sentence a clinician reads.
    example : str
        A typical value, as written in the file.
    values : mapping of str to str
        Value to meaning. For `Kind.ORDINAL` and `Kind.TARGET` the order is the
        scale: the position of a value is its code in CLEAN.
    minimum, maximum : int
        Inclusive limits of a `Kind.COUNT` or `Kind.KEY`.
    nullable : bool
        Whether the value may be missing.
    open_set : bool
        Whether other values are accepted as well; `values` are then suggestions.
    """

    name: str
    kind: Kind
    section: Section
    meaning: str
    example: str
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    minimum: int = 0
    maximum: int = 2**31 - 1
    nullable: bool = False
    open_set: bool = False

    @property
    def is_number(self) -> bool:
        """Whether the raw value is a whole number."""
        return self.kind in (Kind.KEY, Kind.COUNT)

    @property
    def is_closed(self) -> bool:
        """Whether only the listed values are accepted."""
        return bool(self.values) and not self.open_set

    @property
    def pattern(self) -> str | None:
        """Regular expression of an accepted value, if the values cannot be listed."""
        if self.kind is Kind.DIAGNOSIS:
            return ICD9_PATTERN
        return OPEN_CATEGORY_PATTERN if self.open_set else None

    @property
    def codes(self) -> dict[str, int]:
        """The number in CLEAN that stands for each value of a scale or an interval."""
        if self.kind is Kind.INTERVAL:
            return {value: _midpoint(value) for value in self.values}
        return {value: position for position, value in enumerate(self.values)}

    @property
    def expected(self) -> str:
        """The accepted values in words, for error messages."""
        if self.kind is Kind.DIAGNOSIS:
            accepted = "an ICD-9 code such as 250.83, 428, V57 or E909"
        elif self.is_number:
            accepted = f"a whole number from {self.minimum} to {self.maximum}"
        elif self.is_closed:
            accepted = "one of " + ", ".join(self.values)
        else:
            accepted = "up to 60 letters, digits, spaces and the signs / & -"
        return f"{accepted}, or {MISSING!r} when missing" if self.nullable else accepted

    def allows(self, value: str) -> bool:
        """Whether a value is accepted, as written in the file."""
        if self.nullable and value == MISSING:
            return True
        if self.is_number:
            is_whole = value.isascii() and value.isdecimal()
            return is_whole and self.minimum <= int(value) <= self.maximum
        if self.is_closed:
            return value in self.values
        return self.pattern is not None and re.fullmatch(self.pattern, value) is not None


ICD9_PATTERN = r"^(?:[0-9]{1,3}(?:\.[0-9]{1,2})?|V[0-9]{2}(?:\.[0-9]{1,2})?|E[0-9]{3}(?:\.[0-9])?)$"
OPEN_CATEGORY_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9/&\- ]{0,59}$"


def _midpoint(interval: str) -> int:
    low, high = interval.strip("[)").split("-")
    return (int(low) + int(high)) // 2
