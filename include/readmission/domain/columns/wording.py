"""Other words for the values of the closed lists, as hospitals and clients write them.

Only words with one meaning are here. ``M`` is *mujer*, a woman, in a Spanish export and male in an
English one, so it is refused; so are ``V``, *varón* or a Dutch *vrouw*, numbers for a gender,
``Yes`` for a dose, and HL7's ``E`` for an admission.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from unicodedata import combining, normalize

from readmission.domain.columns.spelling import MISSING, decimal

LONGEST = 80
"""Characters; a longer text is not a value of a list."""

_BLANK_IN_NUMBER = re.compile(r"[0-9]\s+[0-9]")
_JOINTS = re.compile(r"(?<=[a-z])[_-](?=[a-z])")
_AGES = re.compile(
    r"(?:\[([0-9]{1,3}),|\[?([0-9]{1,3})(?:-|–|to|a))([0-9]{1,3})[\])]?(?:years|anos)?"
)
_IN_YEARS = re.compile(r"([0-9]{1,3})(?:y|yo|yrs?|years?|a|anos?)")
_AND_OVER = re.compile(r"(?:>=|≥)?(90|100)(?:\+|yearsandover|andover|ymas)?")
_WEIGHT = re.compile(r"[0-9]{1,4}(?:[.,][0-9]{1,3})?(?:kg|kgs|lb|lbs)?")
_DECADE = 10
OLDEST = 120
"""Largest age in years that is not taken for a mistake."""
HEAVIEST = 9999
"""In any unit."""


def letters(text: str) -> str:
    """Return a text by which spellings are compared: small letters without accents and blanks.

    Blanks between digits are kept: two codes in a cell are not a third one.
    """
    return text if len(text) > LONGEST else _letters(text)


@lru_cache(maxsize=4096)
def _letters(text: str) -> str:
    if _BLANK_IN_NUMBER.search(text):
        return text
    folded = normalize("NFD", "".join(text.split()).casefold())
    return _JOINTS.sub("", "".join(sign for sign in folded if not combining(sign)))


def _words(**by_value: str) -> dict[str, str]:
    """Return the value of each word, from the words of each value."""
    return {word.strip(): value for value, words in by_value.items() for word in words.split(",")}


GENDERS: Mapping[str, str] = MappingProxyType(
    _words(
        Female="F, Woman, W, Mujer, Femenino, Femenina, Femme, Weiblich",
        Male="Man, H, Hombre, Varón, Masculino, Homme, Männlich",
    )
    | dict.fromkeys(("Unknown", "U", "Other", "Desconocido"), "Unknown/Invalid")
)
RACES: Mapping[str, str] = MappingProxyType(
    _words(
        AfricanAmerican="Black, Black or African American, Negra, Afroamericana",
        Caucasian="White, Blanca, Caucásica",
        Hispanic="Hispanic or Latino, Latino, Hispana",
        Asian="Asiática",
        Other="Other Race, Some other race, American Indian or Alaska Native,"
        " Native Hawaiian or Other Pacific Islander, Otra",
    )
    | dict.fromkeys(("Unknown", "Declined", "Not recorded", "Desconocida"), MISSING)
)
"""Words of the OMB's categories and of US Core, and their Spanish ones."""
ADMISSION_TYPES = MappingProxyType({"Programado": "3", "Trauma Center": "7"})
DISCHARGES = MappingProxyType({"Discharged to home": "1", "Expired": "11", "Éxitus": "11"})
ADMISSION_SOURCES = MappingProxyType({"HMO Referral": "3", "Court/Law Enforcement": "8"})
DOSES = _words(
    No="N, Not given",
    Steady="Stable, Unchanged, Constant, Estable",
    Down="Decreased, Decrease, Lowered, Reduced, Reducida, Disminuida",
    Up="Increased, Increase, Raised, Aumentada",
)
CHANGE = _words(No="N, False, Unchanged", Ch="Change, Yes, Y, True, Sí")
PRESCRIBED = _words(No="N, False", Yes="Y, True, Sí")
OUTCOMES = MappingProxyType(
    {">30 days": ">30", ">30d": ">30", "<30 days": "<30", "<30d": "<30", ">30 días": ">30"}
    | {"<30 días": "<30", "Never": "NO"}
)
GLUCOSE = _words(Norm="Normal") | {f">{limit} mg/dl": f">{limit}" for limit in (200, 300)}
A1C = _words(Norm="Normal") | {f">{limit}%": f">{limit}" for limit in (7, 8)}


@dataclass(frozen=True)
class Measurement:
    """How the result of a test is read if it is sent as a number.

    Parameters
    ----------
    unit : str
        Its unit.
    lowest, below : int
        Other numbers are refused: they are mistakes, or in another unit.
    digits : str
        Regular expression of the whole numbers between them.
    limits : sequence of (float, str)
        The value of a result above each limit, the highest first.
    normal : str
        The value of a result that is above none.
    """

    unit: str
    lowest: int
    below: int
    digits: str
    limits: Sequence[tuple[float, str]]
    normal: str = "Norm"

    @property
    def pattern(self) -> str:
        """Regular expression of a result as text."""
        return rf"^(?:{self.digits})(?:[.,][0-9]{{1,6}})?$"

    def value_of(self, number: float) -> str:
        """Return the value of a result."""
        return next((value for limit, value in self.limits if number > limit), self.normal)

    def read(self, sent: object) -> str | None:
        """Return the value of a result, a number or text; None if it is not a result."""
        if isinstance(sent, str) and not re.fullmatch(self.pattern, sent.strip()):
            return None
        number = decimal(sent)
        if number is None or not self.lowest <= number < self.below:
            return None
        return self.value_of(number)


GLUCOSE_RESULT = Measurement(
    "mg/dl", 60, 2000, "[6-9][0-9]|[1-9][0-9]{2}|1[0-9]{3}", ((300, ">300"), (200, ">200"))
)
"""Results in mmol/l are below 60, so none is taken for mg/dl."""
A1C_RESULT = Measurement("%", 4, 20, "[4-9]|1[0-9]", ((8, ">8"), (7, ">7")))
"""Results in mmol/mol are 20 and more, so none is taken for per cent.

Nor is a position in the scale, such as 3 for ``>8``, because results below 4 % are very rare.
"""


def age_in(text: str) -> int | None:
    """Return an age in years for an interval of ten years, or an age with its unit, as text.

    None if the text is neither, or its interval is not one of the contract, such as 65-74.
    """
    spelled = letters(text)
    if found := _AGES.fullmatch(spelled):
        low, high = (int(number) for number in found.groups() if number is not None)
        is_decade = low % _DECADE == 0 and high - low in (_DECADE - 1, _DECADE)
        return low if is_decade and low < OLDEST else None
    if found := _IN_YEARS.fullmatch(spelled) or _AND_OVER.fullmatch(spelled):
        return int(found[1])
    return None


def is_weight(sent: object) -> bool:
    """Whether a value is a weight in kilograms or pounds, or a number."""
    if isinstance(sent, str):
        return _WEIGHT.fullmatch(letters(sent)) is not None
    number = decimal(sent)
    return number is not None and number <= HEAVIEST
