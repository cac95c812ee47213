"""CDS Hooks: discovery, and a card with the risk, what drove it and a link."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from fastapi.testclient import TestClient

from api.contract.fhir import examples
from api.contract.protocols.cds_hooks import DISCHARGE, SUMMARY_LENGTH, VIEW, Feedback
from tests.api.routes.test_about import check_error

HOOKS = {DISCHARGE: "encounter-discharge", VIEW: "patient-view"}
PAGE = "https://page.example.org"


def body_for(service_id: str, **changes: Any) -> dict[str, Any]:
    """Return what a client sends when the hook of a service fires."""
    return {
        "hook": HOOKS[service_id],
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/u1", "patientId": "p1", "encounterId": "e1"},
        "prefetch": {
            "patient": examples.PATIENT,
            "encounters": examples.bundle(examples.EARLIER, examples.ENCOUNTER),
            "conditions": examples.bundle(*examples.RESOURCES[3:5]),
            "laboratory": examples.bundle(*examples.RESOURCES[5:7]),
            "medications": examples.bundle(*examples.RESOURCES[7:]),
            "procedures": None,
        },
    } | changes


def test_discovery_needs_no_key_and_names_the_hooks(service: TestClient) -> None:
    services = service.get("/cds-services").json()["services"]

    assert {one["id"]: one["hook"] for one in services} == HOOKS
    assert all(one["prefetch"]["patient"] == "Patient/{{context.patientId}}" for one in services)


@pytest.mark.parametrize("service_id", HOOKS)
def test_a_card_has_the_risk_what_drove_it_and_a_link(service: TestClient, service_id: str) -> None:
    state = service.app.state.service  # type: ignore[attr-defined]
    settings = state.settings
    object.__setattr__(state, "settings", settings.model_copy(update={"page_url": PAGE}))
    assessed = service.post("/fhir/RiskAssessment", json=examples.bundle()).json()
    risk = assessed["prediction"][2]["probabilityDecimal"]

    (card,) = service.post(f"/cds-services/{service_id}", json=body_for(service_id)).json()["cards"]

    assert card["summary"].startswith(f"{risk:.0%} risk of readmission within 30 days")
    assert len(card["summary"]) <= SUMMARY_LENGTH
    assert card["indicator"] in ("info", "warning")
    assert card["detail"].count(" the risk") == 3
    assert "Not in the record: payer_code" in card["detail"]
    assert card["links"] == [
        {"label": "Open the readmission page", "url": PAGE, "type": "absolute"}
    ]
    assert card["source"]["label"]
    assert {"code", "display"} <= card["overrideReasons"][0].keys()


def test_a_card_says_what_was_limited_apart_from_what_is_missing(service: TestClient) -> None:
    body = body_for(VIEW)
    results = (examples.RESOURCES[6] | {"id": str(number)} for number in range(251))
    body["prefetch"]["laboratory"] = examples.bundle(*results)

    (card,) = service.post(f"/cds-services/{VIEW}", json=body).json()["cards"]

    assert "How it was read: num_lab_procedures was taken as 250, the most that" in card["detail"]
    assert "Not in the record: payer_code, medical_specialty, num_procedures" in card["detail"]


def test_without_an_address_of_the_page_a_card_has_no_link(service: TestClient) -> None:
    (card,) = service.post(f"/cds-services/{VIEW}", json=body_for(VIEW)).json()["cards"]

    assert "links" not in card


def test_there_is_no_card_for_a_patient_who_died(service: TestClient) -> None:
    died = {"dischargeDisposition": {"coding": [{"code": "exp"}]}}
    stay = examples.ENCOUNTER | {"hospitalization": died}
    body = body_for(DISCHARGE, prefetch={"patient": examples.PATIENT, "stay": stay})

    assert service.post(f"/cds-services/{DISCHARGE}", json=body).json() == {"cards": []}


@pytest.mark.parametrize(
    ("changes", "status", "kind", "says"),
    [
        ({"hook": "order-sign"}, 422, "invalid", "encounter-discharge"),
        ({"prefetch": {}}, 412, "http", "as prefetch"),
        ({"prefetch": {"patient": examples.PATIENT}}, 422, "invalid", "an Encounter"),
        ({"context": {"encounterId": "unknown"}}, 422, "invalid", "an Encounter"),
    ],
)
def test_a_request_without_the_data_is_refused(
    service: TestClient, changes: dict[str, Any], status: int, kind: str, says: str
) -> None:
    response = service.post(f"/cds-services/{DISCHARGE}", json=body_for(DISCHARGE, **changes))

    assert says in check_error(response, status, kind)["message"]


def test_an_unknown_service_is_not_found(service: TestClient) -> None:
    response = service.post("/cds-services/other", json=body_for(VIEW))

    assert DISCHARGE in check_error(response, 404, "http")["message"]


def test_feedback_is_stored_once_beside_the_prediction(
    logging_service: TestClient, table: psycopg.Connection
) -> None:
    # given a card and its prediction
    table.execute("TRUNCATE card_feedback")
    response = logging_service.post(f"/cds-services/{VIEW}", json=body_for(VIEW))
    (card,) = response.json()["cards"]
    logging_service.app.state.service.log.close(20)  # type: ignore[attr-defined]

    # when the client reports twice what the user did with it
    feedback = {
        "card": card["uuid"],
        "outcome": "overridden",
        "overrideReason": {
            "reason": card["overrideReasons"][0],
            "userComment": "Mrs. X is seen on Monday",
        },
        "outcomeTimestamp": "2026-03-06T09:30:00Z",
    }
    path = f"/cds-services/{VIEW}/feedback"
    stored = [logging_service.post(path, json={"feedback": [feedback]}).json() for _ in range(2)]

    # then it is in the database once, joins its prediction, and has no free text
    assert stored == [{"stored": 1}, {"stored": 0}]
    rows = table.execute(
        "SELECT request_id, outcome, reason, to_jsonb(card_feedback)::text FROM card_feedback"
        " JOIN prediction ON card = md5(request_id)::uuid"
    ).fetchall()
    (row,) = rows
    assert row[:3] == (response.headers["x-request-id"], "overridden", "follow-up-arranged")
    assert "Mrs." not in row[3]


def test_feedback_without_a_database_is_refused(service: TestClient) -> None:
    feedback = {
        "card": "7f3c1c1e-0f2b-4c52-9d7e-1f6c7c9b2a10",
        "outcome": "accepted",
        "outcomeTimestamp": "2026-03-06T09:30:00Z",
    }
    path = f"/cds-services/{VIEW}/feedback"

    check_error(service.post(path, json={"feedback": [feedback]}), 503, "http")
    wrong = feedback | {"outcome": "ignored"}
    check_error(service.post(path, json={"feedback": [wrong]}), 422, "invalid")


@pytest.mark.parametrize("code", [[], {}, None, 7, "of another client"], ids=repr)
def test_a_reason_that_the_card_does_not_offer_is_another(code: Any) -> None:
    feedback = Feedback.model_validate(
        {
            "card": "7f3c1c1e-0f2b-4c52-9d7e-1f6c7c9b2a10",
            "outcome": "overridden",
            "outcomeTimestamp": "2026-03-06T09:30:00Z",
            "overrideReason": {"reason": {"code": code}},
        }
    )

    assert feedback.reason == "other"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_that_no_program_could_read_again_is_refused(service: TestClient, at: str) -> None:
    feedback = {"card": str(UUID(int=1)), "outcome": "accepted", "outcomeTimestamp": at}

    response = service.post(f"/cds-services/{VIEW}/feedback", json={"feedback": [feedback]})

    assert "years 1 and 9999" in check_error(response, 422, "invalid")["message"]
