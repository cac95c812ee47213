"""Traces reach a named collector: one line on the cluster, one variable on Compose."""

import kubernetes_validate
import pytest

from readmission.settings import Settings
from tests.k8s.cluster import K8S, NAME, Cluster, Object, containers, production_with, settings_of
from tests.k8s.test_compose import SERVICES

COMPONENT = K8S / "components" / "otlp"
TRACING = {
    "streamlit", "fastapi", "airflow-webserver", "airflow-scheduler", "airflow-dag-processor",
    "airflow-triggerer", "airflow-task",
}  # fmt: skip
ENDPOINT = "READMISSION_OTLP_ENDPOINT"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """Production with the one line."""
    return production_with("otlp", tmp_path_factory.mktemp("hospital"))


def test_every_process_that_traces_gets_the_address(cluster: Cluster) -> None:
    address = settings_of(COMPONENT / "otlp.env")[ENDPOINT]
    configs = {key: config["data"] for key, config in cluster.named("ConfigMap").items()}

    reached = {
        workload.name
        for workload in cluster.workloads()
        for container in containers(workload.pod)
        for source in container.get("envFrom", [])
        if configs.get(source.get("configMapRef", {}).get("name"), {}).get(ENDPOINT) == address
    }

    # The migration shares Airflow's settings, and opens no span.
    assert reached == TRACING | {"airflow-migrate"}
    assert Settings(otlp_endpoint=address).otlp_endpoint == address


def test_they_may_reach_the_collector_and_nothing_else(cluster: Cluster) -> None:
    policy: Object = cluster.named("NetworkPolicy")["otlp"]
    kubernetes_validate.validate(policy, "1.37", strict=True)
    (term,) = policy["spec"]["podSelector"]["matchExpressions"]
    (rule,) = policy["spec"]["egress"]
    (peer,) = rule["to"]
    address = settings_of(COMPONENT / "otlp.env")[ENDPOINT]

    assert (term["key"], set(term["values"])) == (NAME, TRACING)
    # One namespace and pods of one label, at the port of the address.
    assert peer.keys() == {"namespaceSelector", "podSelector"}
    (namespace,) = peer["namespaceSelector"]["matchLabels"].values()
    (port,) = (each["port"] for each in rule["ports"])
    assert address.endswith(f".{namespace}:{port}")


def test_without_the_line_nothing_is_traced() -> None:
    shipped = [path for path in K8S.glob("*/*.env") if ENDPOINT in path.read_text()]

    assert shipped == []


def test_on_compose_one_variable_reaches_every_process_that_traces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {
        name for name, service in SERVICES.items() if ENDPOINT in service.get("environment", {})
    }

    assert given == {
        "streamlit", "fastapi", "airflow-init", "airflow-api-server", "airflow-scheduler",
        "airflow-dag-processor", "airflow-triggerer",
    }  # fmt: skip
    assert {SERVICES[name]["environment"][ENDPOINT] for name in given} == {f"${{{ENDPOINT}:-}}"}
    # Unset, it is empty, which means no collector.
    monkeypatch.setenv(ENDPOINT, "")
    assert Settings().otlp_endpoint is None
