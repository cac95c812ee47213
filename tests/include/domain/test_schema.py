"""The contract: one definition of each column, which the real file satisfies."""

from dataclasses import replace

import pytest

from readmission.domain import codes, schema
from readmission.domain.columns import Column, Kind
from readmission.pipeline.source import Dataset
from tests.include.contract import acceptable, violations


def test_every_column_of_the_file_is_defined_once_and_in_file_order(dataset: Dataset) -> None:
    assert tuple(dataset.encounters.column_names) == schema.NAMES
    assert len(schema.COLUMNS) == len(schema.BY_NAME) == 50


def test_the_models_use_all_columns_but_keys_weight_and_outcome() -> None:
    hidden = set(schema.NAMES) - set(schema.FEATURE_NAMES)

    assert hidden == {"encounter_id", "patient_nbr", "weight", "readmitted"}
    assert len(schema.FEATURES) == 46
    assert len(codes.MEDICINES) == 23
    assert {c.name for c in schema.of_kind(Kind.COUNT, Kind.INTERVAL, Kind.ORDINAL)} == set(
        schema.NUMERIC_FEATURES
    )


@pytest.mark.parametrize("column", schema.COLUMNS, ids=lambda c: c.name)
def test_a_column_has_a_description_and_a_valid_example(column: Column) -> None:
    assert acceptable(column, column.example)
    assert column.meaning.endswith((".", "?"))
    assert all(column.values.values())


@pytest.mark.slow
def test_every_value_of_the_file_satisfies_the_contract(dataset: Dataset) -> None:
    assert violations(dataset.encounters.to_pandas()) == {}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("readmitted", {"NO": 0, ">30": 1, "<30": 2}),
        ("max_glu_serum", {"None": 0, "Norm": 1, ">200": 2, ">300": 3}),
        ("A1Cresult", {"None": 0, "Norm": 1, ">7": 2, ">8": 3}),
        ("insulin", {"No": 0, "Steady": 1, "Down": 2, "Up": 3}),
        ("change", {"No": 0, "Ch": 1}),
        ("diabetesMed", {"No": 0, "Yes": 1}),
        ("age", {f"[{low}-{low + 10})": low + 5 for low in range(0, 100, 10)}),
    ],
)
def test_each_value_of_a_scale_has_its_code(name: str, expected: dict[str, int]) -> None:
    assert schema.BY_NAME[name].codes == expected


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("428", True),
        ("8", True),
        ("250.83", True),
        ("V57", True),
        ("V45.81", True),
        ("E909", True),
        ("E885.9", True),
        ("?", True),
        ("", True),
        ("250,83", True),
        ("4280", False),
        ("250.", False),
        ("250.831", False),
        ("250,831", False),
        ("V5", False),
        ("E90", False),
        ("I50.9", True),
        ("E119", True),
        ("E199", False),
        ("Z3A.20", False),
        ("428 ", True),
        ("heart", False),
    ],
)
def test_a_diagnosis_is_a_code_of_icd9_or_icd10(code: str, allowed: bool) -> None:
    assert schema.BY_NAME["diag_1"].allows(code) is allowed
    assert acceptable(schema.BY_NAME["diag_1"], code) is allowed


def test_only_a_weight_is_read_from_any_number() -> None:
    # given another column that no model uses, with a closed list
    ward = replace(schema.BY_NAME["weight"], name="ward", values={"12": "North"}, is_weight=False)

    assert schema.BY_NAME["weight"].read("81.5") == "?"
    assert ward.read("81.5") == "81.5"
    assert not ward.allows("81.5")


def test_an_error_message_says_what_is_expected() -> None:
    assert schema.BY_NAME["gender"].expected == "one of Female, Male, Unknown/Invalid"
    assert schema.BY_NAME["race"].expected.endswith("Other, or '?' when missing")
    assert schema.BY_NAME["time_in_hospital"].expected == "a whole number from 1 to 14"
    assert "ICD-9" in schema.BY_NAME["diag_2"].expected
    assert schema.BY_NAME["payer_code"].expected.startswith("up to 60 letters")


def test_patients_who_died_are_recognised_by_their_discharge() -> None:
    died = {
        code
        for code, meaning in schema.BY_NAME["discharge_disposition_id"].values.items()
        if "died" in meaning.lower() or "death" in meaning.lower()
    }

    assert died == schema.DIED
