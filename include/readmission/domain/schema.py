"""The contract of one hospital encounter: each column of the UCI file is defined here, once.

The RAW and CLEAN tables, the quality suites, the API's request model, the form in
the UI and the synthetic data are derived from `COLUMNS`.

Sources: Strack et al. 2014, "Impact of HbA1c Measurement on Hospital Readmission
Rates" (BioMed Research International, 781670), and the code lists that UCI ships
with data set 296.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from readmission.domain import codes
from readmission.domain.columns import MISSING, Column, Kind, Section, wording

UNKNOWN = "Unknown"
"""The value that cleaning writes for a missing category."""


def _key(name: str, meaning: str, example: str) -> Column:
    return Column(name, Kind.KEY, Section.IDENTITY, meaning, example, minimum=1)


def _count(
    name: str,
    section: Section,
    meaning: str,
    example: int,
    minimum: int,
    maximum: int,
    modifiable: bool = False,
) -> Column:
    column = Column(name, Kind.COUNT, section, meaning, str(example), modifiable=modifiable)
    return replace(column, minimum=minimum, maximum=maximum)


def _scale(
    name: str,
    section: Section,
    meaning: str,
    values: Mapping[str, str],
    example: str,
    synonyms: Mapping[str, str],
    measurement: wording.Measurement | None = None,
) -> Column:
    # What was prescribed is decided on the ward; the result of a test is not.
    modifiable = section is Section.MEDICINES
    column = Column(name, Kind.ORDINAL, section, meaning, example, values, modifiable=modifiable)
    return replace(column, synonyms=synonyms, measurement=measurement)


def _diagnosis(name: str, meaning: str, example: str) -> Column:
    return Column(name, Kind.DIAGNOSIS, Section.DIAGNOSES, meaning, example, nullable=True)


def _medicine(name: str) -> Column:
    meaning = f"Was {name.replace('-', ' with ')} prescribed, and was its dose changed?"
    example = "Steady" if name == "insulin" else "No"
    return _scale(name, Section.MEDICINES, meaning, codes.DOSES, example, wording.DOSES)


COLUMNS: tuple[Column, ...] = (
    _key("encounter_id", "Number of this hospital stay.", "2278392"),
    _key("patient_nbr", "Number of the patient, the same at every stay.", "8222157"),
    Column(
        "race",
        Kind.CATEGORY,
        Section.PATIENT,
        "Race as recorded at admission.",
        "Caucasian",
        codes.RACES,
        nullable=True,
        synonyms=wording.RACES,
    ),
    Column(
        "gender",
        Kind.CATEGORY,
        Section.PATIENT,
        "Gender as recorded at admission.",
        "Female",
        codes.GENDERS,
        synonyms=wording.GENDERS,
    ),
    Column(
        "age",
        Kind.INTERVAL,
        Section.PATIENT,
        "Age in years, in steps of ten.",
        "[70-80)",
        codes.AGES,
    ),
    Column(
        "weight",
        Kind.IGNORED,
        Section.PATIENT,
        "Weight in pounds; recorded for 3 % of stays and not used by the models.",
        MISSING,
        codes.WEIGHTS,
        nullable=True,
        is_weight=True,
    ),
    Column(
        "admission_type_id",
        Kind.CATEGORY,
        Section.STAY,
        "How urgent the admission was.",
        "1",
        codes.ADMISSION_TYPES,
        other="8",
        synonyms=wording.ADMISSION_TYPES,
    ),
    Column(
        "discharge_disposition_id",
        Kind.CATEGORY,
        Section.STAY,
        "Where the patient went after this stay.",
        "1",
        codes.DISCHARGE_DISPOSITIONS,
        other="25",
        synonyms={**codes.UB04_DEATHS, **wording.DISCHARGES},
        modifiable=True,
    ),
    Column(
        "admission_source_id",
        Kind.CATEGORY,
        Section.STAY,
        "Where the patient came from.",
        "7",
        codes.ADMISSION_SOURCES,
        other="20",
        synonyms=wording.ADMISSION_SOURCES,
    ),
    _count("time_in_hospital", Section.STAY, "Days from admission to discharge.", 4, 1, 14, True),
    Column(
        "payer_code",
        Kind.CATEGORY,
        Section.STAY,
        "Code of the payer for this stay.",
        "MC",
        codes.PAYERS,
        nullable=True,
        open_set=True,
    ),
    Column(
        "medical_specialty",
        Kind.CATEGORY,
        Section.STAY,
        "Specialty of the admitting physician.",
        "InternalMedicine",
        codes.SPECIALTIES,
        nullable=True,
        open_set=True,
    ),
    _count("num_lab_procedures", Section.TESTS, "Laboratory tests during this stay.", 44, 0, 250),
    _count("num_procedures", Section.TESTS, "Procedures other than laboratory tests.", 1, 0, 50),
    _count(
        "num_medications",
        Section.MEDICINES,
        "Different medicines given during this stay.",
        15,
        0,
        150,
        modifiable=True,
    ),
    _count(
        "number_outpatient", Section.HISTORY, "Outpatient visits in the year before.", 0, 0, 366
    ),
    _count("number_emergency", Section.HISTORY, "Emergency visits in the year before.", 0, 0, 366),
    _count("number_inpatient", Section.HISTORY, "Inpatient stays in the year before.", 0, 0, 366),
    _diagnosis("diag_1", "Primary diagnosis, as an ICD-9 code.", "428"),
    _diagnosis("diag_2", "Second diagnosis, as an ICD-9 code.", "250.01"),
    _diagnosis("diag_3", "Third diagnosis, as an ICD-9 code.", "401"),
    _count("number_diagnoses", Section.DIAGNOSES, "Diagnoses entered for this stay.", 9, 1, 30),
    _scale(
        "max_glu_serum",
        Section.TESTS,
        "Highest glucose in serum, in mg/dl.",
        codes.GLUCOSE_RESULTS,
        "None",
        wording.GLUCOSE,
        wording.GLUCOSE_RESULT,
    ),
    _scale(
        "A1Cresult",
        Section.TESTS,
        "Glycated haemoglobin (HbA1c), in per cent.",
        codes.A1C_RESULTS,
        "None",
        wording.A1C,
        wording.A1C_RESULT,
    ),
    *(_medicine(name) for name in codes.MEDICINES),
    _scale(
        "change",
        Section.MEDICINES,
        "Was any diabetes medicine changed?",
        codes.CHANGE,
        "Ch",
        wording.CHANGE,
    ),
    _scale(
        "diabetesMed",
        Section.MEDICINES,
        "Was any diabetes medicine prescribed?",
        codes.PRESCRIBED,
        "Yes",
        wording.PRESCRIBED,
    ),
    Column(
        "readmitted",
        Kind.TARGET,
        Section.OUTCOME,
        "Whether the patient was readmitted, and how soon after discharge.",
        "NO",
        codes.OUTCOMES,
        synonyms=wording.OUTCOMES,
    ),
)

BY_NAME: Mapping[str, Column] = MappingProxyType({column.name: column for column in COLUMNS})
NAMES: tuple[str, ...] = tuple(BY_NAME)

ENCOUNTER = "encounter_id"
PATIENT = "patient_nbr"
TARGET = "readmitted"
CLASSES: tuple[str, ...] = tuple(BY_NAME[TARGET].values)
"""Outcome classes in the order of their codes: NO = 0, >30 = 1, <30 = 2."""

DIED: frozenset[str] = frozenset({"11", "19", "20", "21"})
"""Discharge dispositions after which a readmission is impossible."""


def of_kind(*kinds: Kind) -> Iterator[Column]:
    """Yield the columns of the given kinds in file order."""
    return (column for column in COLUMNS if column.kind in kinds)


FEATURES: tuple[Column, ...] = tuple(
    of_kind(Kind.CATEGORY, Kind.INTERVAL, Kind.COUNT, Kind.DIAGNOSIS, Kind.ORDINAL)
)
"""The columns that a model may use; they have the same names in RAW and CLEAN."""

FEATURE_NAMES: tuple[str, ...] = tuple(column.name for column in FEATURES)
REQUEST_COLUMNS: tuple[Column, ...] = tuple(c for c in COLUMNS if c.kind is not Kind.TARGET)
"""The columns that a client of the API may send: all but the outcome."""
CATEGORICAL_FEATURES: tuple[str, ...] = tuple(
    c.name for c in FEATURES if c.kind in (Kind.CATEGORY, Kind.DIAGNOSIS)
)
NUMERIC_FEATURES: tuple[str, ...] = tuple(
    c.name for c in FEATURES if c.name not in CATEGORICAL_FEATURES
)


MODIFIABLE: tuple[Column, ...] = tuple(column for column in FEATURES if column.modifiable)
"""The columns that a what-if may change: where the patient goes, the days in hospital, medicines.

Age, gender, race, diagnoses, results of tests and earlier visits are facts about the patient.
"""


def example() -> dict[str, str | int]:
    """Return one acceptable raw encounter as JSON represents it: counts are numbers."""
    return {c.name: int(c.example) if c.is_number else c.example for c in FEATURES}


def _contract_of(column: Column) -> tuple[object, ...]:
    limits = (column.minimum, column.maximum, column.nullable, column.open_set)
    return (column.name, column.kind.value, tuple(column.values), *limits, column.pattern)


VERSION: str = hashlib.sha256(repr([_contract_of(c) for c in FEATURES]).encode()).hexdigest()[:12]
"""Identity of a model's input: it changes when the values or limits of a feature change.

A model of another version is served if this one still allows all of its values.
"""
