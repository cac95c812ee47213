"""The stored threshold decides `follow_up` in every protocol."""

import json
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from api.contract.fhir import examples
from api.model.follow_up import FollowUp
from readmission.domain.schema import example
from tests.api.routes.interop.test_protocols import INFER, as_tensors
from tests.api.routes.test_about import check_error
from tests.conftest import Platform

DIED = example() | {"discharge_disposition_id": "11"}


def choose(client: TestClient, threshold: float | None) -> dict[str, Any]:
    body = {"threshold": threshold, "reason": "two nurses", "by": "Dr. Osei"}
    response = client.post("/follow_up", json=body | {"followed": 8, "discharged": 40})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def decisions(client: TestClient, encounter: dict[str, Any]) -> dict[str, object]:
    """Return what each protocol says about one encounter."""
    lines = client.post("/predict/batch", json=[encounter])
    table = client.post("/predict/batch?answer=csv", json=[encounter]).text.splitlines()
    frame = client.post("/invocations", json={"instances": [encounter]}).json()
    tensors = client.post(INFER, json=as_tensors([encounter])).json()["outputs"]
    cells = dict(zip(table[0].split(","), table[1].split(","), strict=True))
    return {
        "predict": client.post("/predict", json=encounter).json()["follow_up"],
        "explain": client.post("/explain", json=encounter).json()["follow_up"],
        "lines": json.loads(lines.text.splitlines()[0])["follow_up"],
        "csv": {"true": True, "false": False, "": None}[cells["follow_up"].lower()],
        "mlflow": frame["predictions"][0]["follow_up"],
        "kserve": next(one["data"] for one in tensors if one["name"] == "follow_up")[0],
    }


def test_nothing_is_decided_until_somebody_stores_a_threshold(logging_service: TestClient) -> None:
    assert set(decisions(logging_service, example()).values()) == {None}
    assert set(logging_service.get("/follow_up").json().values()) == {None}


def test_every_protocol_decides_by_the_stored_threshold(
    logging_service: TestClient, platform: Platform
) -> None:
    # a threshold that each risk reaches, one that none does, and none again
    for threshold, expected in ((0.0, True), (1.0, False), (None, None)):
        stored = choose(logging_service, threshold)

        assert set(decisions(logging_service, example()).values()) == {expected}, threshold
        assert logging_service.get("/follow_up").json() == stored
        # another process reads the same
        other = FollowUp(platform.predictions_dsn)
        other.refresh()
        assert (other.stored and other.stored.threshold) == threshold
    assert set(logging_service.get("/follow_up").json().values()) == {None}


def test_who_chose_it_and_when_is_kept(
    logging_service: TestClient, table: psycopg.Connection
) -> None:
    stored = choose(logging_service, 0.25)

    assert (stored["threshold"], stored["followed"], stored["discharged"]) == (0.25, 8, 40)
    assert stored["decided_by"].startswith("Dr. Osei (")
    assert stored["decided_at"]
    choose(logging_service, 0.3)
    rows = table.execute("SELECT threshold, why FROM follow_up_threshold ORDER BY number")
    assert rows.fetchall() == [(0.25, "two nurses"), (0.3, "two nurses")]
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        table.execute("DELETE FROM follow_up_threshold")


def test_a_patient_who_died_is_not_followed_up(logging_service: TestClient) -> None:
    choose(logging_service, 0.0)

    assert logging_service.post("/predict", json=DIED).json()["follow_up"] is None


def test_a_card_and_a_risk_assessment_say_it(logging_service: TestClient) -> None:
    choose(logging_service, 0.0)

    assessed = logging_service.post("/fhir/RiskAssessment", json=examples.bundle()).json()

    assert "follow-up: yes" in str(assessed["note"])


@pytest.mark.parametrize(
    "change", [{"threshold": 1.5}, {"threshold": "x"}, {"followed": 9, "discharged": 8}, {"by": ""}]
)
def test_an_impossible_choice_is_refused(
    logging_service: TestClient, change: dict[str, object]
) -> None:
    body = {"threshold": 0.2, "reason": "why"} | change

    check_error(logging_service.post("/follow_up", json=body), 422, "invalid")
