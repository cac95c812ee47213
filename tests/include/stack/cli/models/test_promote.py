"""`readmission promote` against a real API and registry."""

import getpass
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from typer.testing import CliRunner

from readmission.domain.production import Production
from readmission.errors import DecisionRefused
from readmission.pipeline.record_moves import promotions_by_hand
from readmission.registry import PRODUCTION, Registry
from readmission.stack import audit
from readmission.stack.cli.app import app
from readmission.stack.cli.models.promote import (
    request_promotion,
    request_rollback,
    request_unpin,
)
from readmission.stack.errors import StackError
from readmission.stack.site.ports import free_ports
from readmission.stack.site.site import Site
from readmission.warehouse import CleanWarehouse
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
    log = tmp_path_factory.mktemp("promote") / "log"
    with running(log, mlflow_uri=platform.mlflow_uri, settings=values) as service:
        wait_for(f"{service.url}/ready", 200, service.process, log)
        changes = {"api_url": service.url, "model_name": settings.model_name}
        there = platform.site.settings.model_copy(update=changes)
        yield replace(platform.site, settings=there), Registry(settings)


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
    event = audit.read(site)[-1]
    assert (event.actor, event.actor_kind) == (getpass.getuser(), "os-user")
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
    event = audit.read(site)[-1]
    assert (event.action, event.detail["reason"]) == ("rollback", "too many alarms")
    # and the refusal of the API is the error
    with pytest.raises(DecisionRefused, match="in the past"):
        request_rollback(site, CleanWarehouse(clean_db), wanted | {"until": "2001-01-31"})
    assert "too many alarms" in request_unpin(site, "fixed", "somebody")
    assert registry.production() == Production("1", ("1",))


def test_a_reason_is_needed() -> None:
    result = CliRunner().invoke(app, ["promote", "3"])

    assert result.exit_code == 2
    assert "--reason" in result.stderr
