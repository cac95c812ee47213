"""Prometheus in the stack: jobs and rules of the deployment, addresses of the stack."""

import json
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from readmission.settings import Settings
from readmission.stack.cli import app, boot_display, summary
from readmission.stack.errors import PortTaken, StackError
from readmission.stack.services.catalogue import all_services
from readmission.stack.services.observability import prometheus
from readmission.stack.services.observability.prometheus import login_header
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack
from tests.conftest import random_settings
from tests.programs import lacking
from tests.promtool import promtool


@pytest.fixture
def not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that Prometheus is not installed."""
    monkeypatch.setattr(shutil, "which", lambda _name, **_: None)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that Prometheus is installed."""
    monkeypatch.setattr(shutil, "which", lambda name, **_: f"/usr/bin/{name}")


@pytest.fixture(scope="module")
def stack(state_folders: Path) -> Iterator[Stack]:
    if shutil.which(prometheus.NAME) is None:
        lacking("Prometheus", "prometheus")
    yield (stack := Stack(random_settings(state_folders / "prometheus")))
    stack.reset()


def query(stack: Stack, path: str) -> Any:
    opener = build_opener(ProxyHandler({}))
    url = f"http://{HOST}:{stack.settings.prometheus_port}/api/v1/{path}"
    with opener.open(Request(url, headers=login_header(stack.site)), timeout=5) as response:
        return json.load(response)["data"]


def test_every_job_of_the_deployment_is_scraped(site: Site) -> None:
    deployed = yaml.safe_load((prometheus.SOURCE / "prometheus.yml").read_text())

    here = prometheus.configuration(site)

    targets = {
        job["job_name"]: [target for group in job["static_configs"] for target in group["targets"]]
        for job in here["scrape_configs"]
    }
    assert targets == {
        "api": [f"{HOST}:{site.settings.api_port}"],
        "airflow": [f"{HOST}:{site.settings.airflow_metrics_port}"],
        "pipeline": [f"{HOST}:{site.settings.exporter_port}"],
        "prometheus": [f"{HOST}:{site.settings.prometheus_port}"],
    }
    assert list(targets) == [job["job_name"] for job in deployed["scrape_configs"]]
    assert "_sd_configs" not in json.dumps(here)


def test_a_job_without_a_service_is_named(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed = {"global": {}, "rule_files": [], "scrape_configs": [{"job_name": "kubelet"}]}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(deployed))
    monkeypatch.setattr(prometheus, "SOURCE", tmp_path)

    with pytest.raises(StackError, match="job 'kubelet' has no service in this stack"):
        prometheus.configuration(site)


def test_promtool_accepts_the_configuration(site: Site) -> None:
    prometheus.write_configuration(site)

    found = promtool("check", "config", site.paths.prometheus / "prometheus.yml")

    assert found.returncode == 0, found.stderr
    rules = len(list((prometheus.SOURCE / "rules").glob("*.yml")))
    assert f"{rules} rule files found" in found.stdout


def test_promtool_accepts_the_deployed_configuration() -> None:
    found = promtool("check", "config", prometheus.SOURCE / "prometheus.yml")

    assert found.returncode == 0, found.stderr


@pytest.mark.usefixtures("not_installed")
def test_without_prometheus_the_stack_prints_how_to_install_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {service.name for service in all_services(site)}
    monkeypatch.setattr(app.console, "print", (printed := []).append)
    boot_display.print_prometheus_hint(Stack(site.settings))

    assert "prometheus" not in names
    assert {"api", "statsd", "airflow-scheduler"} <= names
    assert printed == [prometheus.INSTALL_HINT]
    assert "apt-get install prometheus" in str(list(summary.pages_table(site).columns[1].cells))


@pytest.mark.usefixtures("installed")
def test_with_prometheus_the_summary_shows_its_address(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.console, "print", (printed := []).append)
    boot_display.print_prometheus_hint(Stack(site.settings))

    assert prometheus.INSTALL_HINT not in printed
    shown = list(summary.pages_table(site).columns[1].cells)
    assert f"user prometheus, password in {site.paths.prometheus_login / 'password'}" in shown
    assert f"http://{HOST}:{site.settings.prometheus_port}" in shown


@pytest.mark.usefixtures("installed")
def test_it_listens_on_loopback_only_and_limits_its_data(site: Site) -> None:
    (service,) = prometheus.services(site)

    assert f"--web.listen-address={HOST}:{site.settings.prometheus_port}" in service.command
    assert "--storage.tsdb.retention.size=1GB" in service.command
    assert str(site.paths.home) in " ".join(service.command)


def test_the_default_port_differs_from_debians_service() -> None:
    assert Settings.model_fields["prometheus_port"].default != 9090


def test_a_port_in_use_is_named_and_nothing_starts(stack: Stack) -> None:
    port = stack.settings.prometheus_port
    with socket.socket() as other:
        other.bind((HOST, port))
        other.listen()

        with pytest.raises(
            PortTaken, match=rf"port {port} of prometheus.*READMISSION_PROMETHEUS_PORT"
        ):
            stack.up({"prometheus"})

    assert not stack.is_running


def test_it_scrapes_the_services_and_loads_the_rules(stack: Stack) -> None:
    # Given Prometheus, and of its targets only Airflow's metrics
    stack.up({"prometheus", "statsd"})

    # When it has scraped each target once
    deadline = time.monotonic() + 60
    while not (health := states(stack)) or "unknown" in health.values():
        assert time.monotonic() < deadline, health
        time.sleep(0.2)

    # Then it knows which targets are up, and has loaded the rules
    assert health == {"api": "down", "airflow": "up", "pipeline": "down", "prometheus": "up"}
    rules = {Path(group["file"]).name for group in query(stack, "rules")["groups"]}
    assert rules == {path.name for path in (prometheus.SOURCE / "rules").glob("*.yml")}


def test_it_serves_the_runbooks_where_alerts_link_to(stack: Stack) -> None:
    # given the link of an alert
    stack.up({"prometheus"})
    groups = query(stack, "rules")["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if rule["type"] == "alerting"]
    link = next(rule["annotations"]["runbook_url"] for rule in alerts if rule["name"] == "ApiDown")
    address = f"http://{HOST}:{stack.settings.prometheus_port}"

    # when it is opened
    url = link.replace("{{ $externalURL }}", address).partition("#")[0]
    page = httpx.get(url, headers=login_header(stack.site), trust_env=False).text

    # then the page is there, with the braces of its commands
    assert '<h2 id="apidown">' in page
    assert "go-template={{.data.API_KEY_ADMIN | base64decode}}" in page
    # and the server knows the address that the link begins with
    assert f"--web.external-url={address}" in prometheus.services(stack.site)[0].command


@pytest.mark.parametrize("login", [{}, {"Authorization": "Basic cHJvbWV0aGV1czo="}])
def test_nobody_reads_it_without_the_password(stack: Stack, login: dict[str, str]) -> None:
    """A website that points its name at this port gets nothing: browsers send it no password."""
    stack.up({"prometheus"})
    opener = build_opener(ProxyHandler({}))
    for path in ("/", "/metrics", "/api/v1/targets", "/-/ready"):
        url = f"http://{HOST}:{stack.settings.prometheus_port}{path}"
        with pytest.raises(HTTPError) as refused:
            opener.open(Request(url, headers=login | {"Host": "rebound.example"}), timeout=5)
        assert refused.value.code == 401


def test_the_password_is_private(stack: Stack) -> None:
    stack.up({"prometheus"})
    folder = stack.site.paths.prometheus_login

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = {path.name: path for path in folder.iterdir()}
    assert {name: stat.S_IMODE(path.stat().st_mode) for name, path in files.items()} == {
        "web.yml": 0o600,
        "password": 0o600,
    }
    password = files["password"].read_text()
    assert password == stack.site.credentials.prometheus
    assert password not in files["web.yml"].read_text()
    (service,) = prometheus.services(stack.site)
    assert password not in " ".join(service.command)


def states(stack: Stack) -> dict[str, str]:
    return {
        target["labels"]["job"]: target["health"]
        for target in query(stack, "targets")["activeTargets"]
    }


def test_help_names_its_port_setting() -> None:
    assert "READMISSION_PROMETHEUS_PORT" in CliRunner().invoke(app.app, ["--help"]).stdout
