"""An independent check of the contract, with which the gates must agree."""

import re

import pandas as pd

from readmission.domain import schema
from readmission.domain.columns import MISSING, Column


def acceptable(column: Column, value: str) -> bool:
    """Whether the schema accepts a value, as written in the file."""
    if column.nullable and value == MISSING:
        return True
    if column.is_number:
        return value.isdecimal() and column.minimum <= int(value) <= column.maximum
    if column.is_closed:
        return value in column.values
    assert column.pattern is not None
    return re.search(column.pattern, value) is not None


def violations(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Return the values that break the contract, by column."""
    found = {
        column.name: [v for v in rows[column.name].unique() if not acceptable(column, v)]
        for column in schema.COLUMNS
    }
    return {name: values for name, values in found.items() if values}
