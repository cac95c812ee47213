"""The fields that describe a patient's earlier stays: an optional input of the models.

A row has all of them or none. A row without them is *blank*: nothing is known of earlier stays,
which differs from knowing that there were none.

No third-party packages, to keep serving light.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from readmission.domain import codes
from readmission.domain.columns.column import Column, Kind, Section
from readmission.domain.columns.spelling import is_missing
from readmission.domain.diagnoses import DIAGNOSIS_GROUPS, OTHER_DIAGNOSIS

KNOWN = "earlier_stays"
"""The field that tells a row with history from a blank one."""
SOON = "began_soon"
UNKNOWN = "Unknown"
CALLER: Final = "caller"
"""What a prediction says if the caller sent the fields and the model took them."""
IGNORED: Final = "ignored: not a field of this model"
"""The same for a model that takes none."""

_YES_NO = MappingProxyType({"No": "No", "Yes": "Yes"})
_GROUPS = MappingProxyType(
    {name: name for name in (*(group for group, _ in DIAGNOSIS_GROUPS), OTHER_DIAGNOSIS)}
)


def _count(name: str, meaning: str, maximum: int) -> Column:
    return Column(name, Kind.COUNT, Section.HISTORY, meaning, "0", minimum=0, maximum=maximum)


def _category(name: str, meaning: str, values: Mapping[str, str]) -> Column:
    column = Column(name, Kind.CATEGORY, Section.HISTORY, meaning, UNKNOWN, values, nullable=True)
    # Otherwise "Unknown" would be read as discharge 26, which has that meaning.
    return replace(column, synonyms={UNKNOWN: UNKNOWN})


FIELDS: tuple[Column, ...] = (
    _count(KNOWN, "Number of earlier stays.", 40),
    _count("earlier_days", "Days spent in earlier stays.", 300),
    _count(
        "earlier_inpatient", "Inpatient visits in the year before each earlier stay, added up.", 300
    ),
    _count(
        "earlier_emergency", "Emergency visits in the year before each earlier stay, added up.", 300
    ),
    _count(
        "earlier_outpatient",
        "Outpatient visits in the year before each earlier stay, added up.",
        300,
    ),
    _count("last_days", "Length in days of the previous stay.", 14),
    _count("last_medicines", "Different medicines given during the previous stay.", 150),
    _count("last_inpatient", "Inpatient visits in the year before the previous stay.", 50),
    _count("last_emergency", "Emergency visits in the year before the previous stay.", 100),
    _count("last_outpatient", "Outpatient visits in the year before the previous stay.", 100),
    _category(
        "last_discharge",
        "Where the patient went after the previous stay.",
        codes.DISCHARGE_DISPOSITIONS,
    ),
    _category("last_diagnosis", "Clinical group of the previous stay.", _GROUPS),
    Column(
        SOON,
        Kind.ORDINAL,
        Section.HISTORY,
        "Did this stay begin within 30 days of the previous stay?",
        "No",
        _YES_NO,
    ),
)
NAMES: tuple[str, ...] = tuple(column.name for column in FIELDS)
BY_NAME: Mapping[str, Column] = MappingProxyType({column.name: column for column in FIELDS})
COUNTS: tuple[str, ...] = tuple(c.name for c in FIELDS if c.kind is Kind.COUNT and c.name != KNOWN)
CATEGORIES: tuple[str, ...] = tuple(c.name for c in FIELDS if c.kind is Kind.CATEGORY)

NONE: Mapping[str, str | int] = MappingProxyType(
    {**dict.fromkeys((KNOWN, *COUNTS), 0), **dict.fromkeys(CATEGORIES, UNKNOWN), SOON: 0}
)
"""The values of a patient who has no earlier stay."""

RAW_NONE: Mapping[str, str | int] = MappingProxyType({**NONE, SOON: "No"})
"""The same as a caller writes them."""

NEEDED: tuple[str, ...] = (KNOWN, *COUNTS, SOON)
"""Fields that have a value if there are earlier stays; the others may be unknown."""

BLANK: Mapping[str, str | int] = MappingProxyType({**NONE, KNOWN: -1})
"""The values of a row without known earlier stays."""


def read(texts: Mapping[str, str]) -> tuple[Mapping[str, str | int], Sequence[tuple[str, str]]]:
    """Return the fields of one row of a file, and those that are wrong.

    Parameters
    ----------
    texts : mapping of str to str
        Some or all of the fields.

    Returns
    -------
    fields : mapping
        All fields as the contract writes them; nothing for a blank row.
    wrong : sequence of (str, str)
        Each wrong field, and what is expected. If there are any, `fields` means nothing.
    """
    sent = {name: text for name, text in texts.items() if not is_missing(text)}
    values = {name: BY_NAME[name].read(text) for name, text in sent.items()}
    wrong = [(n, BY_NAME[n].expected) for n, value in values.items() if not _allows(n, value)]
    fields = {n: value for n, value in values.items() if isinstance(value, str | int)}
    return {**RAW_NONE, **fields} if sent else {}, wrong or list(contradictions(fields))


def _allows(name: str, value: object) -> bool:
    column = BY_NAME[name]
    return (column.nullable and value == UNKNOWN) or column.allows(value)


def contradictions(sent: Mapping[str, str | int]) -> Iterator[tuple[str, str]]:
    """Yield each field that contradicts the others or is missing beside them, and what is expected.

    Parameters
    ----------
    sent : mapping
        The fields of one row that have a value; nothing for a blank row.
    """
    if not sent:
        return
    if sent.get(KNOWN) == 0:
        for name, value in sent.items():
            if value != RAW_NONE[name]:
                yield name, f"{RAW_NONE[name]}, because {KNOWN} is 0"
        return
    for name in NEEDED:
        if name not in sent:
            yield name, f"{BY_NAME[name].expected}, because other fields of earlier stays are sent"
