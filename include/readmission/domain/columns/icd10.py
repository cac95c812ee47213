"""ICD-10 codes as the ICD-9 codes that the models know.

`icd10.txt` has CMS's General Equivalence Mappings of 2018 (public domain) with one target for each
of 69,832 codes of ICD-10-CM, which CIE-10-ES shares; `docs/icd10_table.py` writes it and says how a
target is chosen. A line is a category, the target of the category, and its codes by target.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import groupby
from re import compile as regex

TABLE = files(__package__) / "icd10.txt"
"""A resource of the package, because a registered model imports the package from an archive."""
NO_EQUIVALENT = "-"
"""The target of codes that ICD-9 has no equivalent for, such as blood groups."""

_CATEGORY = 3
_CODE = regex(r"([A-Z][0-9][0-9A-Z])(?:\.?([0-9A-Z]{1,4}))?")
_MAYBE_ICD9 = regex(r"V[0-9A-Z]{3,4}")
"""ICD-9 without its point, such as V5867; ICD-10's codes with a V, of accidents, are longer."""
_CACHED_CODES = 4096


@dataclass(frozen=True)
class Translation:
    """An ICD-10 code and what it is in ICD-9.

    Parameters
    ----------
    icd10 : str
        The code with its point.
    icd9 : str
        As the UCI file spells it.
    category : str, optional
        The category by which the code was translated, if the table does not have the code because
        it is younger.
    """

    icd10: str
    icd9: str
    category: str | None = None

    def __str__(self) -> str:
        if self.category is None:
            return f"ICD-10 {self.icd10} was read as ICD-9 {self.icd9}"
        return (
            f"ICD-10 {self.icd10} is not in CMS's tables of 2018 and was read by its category"
            f" {self.category} as ICD-9 {self.icd9}"
        )


@lru_cache(_CACHED_CODES)
def translate(code: str) -> Translation | None:
    """Return the translation of an ICD-10 code, or None if there is none.

    Parameters
    ----------
    code : str
        In upper case, with or without a point: ``E11.9`` or ``E119``.
    """
    found = _CODE.fullmatch(code)
    if found is None or _MAYBE_ICD9.fullmatch(code):
        return None
    category, suffix = found[1], found[2] or ""
    own, *groups = _lines().get(category, NO_EQUIVALENT).split(" ")
    for target, suffixes in (group.split("=") for group in groups):
        if suffix in suffixes.split(","):
            is_known = target != NO_EQUIVALENT
            return Translation(with_point(category + suffix), target) if is_known else None
    if own == NO_EQUIVALENT:
        return None
    # The category itself, such as E11, is a heading of the table and not a younger code.
    younger = category if suffix or not groups else None
    return Translation(with_point(category + suffix), own, younger)


def with_point(code: str) -> str:
    """Return a code with the point after its category."""
    return f"{code[:_CATEGORY]}.{code[_CATEGORY:]}" if len(code) > _CATEGORY else code


def pattern() -> str:
    """Return a regular expression of the codes of every category that has an ICD-9 code."""
    known = [name for name, line in _lines().items() if not line.startswith(NO_EQUIVALENT)]
    by_start = groupby(known, key=lambda name: name[:2])
    starts = [f"{start}[{''.join(name[2] for name in names)}]" for start, names in by_start]
    others = "|".join(start for start in starts if not start.startswith("V"))
    accidents = "|".join(start for start in starts if start.startswith("V"))
    suffix = "[0-9A-Z]"
    return (
        rf"^(?:(?:{others})(?:\.?{suffix}{{1,4}})?"
        rf"|(?:{accidents})(?:\.{suffix}{{1,4}}|{suffix}{{3,4}})?)$"
    )


@cache
def _lines() -> dict[str, str]:
    """Return the unparsed line of each category; it is parsed when one of its codes is sent."""
    with TABLE.open(encoding="utf-8") as file:
        return {line[:_CATEGORY]: line[_CATEGORY + 1 :].rstrip("\n") for line in file}
