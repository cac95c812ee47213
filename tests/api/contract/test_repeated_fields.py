"""A JSON object with a field twice is rejected by the field's name, in every format of JSON."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from api.contract.encounter import check_fields_are_unique, parse_encounter
from api.errors import InvalidEncounter
from readmission.domain import schema
from readmission.domain.schema import example
from tests.api.routes.test_about import check_error

JSON, NDJSON = "application/json", "application/x-ndjson"
TWICE = {
    "the same value": '"age": "[70-80)"',
    "another value": '"age": "[0-10)"',
    "a wrong value": '"age": 7.5',
    "an object": '"age": {"a": ["b", "\\"c"]}',
    "an escape": r'"\u0061ge": "[0-10)"',
    "null": '"age":null',
}


def repeated(member: str) -> bytes:
    """Return the example with a second value of a field in front of the valid one."""
    return f"{{{member},{json.dumps(example())[1:]}".encode()


@pytest.mark.parametrize("path", ["/predict", "/explain"])
@pytest.mark.parametrize("member", TWICE.values(), ids=TWICE)
def test_a_request_is_rejected(service: TestClient, path: str, member: str) -> None:
    response = service.post(path, content=repeated(member), headers={"content-type": JSON})

    body = check_error(response, 422, "invalid")
    assert [problem["field"] for problem in body["problems"]] == ["age"]
    assert body["message"] == "field 'age' is repeated, expected one value."


@pytest.mark.parametrize("outcome", [False, True])
@pytest.mark.parametrize("kind", [JSON, NDJSON])
def test_a_row_of_a_file_is_rejected(service: TestClient, kind: str, outcome: bool) -> None:
    good = json.dumps(example()).encode()
    bad = repeated(TWICE["another value"])
    if outcome:
        bad = bad.replace(b"{", b'{"readmitted": "NO", ', 1)
    content = b"\n".join([good, bad]) if kind == NDJSON else b"[%b,%b]" % (good, bad)

    response = service.post("/predict/batch", content=content, headers={"content-type": kind})

    first, second, _summary = (json.loads(line) for line in response.text.splitlines())
    assert "predicted_class" in first
    assert second["error"] == "invalid"
    assert "'age' is repeated" in second["message"]


def test_every_repeated_field_is_named() -> None:
    with pytest.raises(InvalidEncounter) as caught:
        parse_encounter(repeated('"age": null, "race": null, "race": "?"'))

    assert [problem.field for problem in caught.value.problems] == ["age", "race"]


@given(st.lists(st.tuples(st.text(), st.recursive(st.none() | st.text() | st.integers(),
       lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))))  # fmt: skip
def test_an_object_is_rejected_exactly_if_a_field_is_repeated(
    members: list[tuple[str, Any]],
) -> None:
    for escaped in (True, False):
        written = [
            f"{json.dumps(name, ensure_ascii=escaped)}: {json.dumps(value, ensure_ascii=escaped)}"
            for name, value in members
        ]
        text = f"{{{','.join(written)}}}".encode("utf-8", "surrogatepass")
        names = [name for name, _ in members]
        if len(set(names)) == len(names):
            check_fields_are_unique(text, dict(members))
        else:
            with pytest.raises(InvalidEncounter):
                check_fields_are_unique(text, dict(members))


def test_no_valid_encounter_is_parsed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cheap comparison suffices because no field and no value contains a colon."""
    assert not [column.name for column in schema.REQUEST_COLUMNS if ":" in column.name]
    assert not [c.name for c in schema.REQUEST_COLUMNS if any(":" in value for value in c.values)]
    monkeypatch.delattr("api.contract.encounter.json.loads")

    parse_encounter(json.dumps(example()).encode())
