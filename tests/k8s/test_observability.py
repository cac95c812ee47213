"""What Prometheus and Grafana are given is what lies in `grafana/`, all of it."""

from pathlib import Path

import pytest
import yaml

from readmission.settings import CHECKOUT
from tests.k8s.cluster import build

GRAFANA = CHECKOUT / "grafana"
SOURCES = {
    "prometheus": [GRAFANA / "prometheus" / "prometheus.yml"],
    "prometheus-rules": sorted((GRAFANA / "prometheus" / "rules").glob("*.yml")),
    "grafana-datasources": sorted((GRAFANA / "provisioning" / "datasources").glob("*.yml")),
    "grafana-providers": sorted((GRAFANA / "provisioning" / "dashboards").glob("*.yml")),
    "grafana-dashboards": sorted((GRAFANA / "dashboards").glob("*.json")),
}
MEBIBYTE = 1024**2


@pytest.mark.parametrize("name", SOURCES)
def test_a_config_map_holds_every_file_of_its_folder(name: str) -> None:
    held = {
        key.rsplit("-", 1)[0]: value.get("data", {})
        for key, value in build("base").named("ConfigMap").items()
    }[name]

    there = {path.name: path.read_text() for path in SOURCES[name]}
    assert held == there, f"list every file in the kustomization.yaml of {name}"
    assert sum(len(text) for text in held.values()) < MEBIBYTE


def test_prometheus_asks_services_that_exist() -> None:
    services = {
        f"{name}:{port['port']}"
        for name, service in build("base").named("Service").items()
        for port in service["spec"]["ports"]
    }

    config = yaml.safe_load((GRAFANA / "prometheus" / "prometheus.yml").read_text())
    targets = {
        target
        for job in config["scrape_configs"]
        for group in job.get("static_configs", [])
        for target in group["targets"]
        if not target.startswith("localhost:")
    } | {
        f"{name}:{found['port']}"
        for job in config["scrape_configs"]
        for found in job.get("dns_sd_configs", [])
        for name in found["names"]
    }
    assert targets <= services


@pytest.mark.parametrize("path", SOURCES["grafana-datasources"], ids=lambda path: path.name)
def test_grafana_asks_a_prometheus_that_exists(path: Path) -> None:
    for source in yaml.safe_load(path.read_text())["datasources"]:
        assert source["url"] == "http://prometheus:9090"


@pytest.mark.parametrize("path", SOURCES["grafana-providers"], ids=lambda path: path.name)
def test_grafana_looks_for_dashboards_where_they_are_mounted(path: Path) -> None:
    (container,) = build("base").named("StatefulSet")["grafana"]["spec"]["template"]["spec"][
        "containers"
    ]
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}

    for provider in yaml.safe_load(path.read_text())["providers"]:
        assert provider["options"]["path"] in mounted
