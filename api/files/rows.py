"""Checks that all readers share: the columns of a file, and each row."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from api.contract.encounter import KNOWN_FIELDS, check_encounter
from api.errors import ApiError, InvalidEncounter, Problem, UnreadableFile
from readmission.domain import schema
from readmission.domain.columns import earlier_stays
from readmission.serving.encoding_tables import Encounter

Keys = Mapping[str, str | int]
"""Fields by which callers recognise their rows."""


class ParsedRow(NamedTuple):
    """An accepted encounter, or the error that explains why the row is rejected, and its keys."""

    content: Encounter | ApiError
    keys: Keys = MappingProxyType({})


KEY_FIELDS = (schema.ENCOUNTER, schema.PATIENT)
OWN_KEY = "id"
"""The caller's own column, in upper or lower case; it is not part of the contract."""
LONGEST_KEY = 100

CHUNK_ROWS = 100
"""Rows scored together: this takes milliseconds, so single requests do not wait for long."""
MAX_UNPACKED_BYTES = 256 << 20
"""Largest size of a packed file after unpacking: a small file may expand to a huge one."""
MAX_ROW_BYTES = 1 << 20
"""A reader holds a whole row in memory; an encounter takes about 1,200 bytes."""


def parse_row(fields: Any, keys: Keys | None = None) -> ParsedRow:
    """Check one row; an outcome in it is ignored.

    Parameters
    ----------
    fields : object
        The row; anything but a dict is rejected.
    keys : mapping of str to str or int, optional
        Its keys; by default, they are taken from its fields.
    """
    if isinstance(fields, dict):
        keys = keys_of(fields) if keys is None else keys
        fields = {n: value for n, value in fields.items() if n != schema.TARGET and not is_own(n)}
    try:
        return ParsedRow(check_encounter(fields), keys or {})
    except ApiError as error:
        return ParsedRow(error, keys or {})


def is_own(name: str) -> bool:
    """Whether a field is the caller's own key."""
    return len(name) == len(OWN_KEY) and name.lower() == OWN_KEY


def keys_of(fields: Mapping[str, Any]) -> Keys:
    """Return the keys in a row."""
    named = {name: fields.get(name) for name in KEY_FIELDS}
    named[OWN_KEY] = next((value for name, value in fields.items() if is_own(name)), None)
    return {name: key for name, value in named.items() if (key := _key(value)) is not None}


def _key(value: Any) -> str | int | None:
    """Return a key so that it fits into a response; None if there is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # pandas stores whole numbers with gaps as decimals.
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    return value[:LONGEST_KEY] or None if isinstance(value, str) else None


def check_header(header: Sequence[str]) -> None:
    """Reject a file with wrong columns at once, instead of reporting them for every row."""
    absent = [name for name in schema.FEATURE_NAMES if name not in header]
    if len(absent) == len(schema.FEATURE_NAMES):
        # The line may be patient data: do not repeat it.
        raise UnreadableFile(
            "The first line must name the columns of an encounter; GET /schema lists them."
        )
    problems = [Problem.missing_field(name, schema.BY_NAME[name].expected) for name in absent]
    # A column without a name is the index of pandas, or a delimiter at the end of each line.
    header = [name for name in header if name]
    known = schema.BY_NAME.keys() | earlier_stays.BY_NAME.keys()
    unknown = [name for name in header if name not in known and not is_own(name)]
    problems += [Problem.unknown_field(name, None, KNOWN_FIELDS) for name in unknown]
    counts = Counter(header)
    problems += [
        Problem.wrong_value(name, counts[name], "one column with this name")
        for name in sorted(name for name, times in counts.items() if times > 1)
    ]
    if problems:
        raise InvalidEncounter(problems)
