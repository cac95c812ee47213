"""What-if: predictions with other values of modifiable fields."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.contract.explanations.what_if import EXAMPLE, MAX_VALUES
from readmission.domain import codes, schema
from readmission.domain.schema import example
from tests.api.routes.test_about import check_error
from tests.api.routes.test_explain import predictions


def ask(service: TestClient, what_if: Any, **changes: Any) -> Any:
    """Return the response to an encounter with a what-if."""
    return service.post("/explain", json={**example(), **changes, "what_if": what_if})


def problems(service: TestClient, what_if: Any) -> dict[str, str]:
    """Return the messages about a refused what-if by field."""
    response = ask(service, what_if)
    check_error(response, 422, "invalid")
    return {problem["field"]: problem["message"] for problem in response.json()["problems"]}


def test_each_value_has_the_prediction_of_the_changed_encounter(service: TestClient) -> None:
    explained = ask(service, EXAMPLE).json()

    assert "not cause" in explained["what_if"]["meaning"]
    asked = {f["field"]: [v["value"] for v in f["values"]] for f in explained["what_if"]["fields"]}
    assert asked == EXAMPLE
    for field in explained["what_if"]["fields"]:
        assert field["value"] == example()[field["field"]]
        for found in field["values"]:
            changed = example() | {field["field"]: found["value"]}
            alone = service.post("/predict", json=changed).json()
            assert found["predicted_class"] == alone["predicted_class"]
            assert found["probabilities"] == pytest.approx(alone["probabilities"], abs=1e-6)
            for name, change in found["change"].items():
                before = explained["probabilities"][name]
                assert change == pytest.approx(found["probabilities"][name] - before, abs=1e-9)


def test_the_own_value_changes_nothing_and_another_one_does(service: TestClient) -> None:
    (field,) = ask(service, {"time_in_hospital": [4, 14]}).json()["what_if"]["fields"]

    own, longer = field["values"]
    assert own["change"] == pytest.approx(dict.fromkeys(schema.CLASSES, 0), abs=1e-6)
    assert abs(longer["change"]["<30"]) > 1e-4


def test_values_are_read_as_by_predict(service: TestClient) -> None:
    wanted = {"time_in_hospital": ["7"], "discharge_disposition_id": [6, "99", "11"]}
    explained = ask(service, wanted, diag_1="I50.9").json()

    days, discharge = explained["what_if"]["fields"]
    assert [(v["value"], v["note"]) for v in days["values"]] == [(7, None)]
    home, other, died = discharge["values"]
    assert (home["value"], home["note"]) == ("6", None)
    assert other["value"] == "25"
    assert "99 is not in the list" in other["note"]
    assert "death" in died["note"]
    assert (died["probabilities"], died["change"], died["predicted_class"]) == (None,) * 3
    assert [one["field"] for one in explained["read_as"]] == ["diag_1"]


def test_fields_that_nobody_can_modify_are_refused_by_name(service: TestClient) -> None:
    found = problems(service, {"age": ["[0-10)"], "diag_1": ["401"], "insulin": ["Up"], "x": [1]})

    assert set(found) == {"what_if.age", "what_if.diag_1", "what_if.x"}
    assert "'age' is not modifiable" in found["what_if.age"]
    assert "insulin" in found["what_if.age"]


@pytest.mark.parametrize(
    ("what_if", "field"),
    [
        ({"insulin": ["Up", "sometimes"]}, "what_if.insulin"),
        ({"time_in_hospital": [None]}, "what_if.time_in_hospital"),
        ({"time_in_hospital": [15]}, "what_if.time_in_hospital"),
        ({"time_in_hospital": 3}, "what_if.time_in_hospital"),
        ({"insulin": []}, "what_if.insulin"),
        ({"time_in_hospital": [1] * (MAX_VALUES + 1)}, "what_if"),
        (["insulin"], "what_if"),
        ({}, "what_if"),
    ],
    ids=["value", "missing", "limit", "no list", "empty list", "too many", "no object", "empty"],
)
def test_a_wrong_what_if_is_refused(service: TestClient, what_if: Any, field: str) -> None:
    assert list(problems(service, what_if)) == [field]


def test_a_repeated_field_of_a_what_if_is_refused(service: TestClient) -> None:
    text = '{"what_if": {"insulin": ["Up"], "insulin": ["No"]}}'
    headers = {"content-type": "application/json"}

    response = service.post("/explain", content=text, headers=headers)

    check_error(response, 422, "invalid")
    assert "'insulin' is repeated" in response.json()["message"]


def test_alternatives_do_not_count_as_predictions(service: TestClient) -> None:
    before = predictions(service)

    assert ask(service, EXAMPLE).status_code == 200

    assert predictions(service) == before + 1


def test_without_a_prediction_or_a_question_there_is_no_what_if(service: TestClient) -> None:
    assert ask(service, EXAMPLE, discharge_disposition_id="11").json()["what_if"] is None
    assert service.post("/explain", json=example()).json()["what_if"] is None


def test_predict_does_not_know_what_if(service: TestClient) -> None:
    body = example() | {"what_if": EXAMPLE}
    check_error(service.post("/predict", json=body), 422, "invalid")


def test_what_the_ward_decides_is_modifiable_and_described(service: TestClient) -> None:
    described = {f["name"] for f in service.get("/schema").json()["fields"] if f["modifiable"]}

    decided = {"discharge_disposition_id", "time_in_hospital", "num_medications"}
    assert described == decided | {*codes.MEDICINES, "change", "diabetesMed"}
    body = service.get("/openapi.json").json()["paths"]["/explain"]["post"]["requestBody"]
    accepted = body["content"]["application/json"]["schema"]["properties"]["what_if"]
    assert set(accepted["properties"]) == described
