"""Every deployment allows the host names under which people, probes and services reach a server."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from readmission.settings import CHECKOUT, LOOPBACK_HOSTS
from tests.k8s.cluster import K8S, TREES, build, name
from tests.k8s.test_compose import RENAMED

OURS = ("airflow-webserver", "fastapi", "streamlit")
CONFIG = {"airflow-webserver": "airflow"} | {name: name for name in OURS[1:]}
"""ConfigMap of each server's settings."""
VARIABLE = "READMISSION_ALLOWED_HOSTS"


def allowed(tree: str, server: str) -> set[str]:
    """Return the names that a server of a deployment accepts, without those of loopback."""
    (config,) = (
        found["data"]
        for found in build(tree).of("ConfigMap")
        if re.fullmatch(rf"{CONFIG[server]}-[a-z0-9]{{10}}", name(found))
    )
    return set(config[VARIABLE].split(","))


def probes(tree: str, server: str) -> Iterator[dict[str, Any]]:
    (pod,) = (workload.pod for workload in build(tree).workloads() if workload.name == server)
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        yield pod["containers"][0][kind]["httpGet"]


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("server", OURS)
def test_a_server_allows_the_names_of_its_services(tree: str, server: str) -> None:
    assert server in allowed(tree, server)


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("server", ["airflow-webserver", "streamlit"])
def test_probes_name_a_host_that_is_always_allowed(tree: str, server: str) -> None:
    """Only the API allows the address of its pod, which a probe names by default."""
    for probe in probes(tree, server):
        (header,) = probe["httpHeaders"]
        assert header["name"] == "Host"
        assert header["value"] in LOOPBACK_HOSTS


def test_production_allows_the_names_of_its_ingress() -> None:
    (ingress,) = build("overlays/production").of("Ingress")
    config = {}
    for found in build("overlays/production").of("ConfigMap"):
        config |= found.get("data", {})
    for rule in ingress["spec"]["rules"]:
        (path,) = rule["http"]["paths"]
        server = path["backend"]["service"]["name"]
        if server == "grafana":
            assert config["GF_SERVER_DOMAIN"] == rule["host"]
            assert config["GF_SERVER_ROOT_URL"] == f"https://{rule['host']}/"
        else:
            assert rule["host"] in allowed("overlays/production", server)


@pytest.mark.parametrize("tree", TREES)
def test_grafana_redirects_requests_for_other_hosts(tree: str) -> None:
    (config,) = (
        found["data"]
        for found in build(tree).of("ConfigMap")
        if "GF_SERVER_DOMAIN" in found.get("data", {})
    )
    assert config["GF_SERVER_ENFORCE_DOMAIN"] == "true"


def test_compose_publishes_ports_under_names_that_are_allowed() -> None:
    """Loopback names are allowed everywhere; other services use the names of the env files."""
    services = {}
    for file in ("docker-compose.override.yml", "docker-compose.yml"):
        services |= yaml.safe_load((CHECKOUT / file).read_text())["services"]
    here = {there: name for name, there in RENAMED.items()}
    for server in OURS:
        (published,) = services[here.get(server, server)]["ports"]
        assert published.startswith("127.0.0.1:")
        env = (K8S / CONFIG[server] / f"{CONFIG[server]}.env").read_text()
        assert re.search(rf"^{VARIABLE}={server}$", env, re.MULTILINE)
    grafana = services["grafana"]["environment"]["GF_SERVER_ROOT_URL"]
    assert services["grafana"]["ports"] == [grafana.removeprefix("http://")[:-1] + ":3000"]


def test_every_server_reads_what_deploy_sh_writes() -> None:
    """deploy.sh writes the addresses of the nodes into a ConfigMap a server."""
    script = (CHECKOUT / "deploy.sh").read_text()
    written = set(re.findall(r"allow (?:deployment|statefulset) ([a-z-]+) \"?[A-Z$]", script))
    read = {
        workload.name
        for workload in build("overlays/minikube").workloads()
        if f"'name': '{workload.name}-people', 'optional': True" in str(workload.pod)
        or f"'name': '{workload.name}-people'" in str(workload.pod["containers"][0].get("env"))
    }

    assert written == read == {*OURS, "mlflow", "grafana", "prometheus", "pipeline-exporter"}


@pytest.mark.parametrize(("trusted", "flag"), [("*", ["--proxy-headers"]), ("", []), (None, [])])
def test_airflow_believes_an_address_in_a_header_only_behind_an_ingress(
    tmp_path: Path, trusted: str | None, flag: list[str]
) -> None:
    # given a stand-in that prints how it was called, because the real server would keep running
    airflow = tmp_path / "airflow"
    airflow.write_text('#!/bin/sh\necho "$@"\n')
    airflow.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}", "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW_ADMIN_PASSWORD": "secret",
    }  # fmt: skip
    if trusted is not None:
        environment["FORWARDED_ALLOW_IPS"] = trusted

    done = subprocess.run(
        [CHECKOUT / "docker" / "airflow-api-server.sh"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.split()[7:] == flag


@pytest.mark.parametrize(("tree", "trusts"), [("base", False), ("overlays/production", True)])
def test_only_production_has_an_ingress_whose_headers_count(tree: str, trusts: bool) -> None:
    (airflow,) = (
        found["data"]
        for found in build(tree).of("ConfigMap")
        if re.fullmatch(r"airflow-[a-z0-9]{10}", name(found))
    )
    assert (airflow.get("FORWARDED_ALLOW_IPS") == "*") is trusts
