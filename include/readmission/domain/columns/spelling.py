"""How files and clients spell a missing value, a number and a code."""

import re
from itertools import product
from math import isfinite
from numbers import Integral, Real

MISSING = "?"
"""A missing value in the UCI file, and in what the contract returns."""
NOT_MEASURED = "None"
"""A value of the two laboratory tests, and not a spelling of a missing one."""

SPELLINGS = ("", MISSING, "NA", "N/A", "NaN", "null", "#N/A", "#N/D", "<NA>", "\\N")
"""How a missing value is spelled, in upper or lower case; so are blanks, JSON's null and NaN.

The last four are those of Excel in English and Spanish, pandas and SQL exports.
"""
MISSING_TEXTS = frozenset(
    "".join(letters)
    for word in SPELLINGS
    for letters in product(*({letter.lower(), letter.upper()} for letter in word))
)
"""Every one of these spellings."""

_DIGITS = re.compile(r"([0-9]{1,18})")
_WHOLE_NUMBER = re.compile(r"[ \t]*([0-9]{1,18})(?:[.,](?:00?|0{4,}))?[ \t]*")
"""Three zeros after a point or a comma may be thousands: 1,000 is not 1."""
_DECIMAL = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,6})?")
_LARGEST_DECIMAL = 10**6
_ROUNDING = 1e-4
"""Largest error of a code that was stored as a number of 32 bits."""


def is_missing(value: object) -> bool:
    """Whether a value means that nothing was recorded."""
    if isinstance(value, str):
        return value in MISSING_TEXTS or value.strip() in MISSING_TEXTS
    return value is None or (isinstance(value, float) and value != value)


def is_bool(value: object) -> bool:
    """Whether a value is true or false in Python or NumPy."""
    return isinstance(value, bool) or type(value).__name__ == "bool"


def whole_number(value: object, *, decimals: bool = True) -> int | None:
    """Return a whole number, or None if the value is not one.

    Parameters
    ----------
    value : object
        A number such as 7 or 7.0, or text such as ``7``, ``007`` or ``7.0``.
    decimals : bool
        Whether text may have blanks around it, and zeros after a point or a comma, but not three.
        A key may not, because RAW compares keys as text.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        number = float(value)
        return int(number) if number.is_integer() else None
    if not isinstance(value, str):
        return None
    found = (_WHOLE_NUMBER if decimals else _DIGITS).fullmatch(value)
    return int(found[1]) if found else None


def decimal(value: object) -> float | None:
    """Return a number that is not negative, or None; text may have a decimal comma and blanks."""
    if isinstance(value, str):
        text = value.strip()
        return float(text.replace(",", ".")) if _DECIMAL.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:  # A whole number may have thousands of digits.
        return None
    return number if 0 <= number < _LARGEST_DECIMAL else None


def code(value: object) -> str | None:
    """Return a code of ICD-9 or ICD-10 in one spelling, or None if it is neither text nor a number.

    As in the UCI file, a number has no trailing zeros: 250.0 is ``250``, and 250.80 is ``250.8``.
    To keep the zeros, send text. The clinical group is the same with and without them.
    """
    if isinstance(value, str):
        return value.strip().replace(",", ".").upper()
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:  # A whole number may have thousands of digits.
        return None
    if not isfinite(number) or abs(number - round(number, 2)) > _ROUNDING:
        return None
    return f"{number:.2f}".rstrip("0").rstrip(".")
