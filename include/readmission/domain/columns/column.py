"""A column of the contract: its kind, its place in a form and the values it allows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from numbers import Real
from types import MappingProxyType

from readmission.domain.columns import spelling, wording
from readmission.domain.columns.icd10 import translate
from readmission.domain.columns.spelling import MISSING, NOT_MEASURED
from readmission.domain.columns.wording import OLDEST, Measurement


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


@dataclass(frozen=True)
class Interpretation:
    """A value of the contract, and a sentence that says what it was read from."""

    value: str
    remark: str


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
    other : str, optional
        The value that stands for a code of one or two digits that is not in the list.
    synonyms : mapping of str to str
        Codes of other lists and other words, each with the value that means the same here.
    measurement : Measurement, optional
        How the value is read if it is sent as a number with decimals.
    modifiable : bool
        Whether the team on the ward decides it before the patient leaves, so that it makes sense
        to ask what the model would predict if it were different.
    is_weight : bool
        Whether a weight as a number, in kg or lb, is read as missing.
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
    other: str | None = None
    synonyms: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    measurement: Measurement | None = None
    modifiable: bool = False
    is_weight: bool = False

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
    def missing_value(self) -> str | None:
        """The value that a missing one stands for; None if it may not be missing."""
        if self.nullable:
            return MISSING
        return NOT_MEASURED if NOT_MEASURED in self.values else None

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
            accepted = "an ICD-9 code such as 250.83 or V57, or one of ICD-10 such as E11.9"
        elif self.is_number:
            accepted = f"a whole number from {self.minimum} to {self.maximum}"
        elif self.is_closed:
            accepted = "one of " + ", ".join(self.values)
            if self.kind is Kind.INTERVAL:
                accepted += f", or a whole number from 0 to {OLDEST}"
        else:
            accepted = "up to 60 letters, digits, spaces and the signs / & -"
        return f"{accepted}, or {MISSING!r} when missing" if self.nullable else accepted

    def read(self, value: object) -> object:
        """Return a value as the contract writes it; an unknown one is returned unchanged.

        This is the only place that interprets what a file, a request or a data frame has sent:
        the spellings of a missing value, numbers as text, codes as numbers, a decimal comma, and
        the case of letters and blanks around them, and what `interpret` knows. Limits are not
        checked.

        Parameters
        ----------
        value : object
            As it arrived: text, a number, or None.

        Returns
        -------
        object
            ``int`` for a count or a key, else text; `missing_value` if nothing was sent and the
            column allows that.
        """
        if type(value) is str and value in self.values:
            return value
        if spelling.is_missing(value):
            return value if self.missing_value is None else self.missing_value
        if self.is_number:
            number = spelling.whole_number(value, decimals=self.kind is Kind.COUNT)
            return value if number is None else number
        text = self._as_text(value)
        if text is not None and self._lists(text):
            return text
        found = self.interpret(value)
        return value if found is None else found.value

    def interpret(self, value: object) -> Interpretation | None:
        """Return how a value that the contract does not list is understood, for the response.

        None if the contract lists the value, in any spelling, or if the value is not understood.
        """
        text = None if self.is_number or spelling.is_missing(value) else self._as_text(value)
        if text is None or self._lists(text):
            return None
        if self.kind is Kind.DIAGNOSIS:
            found = translate(text)
            return None if found is None else Interpretation(found.icd9, str(found))
        return self._other(text) or self._in_other_words(text, value)

    def _in_other_words(self, text: str, sent: object) -> Interpretation | None:
        """Return the value that a word, an age or the result of a test means."""
        found = self._words.get(wording.letters(text))
        if found is None and self.kind is Kind.INTERVAL:
            found = self._interval_of(text)
        if found is None and self.measurement is not None:
            found = self.measurement.read(sent)
        if found is None and self.is_weight and wording.is_weight(sent):
            found = self.missing_value
        return None if found is None else Interpretation(found, f"{text} was read as {found}")

    @cached_property
    def _words(self) -> Mapping[str, str]:
        """The value of each synonym, and of each meaning, by their letters."""
        meanings = {meaning: value for value, meaning in self.values.items()}
        words = meanings | dict(self.synonyms)
        return {wording.letters(word): value for word, value in words.items()}

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        """The values by their letters."""
        return {wording.letters(value): value for value in self.values}

    def _interval_of(self, text: str) -> str | None:
        """Return the interval that an age lies in; the last one is open up to `OLDEST`."""
        number = spelling.whole_number(text)
        age = wording.age_in(text) if number is None else number
        if age is None or age > OLDEST:
            return None
        return next((v for v in reversed(list(self.values)) if _limits(v)[0] <= age), None)

    def _other(self, text: str) -> Interpretation | None:
        """Return the value for a code that is not in the list, if this column has one."""
        code = spelling.whole_number(text)
        if self.other is None or code is None or not 0 < code <= LARGEST_CODE:
            return None
        found = self.synonyms.get(str(code), self.other)
        meaning = f"{found}, {self.values[found].lower()}"
        return Interpretation(found, f"{code} is not in the list and was read as {meaning}")

    def allows(self, value: object) -> bool:
        """Whether a value is accepted, in any spelling that `read` knows."""
        found = self.read(value)
        if type(found) is int and self.is_number:  # Python counts True as an int.
            return self.minimum <= found <= self.maximum
        is_missing = self.nullable and found == MISSING
        return is_missing or (isinstance(found, str) and self._lists(found))

    def _as_text(self, value: object) -> str | None:
        """Return the text that a value, which may be a number, stands for."""
        if self.kind is Kind.DIAGNOSIS:
            return spelling.code(value)
        number = spelling.whole_number(value) if self.is_closed else None
        if number is not None:
            return str(number)
        # The result of a test has decimals; true and false are those of JSON, Parquet or NumPy.
        is_text = isinstance(value, str) or (
            self.is_closed and (isinstance(value, Real) or spelling.is_bool(value))
        )
        return self.spelled(str(value)) if is_text else None

    def spelled(self, text: str) -> str:
        """Return the listed value that has the letters of a text, or the text trimmed."""
        return self._spellings.get(wording.letters(text), text.strip())

    def _lists(self, text: str) -> bool:
        """Whether the contract has this text among its values."""
        if self.is_closed:
            return text in self.values
        return self.pattern is not None and re.fullmatch(self.pattern, text) is not None


_V_CODES = "V(?:0[1-9]|[124-8][0-9]|3[0-79]|9[01])"
_E_CODES = "E(?:0[01][0-9]|029|030|80[0-7]|8[1246][0-9]|8[358][0-8]|87[0-689]|89[0-9]|9[0-9]{2})"
ICD9_PATTERN = (
    rf"^(?:[0-9]{{1,3}}(?:\.[0-9]{{1,2}})?|{_V_CODES}(?:\.[0-9]{{1,2}})?|{_E_CODES}(?:\.[0-9])?)$"
)
"""Codes of ICD-9-CM with their point, as in the UCI file.

Of codes that begin with a V or an E, only the categories that ICD-9-CM had in its last release of
2015: the others are ICD-10. A code that both have, such as E888 or V58, is therefore ICD-9; its
clinical group is the same in both.
"""
OPEN_CATEGORY_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9/&\- ]{0,59}$"


LARGEST_CODE = 99
"""Largest code of a list that is not taken for a mistake."""


def _limits(interval: str) -> tuple[int, int]:
    low, high = interval.strip("[)").split("-")
    return int(low), int(high)


def _midpoint(interval: str) -> int:
    return sum(_limits(interval)) // 2
