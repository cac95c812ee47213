"""ICD-9 codes and their meaning in plain words, so that nobody needs to know the codes.

The form accepts any ICD-9 code; the codes in `icd9.csv` can also be found by a word. They cover
98 % of the diagnoses in the UCI file and are written as that file writes them, without leading
or trailing zeros: 038 is 38, and 250.80 is 250.8.
"""

import csv
from collections.abc import Callable
from pathlib import Path

from ui.language import _

TABLE = Path(__file__).with_name("icd9.csv")


def read_column(table: Path, column: str) -> dict[str, str]:
    """Return a column of a table of codes, by code."""
    with table.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row[column] for row in csv.DictReader(file)}


MEANINGS: dict[str, str] = read_column(TABLE, "meaning")
"""Meaning of each code in `icd9.csv`, in English and in the order of that file."""


def describe(code: str, say: Callable[[str], str] = _) -> str:
    """Return a code with its meaning, or the bare code if it is not in `icd9.csv`.

    Parameters
    ----------
    code : str
        The code.
    say : callable
        Translates a meaning; the default looks the language up at each call.

    Examples
    --------
    >>> describe("38")
    'Septicaemia, blood poisoning, sepsis (038)'
    """
    meaning = MEANINGS.get(code)
    if meaning is None:
        return code
    return f"{say(meaning)} ({code.zfill(3) if code.isdigit() else code})"
