"""Consistent encounters, and for each plausibility rule the values that break it."""

import pandas as pd

from readmission.domain import codes
from tests.include.tables import encounters

CONSISTENT = {"insulin": "Steady", "change": "Ch", "diabetesMed": "Yes", "number_diagnoses": "9"}
BROKEN = {
    "a diabetes medicine is given and diabetesMed is No": {"diabetesMed": "No"},
    "diabetesMed is Yes and no diabetes medicine is given": {"insulin": "No", "change": "No"},
    "a dose was changed and change is No": {"insulin": "Up", "change": "No"},
    "change is Ch and no diabetes medicine is given": {"insulin": "No", "diabetesMed": "No"},
    "fewer diagnoses are counted than are entered": {"number_diagnoses": "1"},
    "a newborn admission of a patient of ten years or more": {"admission_type_id": "4"},
}
"""Description of each rule to the values that break it in a consistent encounter."""


def consistent(rows: int) -> pd.DataFrame:
    """Return encounters as text that break no rule; each has insulin as its only medicine."""
    table = encounters(rows).to_pandas()
    table[list(codes.MEDICINES)] = "No"
    table[["diag_1", "diag_2"]] = "250"
    table["age"] = "[50-60)"
    table["admission_type_id"] = "1"
    return table.assign(**CONSISTENT)
