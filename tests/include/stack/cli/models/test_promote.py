"""`readmission promote`, `rollback`, `unpin` and `promotions` with a real API and registry."""

import getpass
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from readmission.domain.production import Production
from readmission.errors import DecisionRefused
from readmission.pipeline.promotion.approval import APPROVED_BY
from readmission.pipeline.promotion.order import APPROVAL, ASKED_AT, Approval
from readmission.pipeline.record_moves import promotions_by_hand
from readmission.registry import PRODUCTION, Registry
from readmission.stack import audit
from readmission.stack.cli.app import app
from readmission.stack.cli.models import promotions
from readmission.stack.cli.models.promote import (
    request_promotion,
    request_rollback,
    request_unpin,
)
from readmission.stack.errors import StackError
from readmission.stack.services import postgres
from readmission.stack.site.ports import free_ports
from readmission.stack.site.site import Site
from readmission.warehouse import CleanWarehouse, ModelHistory, Promotion
from readmission.warehouse.clean.rollback_log import RollbackLog
from tests.api.models import small_fit, two_versions
from tests.api.serving import running, wait_for
from tests.conftest import Platform

Running = tuple[Site, Registry]


@pytest.fixture(scope="module")
def api(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack's site whose API serves version 2 of a model."""
    fits = (small_fit(seed=1), small_fit(seed=2))
    settings = two_versions(platform.settings, fits, "by_hand")
    key = hashlib.sha256(platform.site.credentials.api_admin_key.encode()).hexdigest()
    values = {"MODEL_NAME": settings.model_name, "API_KEYS": f"admin:{key}"}
    values["API_ANONYMOUS_ROLE"] = "none"
    values["AUDIT_DSN"] = postgres.dsn(platform.site, postgres.AUDIT, postgres.AUDIT_WRITER)
    log = tmp_path_factory.mktemp("promote") / "log"
    with running(log, mlflow_uri=platform.mlflow_uri, settings=values) as service:
        wait_for(f"{service.url}/ready", 200, service.process, log)
        changes = {"api_url": service.url, "model_name": settings.model_name}
        there = platform.site.settings.model_copy(update=changes)
        yield replace(platform.site, settings=there), Registry(settings)


def last_event(site: Site) -> audit.RecordedEvent:
    """Return the last event of a user of this machine; the API records its key after it."""
    return [one for one in audit.read(site) if one.actor_kind == "os-user"][-1]


def test_a_version_is_promoted_by_the_user_of_this_machine(api: Running) -> None:
    # given an alias that somebody moved
    site, registry = api
    registry.set_alias(PRODUCTION, "1")

    # when
    sentence = request_promotion(site, "1", "checked on ward 4", getpass.getuser())

    # then
    assert sentence.startswith("version 1 is in production")
    assert registry.production() == Production("1", ("1",))
    (recorded,) = promotions_by_hand(registry)
    assert recorded.by.startswith(f"{getpass.getuser()} (")
    assert recorded.reason == "checked on ward 4"
    event = last_event(site)
    assert event.actor == getpass.getuser()
    assert (event.action, event.subject) == ("promote", "1")
    assert event.detail == {"by": getpass.getuser(), "reason": "checked on ward 4"}


@pytest.mark.parametrize(
    ("version", "because"),
    [("9", "Nothing was changed, .* has no version 9"), ("x", "version.*pattern")],
)
def test_the_reason_of_a_refusal_is_printed(api: Running, version: str, because: str) -> None:
    with pytest.raises(StackError, match=because):
        request_promotion(api[0], version, "why", "somebody")


def test_an_api_that_is_down_is_an_error_that_says_so(api: Running) -> None:
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    site = replace(api[0], settings=api[0].settings.model_copy(update={"api_url": nowhere}))

    with pytest.raises(StackError, match="the API does not respond"):
        request_promotion(site, "1", "why", "somebody")


def test_a_rollback_is_served_recorded_at_once_and_pinned_until_unpin(
    api: Running, clean_db: psycopg.Connection
) -> None:
    # given
    site, registry = api
    for version in ("1", "2"):
        request_promotion(site, version, "a test", "somebody")
    wanted = {"reason": "too many alarms", "by": "somebody", "to": None, "until": "2999-01-31"}

    # when
    sentence = request_rollback(site, CleanWarehouse(clean_db), wanted)

    # then
    assert sentence.startswith("version 1 replaced version 2; version 1 is pinned until 2999-01-31")
    took = re.search(r"; the API serves version 1, after (\d+\.\d) s$", sentence)
    assert took is not None, sentence
    assert float(took[1]) < 60, sentence
    (row,) = RollbackLog(clean_db).rollbacks()
    assert (row.left, row.back, row.reason, row.pinned) == ("2", "1", "too many alarms", True)
    event = last_event(site)
    assert (event.action, event.detail["reason"]) == ("rollback", "too many alarms")
    # and the refusal of the API is the error
    with pytest.raises(DecisionRefused, match="in the past"):
        request_rollback(site, CleanWarehouse(clean_db), wanted | {"until": "2001-01-31"})
    assert "too many alarms" in request_unpin(site, "fixed", "somebody")
    assert registry.production() == Production("1", ("1",))


def test_everything_that_decided_about_production_is_listed(
    api: Running, clean_db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a verdict and an approval
    site, registry = api
    clean, history = CleanWarehouse(clean_db), ModelHistory(clean_db)
    history.record_promotion(Promotion("batch-0001", "1", None, "promoted", "first model", {}))
    asked = datetime.now(UTC).isoformat(timespec="seconds")
    approved = {APPROVAL: Approval.APPROVED.value, APPROVED_BY: "dr.osei", ASKED_AT: asked}
    registry.tag_version("2", approved)
    # and a promotion by hand, a rollback, and a pin that was removed
    for version in ("1", "2"):
        request_promotion(site, version, "for the list", "somebody")
    wanted = {"reason": "back, for the list", "by": "somebody", "to": None, "until": None}
    request_rollback(site, clean, wanted)
    request_unpin(site, "fixed, for the list", "somebody")
    # and a rollback through the API, which no sweep has copied yet
    httpx.post(
        f"{site.settings.api_url}/rollback",
        headers={"X-API-Key": site.credentials.api_admin_key},
        json={"reason": "forth, for the list", "to": "2"},
        trust_env=False,
        timeout=60,
    ).raise_for_status()

    @contextmanager
    def opened() -> Iterator[tuple[Site, None, CleanWarehouse]]:
        yield site, None, clean

    monkeypatch.setattr(promotions, "open_stack_warehouses", opened)

    # when
    listed = CliRunner().invoke(app, ["promotions", "--json"], catch_exceptions=False)
    shown = CliRunner().invoke(app, ["promotions"], catch_exceptions=False)

    # then
    found: list[dict[str, Any]] = json.loads(listed.stdout)
    mine = [one for one in found if one.get("reason", "").endswith("for the list")]
    assert [one["entry"] for one in mine] == [
        *("move", "move", "rollback", "unpin", "rollback", "pin"),
    ]
    assert [one["version"] for one in mine if "version" in one] == ["1", "2", "1", "2"]
    assert {"verdict", "approval"} <= {one["entry"] for one in found}
    (verdict,) = [one for one in found if one["entry"] == "verdict"]
    assert (verdict["challenger_version"], verdict["verdict"]) == ("1", "promoted")
    assert "version 2 is pinned by" in " ".join(shown.stdout.split())
    request_unpin(site, "the end of a test", "somebody")


def test_a_reason_is_needed() -> None:
    result = CliRunner().invoke(app, ["promote", "3"])

    assert result.exit_code == 2
    assert "--reason" in result.stderr


def test_without_mlflow_and_the_audit_trail_the_list_has_what_clean_holds(
    api: Running, clean_db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a verdict, and neither MLflow nor the server of the audit trail
    nowhere = free_ports(1)[0]
    changes = {"mlflow_tracking_uri": f"http://127.0.0.1:{nowhere}", "postgres_port": nowhere}
    site = replace(api[0], settings=api[0].settings.model_copy(update=changes))
    history = ModelHistory(clean_db)
    history.record_promotion(Promotion("batch-0001", "1", None, "promoted", "first model", {}))

    @contextmanager
    def opened() -> Iterator[tuple[Site, None, CleanWarehouse]]:
        yield site, None, CleanWarehouse(clean_db)

    monkeypatch.setattr(promotions, "open_stack_warehouses", opened)

    # when
    listed = CliRunner().invoke(app, ["promotions", "--json"], catch_exceptions=False)
    shown = CliRunner().invoke(app, ["promotions"], catch_exceptions=False)

    # then
    (found,) = json.loads(listed.stdout)
    assert (found["entry"], found["reason"]) == ("verdict", "first model")
    assert "warning: MLflow is unavailable" in listed.stderr
    assert "removed pins are missing" in listed.stderr
    assert "first model" in shown.stdout
    assert "no version is pinned" not in shown.stdout
