"""ICD-10 codes and CMS's titles for them, so that the form finds a diagnosis by either code.

`icd10.csv` has the plain code of each category whose ICD-9 code is in `icd9.csv`, and the codes of
diabetes; `docs/icd10_table.py` writes it. The form accepts every other code, too.
"""

import csv
from pathlib import Path

TABLE = Path(__file__).with_name("icd10.csv")


def _read() -> dict[str, str]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["meaning"] for row in csv.DictReader(file)}


MEANINGS: dict[str, str] = _read()
"""Title of each code in `icd10.csv`."""


def describe(code: str) -> str:
    """Return a code with its title.

    Examples
    --------
    >>> describe("I50.9")
    'Heart failure, unspecified (ICD-10 I50.9)'
    """
    return f"{MEANINGS[code]} (ICD-10 {code})"
