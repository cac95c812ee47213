"""Three example encounters that a user can start from, typical of the UCI file.

In that file, this share of similar stays was followed by a readmission within 30 days:

- low: planned, discharged home, no stay in the year before: 6 % of 8,624
- medium: emergency for heart failure, one stay in the year before: 15 % of 1,081
- high: five or more stays in the year before, discharged to a nursing facility: 30 % of 240
"""

from collections.abc import Mapping
from typing import Any

_CHANGES: tuple[tuple[str, str, Mapping[str, str | int]], ...] = (
    (
        "low",
        "Low risk: planned knee replacement, no stay in the year before",
        {
            "age": "[50-60)",
            "admission_type_id": "3",
            "admission_source_id": "1",
            "discharge_disposition_id": "1",
            "time_in_hospital": 2,
            "medical_specialty": "Orthopedics",
            "payer_code": "BC",
            "num_lab_procedures": 20,
            "num_procedures": 1,
            "num_medications": 12,
            "diag_1": "715",
            "diag_2": "250",
            "diag_3": "401",
            "number_diagnoses": 4,
            "A1Cresult": "Norm",
            "insulin": "No",
            "metformin": "Steady",
            "change": "No",
        },
    ),
    (
        "medium",
        "Medium risk: heart failure as an emergency, one stay in the year before",
        {
            "age": "[70-80)",
            "time_in_hospital": 5,
            "num_lab_procedures": 48,
            "num_medications": 17,
            "number_inpatient": 1,
            "diag_1": "428",
            "diag_2": "427",
            "diag_3": "250",
            "glipizide": "Steady",
        },
    ),
    (
        "high",
        "High risk: heart and kidney failure, five stays in the year before",
        {
            "age": "[70-80)",
            "discharge_disposition_id": "3",
            "time_in_hospital": 9,
            "num_lab_procedures": 62,
            "num_procedures": 2,
            "num_medications": 24,
            "number_outpatient": 1,
            "number_emergency": 3,
            "number_inpatient": 5,
            "diag_1": "428",
            "diag_2": "584",
            "diag_3": "250.4",
            "number_diagnoses": 9,
            "insulin": "Up",
        },
    ),
)


def presets(base: Mapping[str, str | int]) -> list[dict[str, Any]]:
    """Return name, title and complete encounter of each preset.

    Parameters
    ----------
    base : mapping
        The encounter that each preset changes.
    """
    return [
        {"name": name, "title": title, "encounter": {**base, **changes}}
        for name, title, changes in _CHANGES
    ]
