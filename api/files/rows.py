"""Checks that all readers share: the columns of a file, and each row."""

from collections.abc import Sequence
from typing import Any

from api.contract.encounter import KNOWN_FIELDS, check_encounter
from api.errors import ApiError, InvalidEncounter, Problem, UnreadableFile
from readmission.domain import schema
from readmission.serving.encoding_tables import Encounter

ParsedRow = Encounter | ApiError
"""An accepted encounter, or the error that explains why the row is rejected."""

CHUNK_ROWS = 100
"""Rows scored together: this takes milliseconds, so single requests do not wait for long."""
MAX_UNPACKED_BYTES = 256 << 20
"""Largest size of a packed file after unpacking: a small file may expand to a huge one."""
MAX_ROW_BYTES = 1 << 20
"""A reader holds one row whole; an encounter takes about 1,200 bytes."""


def parse_row(fields: Any) -> ParsedRow:
    """Check one row; an outcome in it is ignored."""
    if isinstance(fields, dict):
        fields.pop(schema.TARGET, None)
    try:
        return check_encounter(fields)
    except ApiError as error:
        return error


def check_header(header: Sequence[str]) -> None:
    """Reject a file with wrong columns at once, instead of reporting them for every row."""
    known = {column.name for column in schema.COLUMNS}
    absent = [name for name in schema.FEATURE_NAMES if name not in header]
    if len(absent) == len(schema.FEATURE_NAMES):
        # The line may be patient data: do not repeat it.
        raise UnreadableFile(
            "The first line must name the columns of an encounter; GET /schema lists them."
        )
    problems = [Problem.missing_field(name, schema.BY_NAME[name].expected) for name in absent]
    unknown = [name for name in header if name not in known]
    problems += [Problem.unknown_field(name, None, KNOWN_FIELDS) for name in unknown]
    problems += [
        Problem.wrong_value(name, header.count(name), "one column with this name")
        for name in sorted({name for name in header if header.count(name) > 1})
    ]
    if problems:
        raise InvalidEncounter(problems)
