"""Plausibility rules: values that are valid one by one but contradict each other."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import pandas as pd

from readmission.domain import codes, schema

PREFIX = "implausible: "
TOLERATED = 0.005
"""Share of implausible rows that a batch may have before the gate warns."""


def _medicines(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[list(codes.MEDICINES)]


def _given(rows: pd.DataFrame) -> pd.Series:
    return (_medicines(rows) != "No").any(axis=1)


def _changed(rows: pd.DataFrame) -> pd.Series:
    return _medicines(rows).isin(["Down", "Up"]).any(axis=1)


def _diagnoses(rows: pd.DataFrame) -> pd.Series:
    return rows[["diag_1", "diag_2", "diag_3"]].notna().sum(axis=1)


RULES: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = MappingProxyType(
    {
        "a diabetes medicine is given and diabetesMed is No": lambda rows: (
            (rows["diabetesMed"] == "No") & _given(rows)
        ),
        "diabetesMed is Yes and no diabetes medicine is given": lambda rows: (
            (rows["diabetesMed"] == "Yes") & ~_given(rows)
        ),
        "a dose was changed and change is No": lambda rows: (
            (rows["change"] == "No") & _changed(rows)
        ),
        "change is Ch and no diabetes medicine is given": lambda rows: (
            (rows["change"] == "Ch") & ~_given(rows)
        ),
        "fewer diagnoses are counted than are entered": lambda rows: (
            rows["number_diagnoses"] < _diagnoses(rows)
        ),
        "a newborn admission of a patient of ten years or more": lambda rows: (
            (rows["admission_type_id"] == "4") & (rows["age"] != next(iter(codes.AGES)))
        ),
    }
)
"""The rules by description; a rule takes parsed RAW rows and marks those that break it."""


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """Add a column for each rule, true where a row breaks it.

    Parameters
    ----------
    rows : DataFrame
        RAW encounters, parsed, with the columns of `schema.COLUMNS`.
    """
    encounters = rows[list(schema.NAMES)]
    verdicts = {
        PREFIX + sentence: rule(encounters).fillna(False).astype(bool)
        for sentence, rule in RULES.items()
    }
    return rows.assign(**verdicts)
