"""Who did what is recorded: a change before it is made, a read in the background."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from api.access.keys import entry_of
from api.contract.protocols.cds_hooks import VIEW
from api.main import create_app
from readmission.domain.production import Pin, Production, Rollback
from readmission.modelling.fitting import Fit
from readmission.settings import Settings, SettingsError
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse.audit.log import AuditLog
from tests.api.conftest import FakeModelStore
from tests.api.models import loaded
from tests.api.routes.interop.test_cds_hooks import body_for
from tests.databases import emptied

KEY = "an admin key"
KEY_ID = entry_of("admin", KEY).split(":")[1][:8]
WITH_KEY = {"X-API-Key": KEY, "X-Request-ID": "my-request"}
NOWHERE = "postgresql://nobody:secret-word@127.0.0.1:1/nothing"
Encounter = dict[str, str | int]


@pytest.fixture
def audited(
    trail: psycopg.Connection,
    trail_address: str,
    fake_store: FakeModelStore,
    fits: tuple[Fit, Fit],
) -> Iterator[TestClient]:
    """The service with an audit trail; it has read no model yet, but there is one."""
    with serving(trail_address, fake_store, fits) as service:
        yield service


def serving(
    dsn: str | None, store: FakeModelStore, fits: tuple[Fit, Fit], **more: object
) -> TestClient:
    store.content = loaded("1", fits[0])
    values: dict[str, Any] = {
        "audit_dsn": dsn,
        "api_keys": (entry_of("admin", KEY),),
        "api_anonymous_role": "predict",
        "model_poll_seconds": 3600,
    }
    return TestClient(create_app(Settings(**values, **more), store), raise_server_exceptions=False)


def events(trail: psycopg.Connection, number: int) -> list[tuple[object, ...]]:
    """Return the events, once there are this many."""
    deadline = time.monotonic() + 60
    while True:
        found = trail.execute(
            "SELECT action, actor_kind, actor, peer, request_id, subject, detail FROM audit_event"
            " ORDER BY event_id"
        ).fetchall()
        if len(found) >= number:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ready(service: TestClient) -> None:
    deadline = time.monotonic() + 60
    while service.get("/ready").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_reload_is_recorded_with_the_key_and_the_address(
    audited: TestClient, trail: psycopg.Connection
) -> None:
    assert audited.post("/reload_model", headers=WITH_KEY).status_code == 200

    expected = ("reload", "api-key", KEY_ID, "testclient", "my-request", None, {})
    assert events(trail, 1) == [expected]


def test_reads_are_recorded_without_the_patient(
    audited: TestClient, trail: psycopg.Connection, encounter: Encounter
) -> None:
    # given
    ready(audited)
    named = encounter | {"patient_nbr": 1_864_209_753, "encounter_id": 1_357_924_680}
    lines = "\n".join([audited.build_request("POST", "/", json=named).content.decode()] * 3)

    # when somebody without a key explains one, and one with a key sends a file
    assert audited.post("/explain", json=named).status_code == 200
    events(trail, 1)
    kind = {"Content-Type": "application/x-ndjson"}
    answer = audited.post("/predict/batch?answer=csv", content=lines, headers=kind | WITH_KEY)
    assert answer.status_code == 200

    # then
    explained, scored = events(trail, 2)
    assert explained[:4] == ("explain", "anonymous", "anonymous", "testclient")
    assert (explained[5:], scored[5]) == (("1", {}), "1")
    assert scored[:5] == ("score-file", "api-key", KEY_ID, "testclient", "my-request")
    assert scored[6] == {"rows": 3, "format": "application/x-ndjson", "answer": "csv"}
    assert "1864209753" not in str((explained, scored))
    assert "1357924680" not in str((explained, scored))


def test_a_rejected_request_leaves_no_event(
    audited: TestClient, trail: psycopg.Connection, encounter: Encounter
) -> None:
    ready(audited)

    assert audited.post("/reload_model").status_code == 401
    assert audited.post("/explain", json={}).status_code == 422
    assert audited.post("/predict", json=encounter).status_code == 200
    assert audited.post("/reload_model", headers=WITH_KEY).status_code == 200

    assert [action for action, *_ in events(trail, 1)] == ["reload"]


@pytest.mark.parametrize("path", ["/reload_model", "/promote", "/rollback", "/unpin"])
def test_a_change_that_cannot_be_recorded_is_refused(
    fake_store: FakeModelStore,
    fits: tuple[Fit, Fit],
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    with serving(NOWHERE, fake_store, fits) as service:
        # given a registry that would do it
        ready(service)
        state, changed = service.app.state.service, []  # type: ignore[attr-defined]
        registered = loaded("1", fits[0]).registered
        monkeypatch.setattr(state.registry, "earlier", lambda _version: registered)
        pins = {"/unpin": Pin("1", "somebody", "why")}
        monkeypatch.setattr(state.registry, "state", lambda: Production(pin=pins.get(path)))
        monkeypatch.setattr(state.registry, "version", lambda _version: registered)
        for change in ("roll_back", "promote", "unpin"):
            monkeypatch.setattr(state.registry, change, lambda *_: changed.append(path))
        monkeypatch.setattr(state.holder, "reload", lambda: changed.append(path))

        # when
        bodies = {
            "/promote": {"version": "1", "reason": "checked"},
            "/rollback": {"reason": "too many alarms"},
            "/unpin": {"reason": "checked"},
        }
        response = service.post(path, headers=WITH_KEY, json=bodies.get(path))

    # then
    assert (response.status_code, response.json()["error"]) == (503, "audit_unavailable")
    assert "Nothing was changed" in response.json()["message"]
    assert changed == []


def test_a_promotion_by_hand_is_recorded_before_it_is_made(
    audited: TestClient, trail: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a registry that notes what is recorded when it promotes
    ready(audited)
    state = audited.app.state.service  # type: ignore[attr-defined]
    registered, before = state.holder.champion.registered, []
    monkeypatch.setattr(state.registry, "version", lambda _version: registered)
    monkeypatch.setattr(state.registry, "state", Production)
    monkeypatch.setattr(state.registry, "promote", lambda *_: before.extend(events(trail, 1)))

    # when
    body = {"version": "1", "reason": "checked on ward 4", "by": "Dr. Osei"}
    assert audited.post("/promote", headers=WITH_KEY, json=body).status_code == 200

    # then
    detail = {"by": "Dr. Osei", "reason": "checked on ward 4"}
    event = ("promote", "api-key", KEY_ID, "testclient", "my-request", "1", detail)
    assert before == events(trail, 1) == [event]


def test_a_rollback_is_recorded_with_its_reason_before_it_is_made(
    audited: TestClient, trail: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a registry that notes what is recorded when it rolls back
    ready(audited)
    state, before = audited.app.state.service, []  # type: ignore[attr-defined]
    registered = state.holder.champion.registered

    def roll_back(pin: Pin) -> Rollback:
        before.extend(events(trail, 1))
        return Rollback.now("2", pin.version, pin.by, pin)

    monkeypatch.setattr(state.registry, "state", Production)
    monkeypatch.setattr(state.registry, "earlier", lambda _version: registered)
    monkeypatch.setattr(state.registry, "roll_back", roll_back)

    # when
    body = {"reason": "too many alarms", "by": "Dr. Osei", "until": "2999-01-31"}
    response = audited.post("/rollback", headers=WITH_KEY, json=body)

    # then
    assert response.status_code == 200, response.text
    pin = response.json()["pinned"]
    assert pin.startswith("version 1 is pinned until 2999-01-31 00:00 UTC by Dr. Osei (")
    assert pin.endswith("): too many alarms")
    event = ("rollback", "api-key", KEY_ID, "testclient", "my-request", "1", {"pin": pin})
    assert before == events(trail, 1) == [event]


def test_predictions_are_logged_with_their_caller(
    databases: Stack,
    fake_store: FakeModelStore,
    fits: tuple[Fit, Fit],
    tmp_path: Path,
    encounter: Encounter,
) -> None:
    dsn = postgres.dsn(databases.site, "predictions")
    log = {
        "prediction_log_dsn": dsn,
        "prediction_log_key": "a key of at least thirty-two characters",
        "prediction_spool_dir": tmp_path,
    }
    with emptied(dsn) as table:
        # when somebody without a key and one with a key predict, and the latter sends a file
        with serving(None, fake_store, fits, **log) as service:
            ready(service)
            assert service.post("/predict", json=encounter).json()["logged"]
            assert service.post("/explain", json=encounter, headers=WITH_KEY).json()["logged"]
            rows = service.post("/predict/batch", json=[encounter], headers=WITH_KEY)
            assert '"logged":true' in rows.text

        # then
        found = table.execute("SELECT caller, peer FROM prediction ORDER BY id").fetchall()
    assert found == [("", "testclient"), (KEY_ID, "testclient"), (KEY_ID, "testclient")]


def test_reads_go_on_without_the_database_and_are_counted(
    fake_store: FakeModelStore,
    fits: tuple[Fit, Fit],
    encounter: Encounter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving(NOWHERE, fake_store, fits) as service:
        ready(service)
        for _ in range(3):
            assert service.post("/explain", json=encounter).status_code == 200
        service.app.state.service.audit.close(30)  # type: ignore[attr-defined]
        shown = service.get("/metrics").text

    assert "audit_events_lost_total 3.0" in shown
    assert "audit events wait in memory" in caplog.text
    assert "secret-word" not in caplog.text


def test_without_a_database_the_service_says_so_once_and_records_nothing(
    fake_store: FakeModelStore,
    fits: tuple[Fit, Fit],
    encounter: Encounter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving(None, fake_store, fits) as service:
        ready(service)
        assert service.post("/explain", json=encounter).status_code == 200
        assert service.post("/reload_model", headers=WITH_KEY).status_code == 200

    assert caplog.text.count("there is no audit trail: READMISSION_AUDIT_DSN is not set") == 1


def test_a_wrong_address_stops_the_service(
    fake_store: FakeModelStore, fits: tuple[Fit, Fit]
) -> None:
    with pytest.raises(SettingsError, match="READMISSION_AUDIT_DSN"):
        serving("secret-word", fake_store, fits)
    assert AuditLog.from_settings(Settings()) is None


def test_the_explanation_on_a_card_is_recorded(
    audited: TestClient, trail: psycopg.Connection
) -> None:
    ready(audited)

    response = audited.post(f"/cds-services/{VIEW}", json=body_for(VIEW), headers=WITH_KEY)

    assert len(response.json()["cards"]) == 1
    expected = ("explain", "api-key", KEY_ID, "testclient", "my-request", "1")
    assert events(trail, 1) == [(*expected, {"hook": "patient-view"})]
