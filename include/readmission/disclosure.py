"""What a report, a message or a terminal may show of a value: never a number of a person."""

import re

import pandas as pd

from readmission import schema
from readmission.schema import Kind

HIDDEN = "(number not shown)"
LONGEST = 60
"""Characters that are shown of a value."""

_LONG_NUMBER = re.compile(r"\d{5,}")
"""No code or count of the contract has so many digits; a key in the wrong column has."""


def shown(column: str, value: object) -> str:
    """Return a value of a column as people may see it.

    Numbers of patients and of encounters are hidden, also those that got into another
    column of the contract; what is not of the contract is ours, and shown.

    Parameters
    ----------
    column : str
        Where the value stands.
    value : object
        The value, as it is spelt.
    """
    text = str(value)
    if column in schema.BY_NAME and (is_identifier(column) or _LONG_NUMBER.search(text)):
        return HIDDEN
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def all_shown(values: pd.Series) -> pd.Series:
    """Return the values of a column as people may see them."""
    return values.map({value: shown(str(values.name), value) for value in values.unique()})


def is_identifier(column: str) -> bool:
    """Whether a column holds numbers of patients or of encounters."""
    return column in schema.BY_NAME and schema.BY_NAME[column].kind is Kind.KEY
