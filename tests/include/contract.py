"""An independent check of the contract, with which the gates must agree."""

import re

import pandas as pd

from readmission.domain import schema
from readmission.domain.columns import Column, Kind, icd10

NUMBERS = {
    "weight": r"[0-9]{1,4}(\.[0-9]+)?",
    "max_glu_serum": r"([6-9][0-9]|[1-9][0-9]{2}|1[0-9]{3})(\.[0-9]+)?",
    "A1Cresult": r"([4-9]|1[0-9])(\.[0-9]+)?",
}
"""Numbers that a list of values accepts: weights, and results of the two tests."""


def acceptable(column: Column, value: str) -> bool:
    """Whether the schema accepts a value, as written in the file."""
    absent = ("", "?", "NA", "N/A", "NAN", "NULL", "#N/A", "#N/D", "<NA>", "\\N")
    if value.strip().upper() in absent:
        return column.nullable or column.name in ("max_glu_serum", "A1Cresult")
    is_code = column.is_closed and "1" in column.values
    if column.kind is Kind.COUNT or is_code or column.name == "age":
        value = str(int(float(value))) if re.fullmatch(r"[0-9]+(\.0)?", value) else value
    if column.kind is Kind.DIAGNOSIS:
        value = value.strip().replace(",", ".").upper()
        if re.search(icd10.pattern(), value):
            return icd10.translate(value) is not None
    if column.is_number:
        return value.isdecimal() and column.minimum <= int(value) <= column.maximum
    if column.name == "age" and value.isdecimal():
        return int(value) <= 120
    if is_code and value.isdecimal():
        return 1 <= int(value) <= 99
    if column.is_closed:
        words = {*column.values, *column.values.values(), *column.synonyms}
        is_word = value.strip().casefold() in {word.casefold() for word in words}
        return is_word or re.fullmatch(NUMBERS.get(column.name, "(?!)"), value) is not None
    assert column.pattern is not None
    return re.search(column.pattern, value) is not None


def violations(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Return the values that break the contract, by column."""
    found = {
        column.name: [v for v in rows[column.name].unique() if not acceptable(column, v)]
        for column in schema.COLUMNS
    }
    return {name: values for name, values in found.items() if values}
