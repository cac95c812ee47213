"""Each alert of the rules reaches the file of alerts through Alertmanager, with its runbook."""

import json
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

import pytest
import yaml

from readmission.operations import alertmanager as routes
from readmission.stack.services.observability import alertmanager, prometheus
from readmission.stack.site.ports import HOST
from readmission.stack.stack import Stack
from tests.conftest import random_settings
from tests.grafana.prometheus.alerting import Rule, alerts
from tests.programs import lacking

SECONDS = 30
"""Until all alerts of a wave must be in the file."""
EVALUATED = 60
"""Seconds until Prometheus has scraped, evaluated the rules and sent what fires."""
RESENT = 60
"""Seconds until Prometheus sends an alert again that came before Alertmanager was ready."""


@pytest.fixture(scope="module")
def notified(state_folders: Path) -> Iterator[list[str]]:
    """The lines of the file after each alert has fired once."""
    if alertmanager.program() is None:
        lacking("Alertmanager", "prometheus-alertmanager")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alertmanager, "GROUP_WAIT", "0s")
        stack = Stack(random_settings(state_folders / "notifications"))
        stack.up({"alertmanager"})
    file, told = stack.paths.alert_log, 0
    try:
        for wave in waves():
            post(stack, wave)
            told += len(wave)
            deadline = time.monotonic() + SECONDS
            while not file.exists() or len(file.read_text().splitlines()) < told:
                assert time.monotonic() < deadline, file.exists() and file.read_text()
                time.sleep(0.1)
        yield file.read_text().splitlines()
    finally:
        stack.reset()


def waves() -> list[list[Rule]]:
    """Return the alerts in an order in which none silences one that is sent later."""
    inhibits = yaml.safe_load(routes.SOURCE.read_text())["inhibit_rules"]
    pairs = [(str(each["source_matchers"]), str(each["target_matchers"])) for each in inhibits]
    left = alerts()
    found: list[list[Rule]] = []
    while left:
        targets = {name(rule): [s for s, t in pairs if silences(t, rule)] for rule in left}
        last = [
            rule
            for rule in left
            if not any(silences(s, rule) for sources in targets.values() for s in sources)
        ]
        assert last, "alerts silence each other in a circle"
        found.append(last)
        left = [rule for rule in left if rule not in last]
    return found


def silences(matchers: str, rule: Rule) -> bool:
    """Whether the matchers of an inhibition name an alert."""
    return name(rule).rstrip("0123456789") in matchers or (
        name(rule).startswith("ErrorBudgetBurns") and "ErrorBudgetBurns." in matchers
    )


def name(rule: Rule) -> str:
    """Return the name of an alert."""
    return str(rule["alert"])


def post(stack: Stack, firing: Iterable[Rule]) -> None:
    """Send alerts that fire now, as Prometheus does."""
    at = datetime.now(UTC).isoformat()
    body = [
        {
            "labels": rule["labels"] | {"alertname": name(rule)},
            "annotations": rule["annotations"],
            "startsAt": at,
        }
        for rule in firing
    ]
    url = f"http://{HOST}:{stack.settings.alertmanager_port}/api/v2/alerts"
    headers = prometheus.login_header(stack.site) | {"Content-Type": "application/json"}
    opener = build_opener(ProxyHandler({}))
    with opener.open(Request(url, json.dumps(body).encode(), headers), timeout=10) as response:
        assert response.status == 200


@pytest.mark.parametrize("rule", alerts(), ids=name)
def test_a_notification_has_severity_and_runbook(rule: Rule, notified: list[str]) -> None:
    (line,) = (line for line in notified if f"  {name(rule)}: " in line)

    assert rule["labels"]["severity"] in line.split()
    assert line.endswith(f"({rule['annotations']['runbook_url']})")


def test_what_a_real_prometheus_fires_reaches_the_file(state_folders: Path, tmp_path: Path) -> None:
    # given the deployment's rules without their delays, and a stack without an API
    if prometheus.program() is None:
        lacking("Prometheus", "prometheus")
    if alertmanager.program() is None:
        lacking("Alertmanager", "prometheus-alertmanager")
    source = Path(shutil.copytree(prometheus.SOURCE, tmp_path / "prometheus"))
    for path in (source / "rules").glob("*.yml"):
        path.write_text(re.sub(r"^ +for: .*\n", "", path.read_text(), flags=re.MULTILINE))
    stack = Stack(random_settings(state_folders / "fired"))
    file, address = stack.paths.alert_log, f"http://{HOST}:{stack.settings.prometheus_port}"
    line = re.compile(
        r" firing +page +ApiDown: No replica .* "
        rf"\({re.escape(address)}/consoles/runbooks.html#apidown\)$",
        re.MULTILINE,
    )

    # when both programs run
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(prometheus, "SOURCE", source)
            patch.setattr(alertmanager, "GROUP_WAIT", "0s")
            stack.up({"prometheus", "alertmanager"})

        # then people can read it
        deadline = time.monotonic() + EVALUATED + RESENT
        while not (file.exists() and line.search(file.read_text())):
            assert time.monotonic() < deadline, file.exists() and file.read_text()
            time.sleep(0.2)
    finally:
        stack.reset()
