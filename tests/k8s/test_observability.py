"""Prometheus and Grafana get every file of `grafana/`, and what they scrape or query exists."""

from pathlib import Path

import pytest
import yaml

from readmission.operations import alertmanager, prometheus_login
from readmission.settings import CHECKOUT, PREFIX
from tests.k8s.cluster import DATABASE_SERVERS, TREES, Object, build
from tests.k8s.test_hardening import quantity

GRAFANA = CHECKOUT / "grafana"
SOURCES = {
    "prometheus": [GRAFANA / "prometheus" / "prometheus.yml"],
    "alertmanager-routes": [GRAFANA / "alertmanager" / "alertmanager.yml"],
    "prometheus-rules": sorted((GRAFANA / "prometheus" / "rules").glob("*.yml")),
    "prometheus-consoles": sorted((GRAFANA / "prometheus" / "consoles").glob("*.html")),
    "grafana-datasources": sorted((GRAFANA / "provisioning" / "datasources").glob("*.yml")),
    "grafana-providers": sorted((GRAFANA / "provisioning" / "dashboards").glob("*.yml")),
    **{
        f"grafana-dashboard-{path.stem}": [path]
        for path in sorted((GRAFANA / "dashboards").glob("*.json"))
    },
}
MEBIBYTE = 1024**2


@pytest.mark.parametrize("name", SOURCES)
def test_a_config_map_contains_every_file_of_its_folder(name: str) -> None:
    held = {
        key.rsplit("-", 1)[0]: value.get("data", {})
        for key, value in build("base").named("ConfigMap").items()
    }[name]

    existing = {path.name: path.read_text() for path in SOURCES[name]}
    assert held == existing, f"list every file in the kustomization.yaml of {name}"
    assert sum(len(text) for text in held.values()) < MEBIBYTE


def test_grafana_mounts_every_dashboard() -> None:
    (pod,) = (workload.pod for workload in build("base").workloads() if workload.name == "grafana")
    (sources,) = (v["projected"]["sources"] for v in pod["volumes"] if v["name"] == "dashboards")

    mounted = {source["configMap"]["name"].rsplit("-", 1)[0] for source in sources}
    assert mounted == {name for name in SOURCES if name.startswith("grafana-dashboard-")}


def test_prometheus_scrapes_services_that_exist() -> None:
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
def test_grafana_queries_our_prometheus(path: Path) -> None:
    for source in yaml.safe_load(path.read_text())["datasources"]:
        assert source["url"] == "http://prometheus:9090"
        assert source["basicAuthUser"] == prometheus_login.USER
        assert source["secureJsonData"] == {"basicAuthPassword": "$PROMETHEUS_PASSWORD"}


def test_prometheus_requires_the_password_that_grafana_sends() -> None:
    """Its probes and its own job send it, too."""
    pods = {workload.name: workload.pod for workload in build("base").workloads()}
    (login,), (server,) = pods["prometheus"]["initContainers"], pods["prometheus"]["containers"]
    (grafana,) = pods["grafana"]["containers"]

    folder = login["command"][-1]
    assert login["command"][:3] == ["python", "-m", prometheus_login.__name__]
    assert f"--web.config.file={folder}/{prometheus_login.WEB_CONFIG}" in server["args"]
    password = f"{folder}/{prometheus_login.PASSWORD}"
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert f"{prometheus_login.USER}:$(cat {password})@" in server[kind]["exec"]["command"][-1]
    (own,) = (
        job["basic_auth"]
        for job in yaml.safe_load((GRAFANA / "prometheus" / "prometheus.yml").read_text())[
            "scrape_configs"
        ]
        if job["job_name"] == "prometheus"
    )
    assert own == {"username": prometheus_login.USER, "password_file": password}
    (sent,) = (v for v in grafana["env"] if v["name"] == "PROMETHEUS_PASSWORD")
    (required,) = (v for v in login["env"] if v["name"] == f"{PREFIX}PROMETHEUS_PASSWORD")
    assert sent["valueFrom"] == required["valueFrom"]


def test_prometheus_sends_alerts_to_the_alertmanager_that_writes_them_into_a_file() -> None:
    (pod,) = (w.pod for w in build("base").workloads() if w.name == "alertmanager")
    (server,), (configuration, log) = pod["containers"], pod["initContainers"]
    (target,) = yaml.safe_load((GRAFANA / "prometheus" / "prometheus.yml").read_text())["alerting"][
        "alertmanagers"
    ]

    # Prometheus logs in with the password that Alertmanager requires.
    assert target["static_configs"] == [{"targets": ["alertmanager:9093"]}]
    assert target["basic_auth"]["username"] == prometheus_login.USER
    routes, folder, address = configuration["args"]
    assert configuration["command"][2] == alertmanager.__name__
    assert {
        f"--web.config.file={folder}/{prometheus_login.WEB_CONFIG}",
        f"--config.file={folder}/{alertmanager.FILE}",
        f"--web.listen-address=:{target['static_configs'][0]['targets'][0].partition(':')[2]}",
    } <= set(server["args"])
    assert {"name": "routes", "mountPath": str(Path(routes).parent), "readOnly": True} in (
        configuration["volumeMounts"]
    )
    # A sidecar writes the file into the volume that lasts.
    host, port, file = log["args"]
    assert address == f"http://{host}:{port}/"
    assert log["restartPolicy"] == "Always"
    assert {"name": "data", "mountPath": str(Path(file).parent)} in log["volumeMounts"]


@pytest.mark.parametrize("path", SOURCES["grafana-providers"], ids=lambda path: path.name)
def test_grafana_looks_for_dashboards_where_they_are_mounted(path: Path) -> None:
    (container,) = build("base").named("StatefulSet")["grafana"]["spec"]["template"]["spec"][
        "containers"
    ]
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}

    for provider in yaml.safe_load(path.read_text())["providers"]:
        assert provider["options"]["path"] in mounted


@pytest.mark.parametrize("tree", TREES)
def test_the_databases_of_a_server_fit_on_its_disk_at_full_capacity(tree: str) -> None:
    cluster = build(tree)
    (exporter,) = (
        config["data"]
        for name, config in cluster.named("ConfigMap").items()
        if name.startswith("pipeline-exporter")
    )
    capacity = int(exporter["READMISSION_DATABASE_CAPACITY_MB"]) * MEBIBYTE

    for name, server in cluster.named("StatefulSet").items():
        if name in DATABASE_SERVERS:
            (claim,) = server["spec"]["volumeClaimTemplates"]
            disk = quantity(claim["spec"]["resources"]["requests"]["storage"])
            assert capacity * len(databases_of(server)) <= disk, name


def databases_of(server: Object) -> list[str]:
    """Return the databases of a server."""
    (container,) = server["spec"]["template"]["spec"]["containers"]
    (variable,) = (v["value"] for v in container["env"] if v["name"] == "DATABASES")
    return str(variable).split()


def test_the_exporter_connects_to_every_database_as_monitoring() -> None:
    cluster = build("base")
    (exporter,) = (w.pod for w in cluster.workloads() if w.name == "pipeline-exporter")
    (container,) = exporter["containers"]

    configured = {
        variable["name"].removeprefix(PREFIX + "EXPORTER_DSN_").lower(): variable["value"]
        for variable in container["env"]
        if variable["name"].startswith(PREFIX + "EXPORTER_DSN_")
    }
    existing = {
        database
        for name, server in cluster.named("StatefulSet").items()
        if name in DATABASE_SERVERS
        for database in databases_of(server)
    }
    assert set(configured) == existing
    for database, dsn in configured.items():
        assert dsn.startswith("postgresql://monitoring:$(MONITORING_DB_PASSWORD)@$(")
        assert dsn.endswith(f")/{database}")
