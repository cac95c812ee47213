"""MLflow's and KServe's protocols give the predictions of POST /predict."""

import csv
import io
import json
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from api.routes.interop.scoring import MAX_BYTES
from readmission.domain import schema
from readmission.domain.columns import earlier_stays
from readmission.domain.schema import example
from tests.api.routes.test_about import check_error

NAME = "diabetes_readmission"
INFER = f"/v2/models/{NAME}/infer"
JSON = {"content-type": "application/json"}
OLDER = example() | {"age": "[80-90)", "number_inpatient": 3}


def as_split(rows: list[dict[str, Any]]) -> Any:
    return {"columns": list(rows[0]), "index": [7, 8], "data": [list(row.values()) for row in rows]}


def as_columns(rows: list[dict[str, Any]]) -> Any:
    return {name: [row[name] for row in rows] for name in rows[0]}


FORMS: dict[str, Any] = {
    "dataframe_split": as_split,
    "dataframe_records": list,
    "instances": list,
    "inputs": as_columns,
}


def as_tensors(rows: list[dict[str, Any]], *, nested: bool = False) -> dict[str, Any]:
    """Return a request for KServe; some clients send the shape [n, 1]."""
    tensors = [
        {
            "name": name,
            "shape": [len(rows), 1] if nested else [len(rows)],
            "datatype": "INT64" if isinstance(rows[0][name], int) else "BYTES",
            "data": [[row[name]] if nested else row[name] for row in rows],
        }
        for name in rows[0]
    ]
    return {"id": "of-the-client", "inputs": tensors}


@pytest.fixture
def single(service: TestClient) -> list[dict[str, Any]]:
    """What POST /predict returns for the two encounters."""
    return [service.post("/predict", json=row).json() for row in (example(), OLDER)]


def check_equal(predictions: list[dict[str, Any]], single: list[dict[str, Any]]) -> None:
    """Check MLflow's rows against the responses to single encounters."""
    assert [row["prediction"] for row in predictions] == [one["predicted_class"] for one in single]
    for row, one in zip(predictions, single, strict=True):
        found = [row[f"probability_{name}"] for name in schema.CLASSES]
        assert found == pytest.approx(list(one["probabilities"].values()), abs=1e-6)
        assert {name: row[name] for name in ("risk_percentile", "eligible", "note")} == {
            name: one[name] for name in ("risk_percentile", "eligible", "note")
        }


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_mlflow_gives_the_predictions_of_single_encounters(
    service: TestClient, single: list[dict[str, Any]], form: str
) -> None:
    body = {form: FORMS[form]([example(), OLDER]), "params": {}}

    response = service.post("/invocations", json=body)

    assert response.status_code == 200, response.text
    found = response.json()
    check_equal(found["predictions"], single)
    assert (found["model_version"], found["logged"]) == ("1", False)
    assert found["request_id"] == response.headers["x-request-id"]


def test_invocations_reads_csv(service: TestClient, single: list[dict[str, Any]]) -> None:
    text = io.StringIO()
    table = csv.DictWriter(text, list(example()))
    table.writeheader()
    table.writerows([example(), OLDER])

    response = service.post(
        "/invocations", content=text.getvalue(), headers={"content-type": "text/csv; charset=utf-8"}
    )

    check_equal(response.json()["predictions"], single)


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
def test_kserve_gives_the_predictions_of_single_encounters(
    service: TestClient, single: list[dict[str, Any]], nested: bool
) -> None:
    response = service.post(INFER, json=as_tensors([example(), OLDER], nested=nested))

    assert response.status_code == 200, response.text
    found = response.json()
    assert (found["id"], found["model_name"]) == ("of-the-client", NAME)
    outputs = {tensor["name"]: tensor for tensor in found["outputs"]}
    check_equal(
        [
            {"prediction": label} | {name: outputs[name]["data"][row] for name in outputs}
            for row, label in enumerate(outputs["predicted_class"]["data"])
        ],
        single,
    )
    assert outputs["probability_<30"]["datatype"] == "FP64"
    assert {tuple(tensor["shape"]) for tensor in outputs.values()} == {(2,)}


def test_kserve_returns_the_outputs_that_are_wanted(service: TestClient) -> None:
    body = as_tensors([example()])

    found = service.post(INFER, json=body | {"outputs": [{"name": "risk_percentile"}]}).json()
    refused = service.post(INFER, json=body | {"outputs": [{"name": "risk"}]})

    assert [tensor["name"] for tensor in found["outputs"]] == ["risk_percentile"]
    assert "risk_percentile" in check_error(refused, 422, "invalid")["message"]


@pytest.mark.parametrize("outputs", [5, "predicted_class", {"name": "predicted_class"}])
def test_outputs_that_are_not_a_list_are_refused(service: TestClient, outputs: Any) -> None:
    body = as_tensors([example()]) | {"outputs": outputs}

    check_error(service.post(INFER, json=body), 422, "invalid")


def test_the_model_describes_its_tensors(service: TestClient) -> None:
    described = service.get(f"/v2/models/{NAME}").json()

    assert described["versions"] == ["1"]
    inputs = {tensor["name"]: tensor["datatype"] for tensor in described["inputs"]}
    assert set(inputs) == {c.name for c in (*schema.REQUEST_COLUMNS, *earlier_stays.FIELDS)}
    assert (inputs["time_in_hospital"], inputs["age"]) == ("INT64", "BYTES")
    assert "probability_<30" in [tensor["name"] for tensor in described["outputs"]]


def test_a_model_that_is_not_served_is_not_found(service: TestClient) -> None:
    assert service.get(f"/v2/models/{NAME}/versions/1/ready").json()["ready"] is True
    for path in ("/v2/models/other/ready", f"/v2/models/{NAME}/versions/9"):
        assert NAME in check_error(service.get(path), 404, "http")["message"]


def test_the_probes_fail_until_a_model_is_loaded(empty_service: TestClient) -> None:
    assert empty_service.get("/v2/health/live").json() == {"live": True}
    for path in ("/ping", "/v2/health/ready", f"/v2/models/{NAME}/ready"):
        check_error(empty_service.get(path), 503, "no_model")
    for path, body in ((INFER, as_tensors([OLDER])), ("/invocations", {"instances": [OLDER]})):
        check_error(empty_service.post(path, json=body), 503, "no_model")


def test_the_probes_succeed_with_a_model(service: TestClient) -> None:
    assert service.get("/ping").json()["model_version"] == "1"
    assert service.get("/v2/health/ready").json() == {"ready": True}


@pytest.mark.parametrize("path", ["/invocations", INFER])
def test_a_wrong_value_is_reported_as_by_predict(service: TestClient, path: str) -> None:
    def sent(rows: list[dict[str, Any]]) -> httpx.Response:
        body = as_tensors(rows) if path == INFER else {"inputs": as_columns(rows)}
        return service.post(path, json=body)

    wrong = example() | {"age": "[300-310)"}
    usual = check_error(service.post("/predict", json=wrong), 422, "invalid")

    alone = check_error(sent([wrong]), 422, "invalid")
    second = check_error(sent([example(), wrong]), 422, "invalid")

    assert alone["problems"] == usual["problems"]
    (problem,) = second["problems"]
    assert problem["message"] == f"line 2: {usual['problems'][0]['message']}"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "exactly one of dataframe_split, dataframe_records, instances, inputs"),
        ({"instances": [example()], "inputs": [example()]}, "exactly one of"),
        (example(), "POST /predict takes one encounter as it is"),
        ({"dataframe_records": []}, "at least one encounter"),
        ({"instances": [[1, 2]]}, "a list of objects"),
        ({"dataframe_split": {"columns": ["age"], "data": [["x", "y"]]}}, "1 values in row 1"),
        ({"dataframe_split": {"columns": ["age", "age"], "data": []}}, "'age' is repeated"),
        ({"dataframe_split": [1]}, "'columns' and 'data'"),
        ({"inputs": {"age": ["[70-80)"], "gender": []}}, "same length"),
        ([example()], "a JSON object"),
    ],
)
def test_a_body_that_is_no_form_of_mlflow_gets_one_hint(
    service: TestClient, body: Any, says: str
) -> None:
    found = check_error(service.post("/invocations", json=body), 422, "invalid")

    assert says in found["message"]
    assert len(found["problems"]) == 1


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ([], "one tensor for each field"),
        ([{"name": "age"}], "binary tensors are not read"),
        ([{"name": "age", "shape": [2], "data": ["[70-80)"]}], "a 'shape' of the 1 values"),
        ([{"name": "age", "shape": [0], "data": []}], "one value for each encounter"),
        ([{"name": "age", "shape": [1], "data": ["x"]}] * 2, "'age' is repeated"),
    ],
)
def test_tensors_that_do_not_fit_get_one_hint(service: TestClient, inputs: Any, says: str) -> None:
    found = check_error(service.post(INFER, json={"inputs": inputs}), 422, "invalid")

    assert says in found["message"]
    assert len(found["problems"]) == 1


@pytest.mark.parametrize("path", ["/invocations", INFER])
@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        (b"{", 400, "malformed"),
        (b'{"inputs": "\xff"}', 400, "malformed"),
        (b"[" * 100_000, 400, "malformed"),
        (b'{"inputs": ' + b"1" * 5_000 + b"}", 400, "malformed"),
        (b'{"inputs": [{"name": 1, "name": 2}]}', 422, "invalid"),
        (b" " * (MAX_BYTES + 1), 413, "too_large"),
    ],
    ids=["cut", "latin-1", "deep", "number", "repeated", "large"],
)
def test_a_hostile_body_gets_the_usual_error(
    service: TestClient, path: str, content: bytes, status: int, kind: str
) -> None:
    check_error(service.post(path, content=content, headers=JSON), status, kind)


def test_a_patient_who_died_has_no_prediction(service: TestClient) -> None:
    died = example() | {"discharge_disposition_id": "11"}

    (row,) = service.post("/invocations", json={"instances": [died]}).json()["predictions"]
    outputs = service.post(INFER, json=as_tensors([died])).json()["outputs"]

    assert (row["prediction"], row["probability_<30"], row["eligible"]) == (None, None, False)
    assert "death" in row["note"]
    assert outputs[0]["data"] == [None]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"features": example()}, "without 'features'"),
        ({"dataframe_records": [example()]}, "POST /invocations"),
        ({"inputs": as_columns([example()])}, "POST /invocations"),
        (as_tensors([example()]), "POST /v2/models/<name>/infer"),
    ],
)
def test_predict_names_the_endpoint_for_a_wrapped_encounter(
    service: TestClient, body: Any, says: str
) -> None:
    found = check_error(service.post("/predict", content=json.dumps(body), headers=JSON),
                        422, "invalid")  # fmt: skip

    assert says in found["message"]
    assert len(found["problems"]) == 1
