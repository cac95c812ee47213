"""Which requests the service accepts and rejects, field by field."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract.encounter import EncounterBody, is_required, parse_encounter
from api.contract.form.description import DESCRIPTION
from api.errors import ApiError, InvalidEncounter, MalformedBody
from readmission.domain import schema
from readmission.domain.columns import MISSING, SPELLINGS, Column, Kind, earlier_stays
from readmission.domain.schema import example
from readmission.pipeline.source import read

NUMBERS = [c for c in schema.REQUEST_COLUMNS if c.is_number]
CODES = [c for c in schema.FEATURES if c.is_closed and all(v.isdigit() for v in c.values)]


def parse(**changes: Any) -> dict[str, str | int]:
    return dict(parse_encounter(json.dumps(example() | changes).encode()))


def rejected(**changes: Any) -> InvalidEncounter:
    with pytest.raises(InvalidEncounter) as caught:
        parse(**changes)
    return caught.value


def wrong_values() -> Iterator[Any]:
    for column in schema.REQUEST_COLUMNS:
        wrong: list[Any] = [True, 1.555, [], {}, float("inf"), "x" * 61, "7\0"]
        wrong += ["7.5", "1e1", "+7", "٣", -1] if column.is_number else ["<script>", 99_999]
        may_be_missing = column.missing_value is not None or not is_required(column)
        wrong += [] if may_be_missing else [None, MISSING, "", " ", "\n", "NA", float("nan")]
        # Those that are read: true for yes, and any weight, which no model uses.
        read = [True] if "True" in column.synonyms else []
        read += [1.555] if column.name == "weight" else []
        for value in [one for one in wrong if not any(one is known for known in read)]:
            yield pytest.param(column, value, id=f"{column.name}={str(value)[:20]!r}")


def test_a_request_has_every_column_except_the_outcome_and_the_earlier_stays() -> None:
    expected = {*schema.NAMES, *earlier_stays.NAMES} - {schema.TARGET}
    assert set(EncounterBody.json_schema()["properties"]) == expected


def test_the_example_is_accepted_unchanged() -> None:
    assert parse() == {c.name: example().get(c.name, MISSING) for c in schema.REQUEST_COLUMNS}


@pytest.mark.parametrize(("column", "value"), list(wrong_values()))
def test_a_wrong_value_is_rejected_with_field_value_and_expectation(
    column: Column, value: Any
) -> None:
    error = rejected(**{column.name: value})

    assert error.status == 422
    (problem,) = error.problems
    assert problem.field == column.name
    assert problem.expected == column.expected
    assert column.name in error.message
    assert column.expected in error.message
    json.dumps(problem.value, allow_nan=False)


@pytest.mark.parametrize("column", NUMBERS, ids=lambda c: c.name)
def test_limits_are_inclusive(column: Column) -> None:
    assert parse(**{column.name: column.minimum})[column.name] == column.minimum
    assert parse(**{column.name: column.maximum})[column.name] == column.maximum
    assert rejected(**{column.name: column.minimum - 1}).problems[0].value == column.minimum - 1
    assert rejected(**{column.name: column.maximum + 1}).problems[0].value == column.maximum + 1


@pytest.mark.parametrize(
    "column", [c for c in schema.FEATURES if c.is_closed], ids=lambda c: c.name
)
def test_every_listed_value_is_accepted(column: Column) -> None:
    for value in column.values:
        assert parse(**{column.name: value})[column.name] == value


@pytest.mark.parametrize("column", CODES, ids=lambda c: c.name)
def test_a_code_may_be_written_as_a_number(column: Column) -> None:
    for value in column.values:
        assert parse(**{column.name: int(value)})[column.name] == value


@pytest.mark.parametrize("column", [c for c in schema.FEATURES if c.nullable], ids=lambda c: c.name)
def test_a_missing_value_may_be_left_out_or_sent_in_any_spelling(column: Column) -> None:
    body = example()
    del body[column.name]
    omitted = parse_encounter(json.dumps(body).encode())

    assert omitted[column.name] == MISSING
    for spelling in (None, float("nan"), " ", *SPELLINGS, *map(str.lower, SPELLINGS)):
        assert parse(**{column.name: spelling}) == omitted, spelling


@pytest.mark.parametrize(
    "column", [c for c in schema.REQUEST_COLUMNS if is_required(c)], ids=lambda c: c.name
)
def test_a_missing_field_is_named(column: Column) -> None:
    body = example()
    del body[column.name]

    with pytest.raises(InvalidEncounter, match=f"field '{column.name}' is missing") as caught:
        parse_encounter(json.dumps(body).encode())

    assert caught.value.problems[0].expected == column.expected


@pytest.mark.parametrize("name", ["A1Cresult", "max_glu_serum"])
@pytest.mark.parametrize("sent", ["None", None, "", "NaN", MISSING])
def test_a_laboratory_test_without_a_result_was_not_measured(name: str, sent: Any) -> None:
    assert parse(**{name: sent})[name] == "None"


@pytest.mark.parametrize("name", ["encounter_id", "patient_nbr"])
def test_a_key_may_be_text_and_need_not_be_sent(name: str) -> None:
    assert parse(**{name: "17"})[name] == parse(**{name: 17})[name] == 17
    assert parse(**{name: ""})[name] == parse()[name] == MISSING


@pytest.mark.parametrize("name", [schema.ENCOUNTER, schema.PATIENT])
def test_a_key_as_text_needs_no_translation(name: str) -> None:
    """The request model itself reads it: translating takes three times as long as the rest."""
    body = json.dumps(example() | {name: "8222157"})
    assert EncounterBody.validate_json(body)[name] == 8222157


@pytest.mark.parametrize("code", ["250.83", "8", "V57", "E909", "V45.81", "E950.3"])
def test_icd9_codes_are_accepted(code: str) -> None:
    assert parse(diag_1=code)["diag_1"] == code


@pytest.mark.parametrize(
    "code", ["Z3A.20", "2500", "250.", "V5", "E90", "250. 83", "V5867", "٤٢٨", "428\0"]
)
def test_other_codes_than_icd9_are_rejected(code: str) -> None:
    assert rejected(diag_1=code).problems[0].value == code


def test_a_similar_field_is_suggested_for_an_unknown_one() -> None:
    error = rejected(num_medication=3)

    assert error.problems[0].field == "num_medication"
    assert error.problems[0].value == 3
    assert "'num_medications'" in error.message


def test_the_outcome_is_not_an_input() -> None:
    assert "the service predicts it" in rejected(readmitted="NO").message


def test_all_problems_are_listed_at_once_and_wrong_values_come_first() -> None:
    with pytest.raises(InvalidEncounter) as caught:
        parse_encounter(b'{"age": 500, "foo": 1}')

    fields = [problem.field for problem in caught.value.problems]
    assert fields[:2] == ["age", "foo"]
    assert set(fields[2:]) == {c.name for c in schema.REQUEST_COLUMNS if is_required(c)} - {"age"}
    assert len(caught.value.message) < 1_000


def test_a_thousand_unknown_fields_do_not_swell_the_response() -> None:
    error = rejected(**{f"{'field' * 30}{i}": "value" * 50 for i in range(1_000)})

    assert len(error.problems) < 100
    assert all(len(p.field) <= 100 and len(str(p.value)) <= 101 for p in error.problems)
    assert "and 997 more" in error.message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"not json",
        b'{"age": }',
        b'{"age": "\\ud800"}',
        b'{"time_in_hospital": ' + b"1" * 20_000 + b"}",
        b'{"age": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"a":' * 10_000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_that_is_not_json_is_rejected(body: bytes) -> None:
    with pytest.raises(MalformedBody, match="not valid JSON") as caught:
        parse_encounter(body)

    assert caught.value.status == 400


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"x"', b"NaN", b"[{}]"])
def test_json_that_is_not_an_object_is_rejected(body: bytes) -> None:
    with pytest.raises(InvalidEncounter, match="JSON object"):
        parse_encounter(body)


@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(schema.NAMES), inner),
            max_leaves=20,
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_a_random_body_is_rejected_with_an_api_error(body: bytes) -> None:
    try:
        parsed = parse_encounter(body)
    except ApiError as error:
        json.dumps([problem.value for problem in error.problems], allow_nan=False)
    else:
        raise AssertionError(f"accepted {parsed}")


def test_encounters_of_the_uci_file_are_accepted_unchanged(encounters: Path) -> None:
    table = read(encounters).encounters
    for row in table.take(list(range(0, table.num_rows, 29))).to_pylist():
        as_json = {
            c.name: int(row[c.name]) if c.is_number else row[c.name] for c in schema.REQUEST_COLUMNS
        }
        assert parse_encounter(json.dumps(as_json).encode()) == as_json


def test_a_valid_request_can_be_built_from_the_description() -> None:
    fields = DESCRIPTION["fields"]
    assert [f["name"] for f in fields] == [c.name for c in schema.REQUEST_COLUMNS]

    minimal = {f["name"]: f["example"] for f in fields if f["required"]}
    assert parse_encounter(json.dumps(minimal).encode())
    for field in fields:
        for value in field["values"]:
            parse(**{field["name"]: value})
        assert field["label"]
        assert field["meaning"]
        assert field["expected"]


def test_keys_and_weight_are_optional() -> None:
    optional = {f["name"] for f in DESCRIPTION["fields"] if not f["required"]}
    nullable = {c.name for c in schema.REQUEST_COLUMNS if c.nullable}
    keys = {c.name for c in schema.of_kind(Kind.KEY)}
    assert optional == nullable | keys
    assert "weight" in optional


STAYS = {
    "earlier_stays": 2, "earlier_days": 9, "earlier_inpatient": 3, "earlier_emergency": 0,
    "earlier_outpatient": 1, "last_days": 4, "last_medicines": 12, "last_inpatient": 2,
    "last_emergency": 0, "last_outpatient": 0, "last_discharge": "3",
    "last_diagnosis": "circulatory", "began_soon": "Yes",
}  # fmt: skip


def stays_of(encounter: dict[str, str | int]) -> dict[str, str | int]:
    return {name: value for name, value in encounter.items() if name in earlier_stays.BY_NAME}


def test_earlier_stays_are_complete_or_absent() -> None:
    assert stays_of(parse(**STAYS)) == STAYS
    assert stays_of(parse(**STAYS | {"earlier_stays": "2", "last_discharge": 3})) == STAYS
    # What is unknown of the last stay is Unknown; a patient without any needs one field.
    unknown = STAYS | {"last_discharge": "Unknown", "last_diagnosis": "Unknown"}
    assert stays_of(parse(**STAYS | {"last_discharge": "?", "last_diagnosis": None})) == unknown
    assert stays_of(parse(earlier_stays=0)) == earlier_stays.RAW_NONE
    assert stays_of(parse(**earlier_stays.RAW_NONE)) == earlier_stays.RAW_NONE
    # A file has the columns for every row; in one without a value nothing is known.
    assert stays_of(parse(**dict.fromkeys(STAYS, ""))) == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"earlier_stays": None}, "earlier_stays"),
        ({"began_soon": ""}, "began_soon"),
        ({"last_days": None}, "last_days"),
        (earlier_stays.RAW_NONE | {"earlier_days": 9}, "earlier_days"),
        (earlier_stays.RAW_NONE | {"last_inpatient": 1}, "last_inpatient"),
        ({"earlier_stays": 41}, "earlier_stays"),
        ({"last_diagnosis": "428"}, "last_diagnosis"),
        ({"began_soon": True}, "began_soon"),
    ],
)  # fmt: skip
def test_earlier_stays_that_contradict_each_other_are_named(
    change: dict[str, Any], field: str
) -> None:
    assert [one.field for one in rejected(**STAYS | change).problems] == [field]
