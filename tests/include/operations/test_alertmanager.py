"""Alertmanager's configuration and the file of alerts."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from socket import create_connection
from threading import Thread
from typing import Any

import pytest
import yaml

from readmission.operations import alert_log, alertmanager
from readmission.settings import CHECKOUT, Settings, SettingsError
from tests.programs import lacking

LOG = "http://127.0.0.1:9095/"
EMAIL = {
    "alert_email_to": "wards@hospital.example",
    "alert_email_from": "alerts@hospital.example",
    "alert_smtp_server": "mail.hospital.example:587",
}
FIRING = {
    "status": "firing",
    "labels": {"alertname": "ApiDown", "severity": "page"},
    "annotations": {
        "summary": "No replica\nis reachable",
        "runbook_url": "http://p/consoles/runbooks.html#apidown",
    },
    "startsAt": "2026-03-01T10:20:30.5Z",
    "endsAt": "0001-01-01T00:00:00Z",
}
RESOLVED = FIRING | {"status": "resolved", "endsAt": "2026-03-01T10:25:30.5Z"}


def configured(**settings: str) -> dict[str, Any]:
    return alertmanager.configuration(Settings.model_validate(settings), LOG)


@pytest.mark.parametrize("settings", [{}, EMAIL, {"alert_webhook_url": "https://chat.example/x"}])
def test_alertmanager_accepts_the_configuration(settings: dict[str, str], tmp_path: Path) -> None:
    if shutil.which("amtool") is None:
        lacking("amtool", "prometheus-alertmanager")
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump(configured(**settings)))

    found = subprocess.run(["amtool", "check-config", file], capture_output=True, text=True)

    assert found.returncode == 0, found.stderr
    assert "6 inhibit rules" in found.stdout


def test_every_receiver_of_the_settings_is_told() -> None:
    (receiver,) = configured(**EMAIL, alert_webhook_url="https://chat.example/x")["receivers"]

    assert [one["url"] for one in receiver["webhook_configs"]] == [LOG, "https://chat.example/x"]
    assert [one["to"] for one in receiver["email_configs"]] == [EMAIL["alert_email_to"]]


@pytest.mark.parametrize("missing", ["alert_email_from", "alert_smtp_server"])
def test_an_email_without_a_sender_or_server_is_refused(missing: str) -> None:
    settings = {name: value for name, value in EMAIL.items() if name != missing}

    with pytest.raises(SettingsError, match=f"READMISSION_{missing.upper()} is missing"):
        configured(**settings)


def test_the_program_writes_the_configuration_and_the_login_of_prometheus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given settings as Compose passes them: empty if nobody set them
    monkeypatch.setenv("READMISSION_PROMETHEUS_PASSWORD", "opensesame")
    monkeypatch.setenv("READMISSION_ALERT_EMAIL_TO", "")
    monkeypatch.setenv("READMISSION_ALERT_WEBHOOK_URL", "")
    routes = str(alertmanager.SOURCE)
    monkeypatch.setattr("sys.argv", ["alertmanager", routes, str(tmp_path), LOG])

    # when
    alertmanager.main()

    # then
    written = tmp_path / alertmanager.FILE
    assert yaml.safe_load(written.read_text()) == configured()
    assert written.stat().st_mode & 0o077 == 0
    assert (tmp_path / "password").read_text() == "opensesame"
    assert (tmp_path / "web.yml").exists()
    monkeypatch.delenv("READMISSION_PROMETHEUS_PASSWORD")
    with pytest.raises(SystemExit, match="PROMETHEUS_PASSWORD is missing"):
        alertmanager.main()


def test_every_alert_that_an_inhibition_names_exists() -> None:
    rules = (CHECKOUT / "grafana" / "prometheus" / "rules").glob("*.yml")
    alerts = {
        rule["alert"]
        for file in rules
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    named = {
        name.replace(".*", "Fast")
        for rule in yaml.safe_load(alertmanager.SOURCE.read_text())["inhibit_rules"]
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
        if matcher.startswith("alertname")
        for name in matcher.split('"')[1].split("|")
    }

    assert named <= alerts
    assert len(named) > 10


@pytest.fixture
def log(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A running program that writes alerts into a file."""
    file = tmp_path / "alerts.log"
    server = alert_log.server("127.0.0.1", 0, file)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, file
    server.shutdown()
    server.server_close()


def post(port: int, body: bytes) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/", body)
    return connection.getresponse().status


def test_each_alert_is_one_line_that_people_can_read(log: tuple[int, Path]) -> None:
    port, file = log

    assert post(port, json.dumps({"alerts": [FIRING]}).encode()) == 204
    assert post(port, json.dumps({"alerts": [RESOLVED]}).encode()) == 204

    told = "page    ApiDown: No replica is reachable (http://p/consoles/runbooks.html#apidown)"
    assert file.read_text().splitlines() == [
        f"2026-03-01 10:20:30 UTC  firing    {told}",
        f"2026-03-01 10:25:30 UTC  resolved  {told}",
    ]


BODIES = [b"", b"[]", b"{}", b'{"alerts": [1]}', b'{"alerts": [{}]}', b"[" * 200_000]


@pytest.mark.parametrize("body", BODIES)
def test_what_is_no_notification_is_refused_and_leaves_no_line(
    log: tuple[int, Path], body: bytes
) -> None:
    port, file = log

    assert post(port, body) == 400
    assert not file.exists()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": "-1"}, 411),
        ({"Content-Length": "1e3"}, 411),
        ({"Content-Length": "9" * 5_000}, 413),
        ({"Content-Length": "2000000"}, 413),
        ({"Content-Length": "2", "Origin": "http://website.example"}, 403),
    ],
)
def test_a_request_that_no_alertmanager_sends_is_refused(
    log: tuple[int, Path], headers: dict[str, str], status: int
) -> None:
    port, file = log
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("POST", "/")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()

    assert connection.getresponse().status == status
    assert not file.exists()


def test_a_label_cannot_forge_a_line(log: tuple[int, Path]) -> None:
    port, file = log
    name = "a\n2026-03-01 10:20:30 UTC  resolved  page    ApiDown\u2028\x1b[2K"

    notification = {"alerts": [FIRING | {"labels": {"alertname": name}}]}
    assert post(port, json.dumps(notification).encode()) == 204

    (line,) = file.read_text().splitlines()
    assert line.isprintable()


def test_a_request_that_does_not_arrive_is_closed(
    log: tuple[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_log.AlertLog, "timeout", 0.2)
    with create_connection(("127.0.0.1", log[0]), timeout=10) as half:
        half.sendall(b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
        assert half.recv(100) == b""
