"""ICD-10 codes and CMS's titles for them, so that the form finds a diagnosis by either code.

`icd10.csv` has the plain code of each category whose ICD-9 code is in `icd9.csv`, and the codes of
diabetes; `docs/icd10_table.py` writes it. The form accepts every other code, too. CMS has the
titles in English only; other languages show the meaning of the ICD-9 code that `icd9` names.
"""

from collections.abc import Callable
from pathlib import Path

from ui.language import N_, _
from ui.wording import icd9

TABLE = Path(__file__).with_name("icd10.csv")
_NAME = N_("ICD-10")

MEANINGS: dict[str, str] = icd9.read_column(TABLE, "meaning")
"""Title of each code in `icd10.csv`, in English."""
_ICD9: dict[str, str] = icd9.read_column(TABLE, "icd9")


def describe(code: str, say: Callable[[str], str] = _) -> str:
    """Return a code with its title.

    Parameters
    ----------
    code : str
        A code of `icd10.csv`.
    say : callable
        Translates a meaning; the default looks the language up at each call.

    Examples
    --------
    >>> describe("I50.9")
    'Heart failure, unspecified (ICD-10 I50.9)'
    """
    name = say(_NAME)
    title = MEANINGS[code] if name == _NAME else say(icd9.MEANINGS[_ICD9[code]])
    return f"{title} ({name} {code})"
