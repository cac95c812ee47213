"""Cleaning: every rule, and the same result for rows in any form."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readmission.domain import codes, schema
from readmission.domain.cleaning import clean, eligible, outcome, parse
from readmission.domain.columns import MISSING, Column, Kind
from readmission.domain.diagnoses import category_of, diagnosis_of, group_of
from readmission.errors import InvalidValue
from readmission.warehouse.clean.warehouse import ROW_TYPES

EXAMPLE = {column.name: column.example for column in schema.COLUMNS}
ICD9_CODES = ("428", "250", "250.83", "38", "785", "V57", "V45.81", "E909", "E885.9", "999")


def encounter(**changes: Any) -> pd.DataFrame:
    return pd.DataFrame([EXAMPLE | changes])


def cleaned(**changes: Any) -> dict[str, Any]:
    return clean(encounter(**changes)).iloc[0].to_dict()


def values_of(column: Column) -> st.SearchStrategy[str]:
    if column.is_number:
        values: st.SearchStrategy[str] = st.integers(column.minimum, column.maximum).map(str)
    elif column.kind is Kind.DIAGNOSIS:
        values = st.sampled_from(ICD9_CODES)
    else:
        values = st.sampled_from(list(column.values))
    return values | st.just(MISSING) if column.nullable else values


encounters = st.lists(
    st.fixed_dictionaries({column.name: values_of(column) for column in schema.COLUMNS}),
    min_size=1,
    max_size=4,
).map(pd.DataFrame)


def as_numbers(raw: pd.DataFrame) -> pd.DataFrame:
    """Return the encounters as if from JSON: numbers and codes as int, missing values as None."""
    return pd.DataFrame(
        {
            name: [
                None if value == MISSING else int(value) if value.isdecimal() else value
                for value in raw[name]
            ]
            for name in raw
        },
        dtype=object,
    )


@pytest.mark.parametrize(
    ("group", "members"),
    [
        ("circulatory", ("390", "428", "459", "459.9", "785", "785.6")),
        ("respiratory", ("460", "519", "519.8", "786", "786.5")),
        ("digestive", ("520", "579", "579.9", "787")),
        ("diabetes", ("250", "250.0", "250.83", "250.99")),
        ("injury", ("800", "999", "999.9")),
        ("musculoskeletal", ("710", "739", "739.9")),
        ("genitourinary", ("580", "629", "629.9", "788")),
        ("neoplasms", ("140", "239", "239.9")),
        ("other", ("1", "38", "139", "240", "249", "249.9", "251", "279", "389", "630", "709")),
        ("other", ("740", "784", "789", "799.9", "0", "V57", "V45.81", "E909", "E885.9")),
    ],
)
def test_a_diagnosis_becomes_its_clinical_group(group: str, members: tuple[str, ...]) -> None:
    raw = pd.concat([encounter()] * len(members)).assign(diag_1=members)

    assert {code: group_of(diagnosis_of(code)) for code in members} == dict.fromkeys(members, group)
    assert clean(raw)["diag_1"].map(group_of).tolist() == [group] * len(members)


def test_a_diagnosis_keeps_its_category() -> None:
    diagnoses = {
        "428": "circulatory/428",
        "428.21": "circulatory/428",
        "038": "other/38",
        "8": "other/8",
        "250": "diabetes/250.0",
        "250.0": "diabetes/250.0",
        "250.02": "diabetes/250.0",
        "250.83": "diabetes/250.8",
        "V45.81": "other/V45",
        "E885.9": "other/E885",
    }
    raw = pd.concat([encounter()] * len(diagnoses)).assign(diag_2=list(diagnoses))

    assert clean(raw)["diag_2"].tolist() == list(diagnoses.values())
    for diagnosis in diagnoses.values():
        assert category_of(diagnosis) == diagnosis.partition("/")[2]


def test_a_missing_diagnosis_and_one_of_an_earlier_version_have_no_category() -> None:
    assert [category_of(value) for value in ("Unknown", "circulatory")] == ["", ""]
    assert [group_of(value) for value in ("Unknown", "circulatory")] == ["Unknown", "circulatory"]


VALUES: tuple[tuple[str, object, object], ...] = (
    ("age", "[0-10)", 5),
    ("age", "[90-100)", 95),
    ("max_glu_serum", "None", 0),
    ("max_glu_serum", "Norm", 1),
    ("max_glu_serum", ">200", 2),
    ("max_glu_serum", ">300", 3),
    ("A1Cresult", "None", 0),
    ("A1Cresult", "Norm", 1),
    ("A1Cresult", ">7", 2),
    ("A1Cresult", ">8", 3),
    ("change", "No", 0),
    ("change", "Ch", 1),
    ("diabetesMed", "No", 0),
    ("diabetesMed", "Yes", 1),
    ("race", "?", "Unknown"),
    ("race", None, "Unknown"),
    ("race", "Hispanic", "Hispanic"),
    ("payer_code", "?", "Unknown"),
    ("medical_specialty", "?", "Unknown"),
    ("medical_specialty", "Surgery-Colon&Rectal", "Surgery-Colon&Rectal"),
    ("gender", "Unknown/Invalid", "Unknown/Invalid"),
    ("diag_2", "?", "Unknown"),
    ("diag_3", None, "Unknown"),
    ("diag_3", 250, "diabetes/250.0"),
    ("diag_3", 250.83, "diabetes/250.8"),
    ("diag_3", "250,83", "diabetes/250.8"),
    ("diag_3", "", "Unknown"),
    ("payer_code", "NA", "Unknown"),
    ("medical_specialty", float("nan"), "Unknown"),
    ("max_glu_serum", None, 0),
    ("max_glu_serum", "?", 0),
    ("A1Cresult", "", 0),
    ("A1Cresult", "null", 0),
    ("admission_type_id", "8", "8"),
    ("admission_type_id", 8, "8"),
    ("admission_type_id", 8.0, "8"),
    ("discharge_disposition_id", 11, "11"),
    ("time_in_hospital", "14", 14),
    ("time_in_hospital", 14, 14),
    ("num_lab_procedures", "7.0", 7),
)
"""Columns, their values, and the features that these become."""


@pytest.fixture(scope="module")
def features() -> dict[int, object]:
    """The feature of each of the values, by its place.

    An encounter is given the next value of each column, because cleaning it takes as long with one
    changed column as with all. Columns do not depend on each other.
    """
    remaining = dict(enumerate(VALUES))
    found: dict[int, object] = {}
    while remaining:
        # The first remaining value of each column.
        chosen = {name: place for place, (name, _, _) in reversed(remaining.items())}
        row = cleaned(**{name: remaining[place][1] for name, place in chosen.items()})
        found |= {place: row[name] for name, place in chosen.items()}
        for place in chosen.values():
            del remaining[place]
    return found


@pytest.mark.parametrize("place", range(len(VALUES)), ids=[f"{n}-{v}" for n, v, _ in VALUES])
def test_a_value_becomes_a_feature(features: dict[int, object], place: int) -> None:
    assert features[place] == VALUES[place][2]


def test_every_medicine_becomes_its_dose() -> None:
    # given one encounter per dose, with that dose for all medicines
    doses = ["No", "Steady", "Down", "Up"]
    raw = pd.concat([encounter()] * 4).assign(**dict.fromkeys(codes.MEDICINES, doses))

    # when
    features = clean(raw)[list(codes.MEDICINES)]

    # then
    assert features.shape == (4, len(codes.MEDICINES))
    assert (features.T.to_numpy() == [0, 1, 2, 3]).all()


def test_the_outcome_becomes_its_code() -> None:
    raw = pd.DataFrame({schema.TARGET: ["<30", "NO", ">30"]})

    assert outcome(raw).tolist() == [2, 0, 1]


@pytest.mark.parametrize("value", ["YES", "?", "", "never mind", None])
def test_an_unknown_outcome_is_an_error(value: object) -> None:
    with pytest.raises(InvalidValue, match=r"column 'readmitted': .* expected one of NO, >30, <30"):
        outcome(pd.DataFrame({schema.TARGET: ["NO", value]}))


@pytest.mark.parametrize("as_type", [str, int])
def test_patients_who_died_are_not_eligible(as_type: type) -> None:
    codes = [1, 11, 13, 19, 20, 21, 22]
    raw = pd.DataFrame({"discharge_disposition_id": [as_type(code) for code in codes]})

    assert eligible(raw).tolist() == [True, False, True, False, False, False, True]


def test_keys_weight_and_outcome_are_ignored() -> None:
    hidden = [name for name in schema.NAMES if name not in schema.FEATURE_NAMES]
    raw = encounter()

    nonsense = clean(raw.assign(**dict.fromkeys(hidden, "nonsense")))

    pd.testing.assert_frame_equal(nonsense, clean(raw))
    pd.testing.assert_frame_equal(clean(raw.drop(columns=hidden)), clean(raw))
    assert tuple(nonsense) == schema.FEATURE_NAMES


@pytest.mark.slow
@given(encounters)
@settings(max_examples=20, deadline=None)
def test_a_row_is_cleaned_in_the_same_way_alone_in_a_batch_and_from_json(raw: pd.DataFrame) -> None:
    # when
    before = raw.copy()
    together = clean(raw)

    # then the last row alone gives the same features, and so do the rows from JSON
    pd.testing.assert_frame_equal(clean(raw.tail(1)), together.tail(1))
    pd.testing.assert_frame_equal(clean(as_numbers(raw)), together)
    # and no feature is missing, and the input is unchanged
    assert together.notna().all(axis=None)
    pd.testing.assert_frame_equal(raw, before)
    for name in schema.NUMERIC_FEATURES:
        assert str(together[name].dtype) == str(ROW_TYPES[name])


def test_real_rows_keep_their_index_and_order(raw_rows: pd.DataFrame) -> None:
    shuffled = raw_rows.sample(frac=1, random_state=1)

    pd.testing.assert_frame_equal(clean(shuffled), clean(raw_rows).loc[shuffled.index])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("age", "[120-130)"),
        ("age", "174"),
        ("age", "?"),
        ("time_in_hospital", "many"),
        ("time_in_hospital", "3.5"),
        ("num_medications", ""),
        ("number_inpatient", None),
        ("diag_1", "Z3A.20"),
        ("num_medications", "1e1"),
        ("insulin", "sometimes"),
        ("insulin", "NA"),
        ("max_glu_serum", "high"),
        ("A1Cresult", ">9"),
        ("change", "maybe"),
        ("gender", None),
    ],
)
def test_the_error_about_an_invalid_value_names_column_and_value(
    column: str, value: object
) -> None:
    # given two good rows and a bad one
    raw = pd.concat([encounter(), encounter(**{column: value}), encounter()])

    # when
    with pytest.raises(InvalidValue) as caught:
        clean(raw)

    # then
    assert caught.value.column == column
    assert pd.isna(caught.value.value) if value is None else caught.value.value == value
    assert f"column {column!r}" in str(caught.value)
    assert f"expected {schema.BY_NAME[column].expected}" in str(caught.value)


def test_the_error_about_a_missing_column_names_it() -> None:
    with pytest.raises(InvalidValue, match="column 'insulin': 'no such column' is not allowed"):
        clean(encounter().drop(columns="insulin"))


def test_parsing_rejects_nothing_so_that_the_gate_can_name_the_row() -> None:
    # given
    raw = encounter(time_in_hospital="many", num_procedures="2", race="?", gender="?")

    # when
    row = parse(raw).iloc[0]

    # then
    assert pd.isna(row["time_in_hospital"])
    assert row["num_procedures"] == 2
    assert pd.isna(row["race"])
    assert row["gender"] == "?"
