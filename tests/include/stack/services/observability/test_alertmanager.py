"""Alertmanager in the stack: who is told about an alert, and where it can be read."""

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from readmission.settings import Settings
from readmission.stack.cli import summary
from readmission.stack.services.catalogue import all_services
from readmission.stack.services.observability import alertmanager, prometheus
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack
from tests.conftest import random_settings
from tests.programs import lacking

OPENER = build_opener(ProxyHandler({}))


@pytest.fixture(scope="module")
def stack(state_folders: Path) -> Iterator[Stack]:
    """A stack in which only Alertmanager and its file of alerts run."""
    if alertmanager.program() is None:
        lacking("Alertmanager", "prometheus-alertmanager")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alertmanager, "GROUP_WAIT", "0s")
        stack = Stack(random_settings(state_folders / "alertmanager"))
        stack.up({"alertmanager"})
        yield stack
    stack.reset()


def post(stack: Stack, headers: dict[str, str], *alerts: dict[str, str]) -> int:
    """Send alerts that fire now, as Prometheus does."""
    at = datetime.now(UTC).isoformat()
    body = [
        {"labels": labels, "annotations": {"summary": f"about {labels['alertname']}"},
         "startsAt": at}
        for labels in alerts
    ]  # fmt: skip
    url = f"http://{HOST}:{stack.settings.alertmanager_port}/api/v2/alerts"
    headers = headers | {"Content-Type": "application/json"}
    with OPENER.open(Request(url, json.dumps(body).encode(), headers), timeout=10) as response:
        return int(response.status)


def test_an_alert_reaches_the_file_and_silences_its_symptoms(stack: Stack) -> None:
    # given an alert whose symptom fires later
    login, file = prometheus.login_header(stack.site), stack.site.paths.alert_log
    post(stack, login, {"alertname": "ApiDown", "severity": "page"})

    def told() -> list[str]:
        return file.read_text().splitlines() if file.exists() else []

    deadline = time.monotonic() + 30
    while not told():
        assert time.monotonic() < deadline
        time.sleep(0.1)

    # when the symptom and something else are sent
    post(
        stack,
        login,
        {"alertname": "ApiWithoutModel", "severity": "page"},
        {"alertname": "RowsUnaccounted", "severity": "ticket"},
    )
    while len(told()) < 2:
        assert time.monotonic() < deadline + 30
        time.sleep(0.1)

    # then the file has all but the symptom
    assert [line.split("UTC")[1].split() for line in told()] == [
        ["firing", severity, f"{name}:", "about", name, "(no", "runbook)"]
        for severity, name in (("page", "ApiDown"), ("ticket", "RowsUnaccounted"))
    ]


def test_nobody_silences_alerts_without_the_password(stack: Stack) -> None:
    with pytest.raises(HTTPError) as refused:
        post(stack, {}, {"alertname": "ApiDown", "severity": "page"})

    assert refused.value.code == 401


def test_prometheus_sends_its_alerts_there(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")

    (receiver,) = prometheus.configuration(site)["alerting"]["alertmanagers"]

    targets = [f"{HOST}:{site.settings.alertmanager_port}"]
    assert receiver["static_configs"] == [{"targets": targets}]


def test_its_ports_are_not_those_of_debian_s_service() -> None:
    own = {Settings.model_fields[f"{name}_port"].default for name in ("alertmanager", "alert_log")}

    assert not own & {9093, 9094}


def test_without_alertmanager_the_stack_says_how_to_install_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    assert "alertmanager" not in {service.name for service in all_services(site)}
    assert "alerting" not in prometheus.configuration(site)
    cells = str(list(summary.pages_table(site).columns[1].cells))
    assert "apt-get install prometheus-alertmanager" in cells
