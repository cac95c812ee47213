"""What the readers of files share: the columns they expect, and the check of each row."""

from typing import Any

from api.contract.encounter import check_encounter
from api.errors import ApiError, InvalidEncounter, Problem, UnreadableFile
from readmission.domain import schema
from readmission.serving.encoding_tables import Encounter

Row = Encounter | ApiError
"""An encounter that the contract has accepted, or why it has not."""

CHUNK_ROWS = 100
"""Rows answered at once: some milliseconds, after which single requests get their turn."""
ROW_BYTES = 1 << 20
"""Of a file that one row may take; it takes about 1,200, and a reader has to hold it whole."""


def checked(fields: Any) -> Row:
    """Return the encounter that was read, or what is wrong with it; an outcome is not looked at."""
    if isinstance(fields, dict):
        fields.pop(schema.TARGET, None)
    try:
        return check_encounter(fields)
    except ApiError as refusal:
        return refusal


def check_header(header: list[str]) -> None:
    """Refuse a file at once whose columns are wrong; else every row would say so."""
    known = {column.name for column in schema.COLUMNS}
    absent = [name for name in schema.FEATURE_NAMES if name not in header]
    if len(absent) == len(schema.FEATURE_NAMES):
        # Perhaps a row of a patient: nothing of it is repeated.
        raise UnreadableFile(
            "The first line does not name the columns of an encounter; GET /schema lists them."
        )
    problems = [Problem.missing_field(n, schema.BY_NAME[n].expected) for n in absent]
    strange = [name for name in header if name not in known]
    problems += [
        Problem.unknown_field(n, None, "one of the fields of GET /schema") for n in strange
    ]
    problems += [
        Problem.wrong_value(name, header.count(name), "one column of this name")
        for name in sorted({name for name in header if header.count(name) > 1})
    ]
    if problems:
        raise InvalidEncounter(problems)
