"""The network policies allow the connections of the design, on both ends, and no others."""

from collections.abc import Iterator

import pytest

from tests.k8s.cluster import (
    DATABASE_SERVERS,
    NAME,
    Cluster,
    Object,
    build,
    foundation,
    name,
    selects,
)

POSTGRES, S3, STATSD, HTTP, EXPORTER = 5432, 9000, 9125, 8080, 9108

ON_ONE_MACHINE = {
    # the pipeline
    ("airflow-scheduler", "postgres-raw", POSTGRES),
    ("airflow-scheduler", "postgres-clean", POSTGRES),
    ("airflow-scheduler", "mlflow", 5000),
    ("airflow-scheduler", "fastapi", 8000),
    ("airflow-scheduler", "world", 443),
}
BY_TASKS_OF_THEIR_OWN = {("airflow-task", *arrow[1:]) for arrow in ON_ONE_MACHINE} | {
    ("airflow-task", "minio", S3),
    ("airflow-task", "airflow-webserver", HTTP),
    ("airflow-task", "statsd-exporter", STATSD),
    ("airflow-scheduler", "cluster", 443),
    ("airflow-scheduler", "cluster", 6443),
    ("airflow-scheduler", "cluster", 8443),
}
EVERYWHERE = {
    # Airflow
    ("airflow-webserver", "airflow-postgres", POSTGRES),
    ("airflow-webserver", "postgres-clean", POSTGRES),
    ("airflow-scheduler", "airflow-postgres", POSTGRES),
    ("airflow-dag-processor", "airflow-postgres", POSTGRES),
    ("airflow-triggerer", "airflow-postgres", POSTGRES),
    ("airflow-triggerer", "minio", S3),
    ("airflow-triggerer", "world", 443),
    ("airflow-migrate", "airflow-postgres", POSTGRES),
    ("warehouse-migrate", "postgres-raw", POSTGRES),
    ("warehouse-migrate", "postgres-clean", POSTGRES),
    ("airflow-webserver", "minio", S3),
    ("airflow-scheduler", "minio", S3),
    # models and their artifacts
    ("mlflow", "postgres-mlflow", POSTGRES),
    ("mlflow", "minio", S3),
    ("minio-buckets", "minio", S3),
    ("minio-reader", "minio", S3),
    ("fastapi", "minio", S3),
    # prediction
    ("fastapi", "mlflow", 5000),
    ("fastapi", "postgres-clean", POSTGRES),
    ("streamlit", "fastapi", 8000),
    # observability
    ("airflow-webserver", "statsd-exporter", STATSD),
    ("airflow-scheduler", "statsd-exporter", STATSD),
    ("airflow-dag-processor", "statsd-exporter", STATSD),
    ("airflow-triggerer", "statsd-exporter", STATSD),
    ("prometheus", "statsd-exporter", 9102),
    ("prometheus", "pipeline-exporter", EXPORTER),
    ("prometheus", "fastapi", 8000),
    *(("pipeline-exporter", server, POSTGRES) for server in DATABASE_SERVERS),
    ("pipeline-exporter", "mlflow", 5000),
    ("pipeline-exporter", "minio", S3),
    ("grafana", "prometheus", 9090),
    ("prometheus", "alertmanager", 9093),
    ("alertmanager", "world", 443),
    ("alertmanager", "world", 587),
}
PAGES = {
    ("people", "airflow-webserver", HTTP),
    ("people", "minio", 9001),
    ("people", "fastapi", 8000),
    ("people", "streamlit", 8501),
    ("people", "prometheus", 9090),
    ("people", "grafana", 3000),
    ("people", "locust", 8089),
}
LOAD_TEST = {("locust", "fastapi", 8000)}
MLFLOWS_PAGE = {("people", "mlflow", 5000)}
BEHIND_AN_INGRESS = {
    ("ingress", "airflow-webserver", HTTP),
    ("ingress", "fastapi", 8000),
    ("ingress", "streamlit", 8501),
    ("ingress", "grafana", 3000),
}
BACKUPS = {
    *(("backup", server, POSTGRES) for server in DATABASE_SERVERS),
    ("backup", "minio", S3),
}
TASKS_IN_THE_SCHEDULER = {("airflow-scheduler", "airflow-webserver", HTTP)}

ARROWS = {
    "overlays/minikube": EVERYWHERE
    | ON_ONE_MACHINE
    | LOAD_TEST
    | TASKS_IN_THE_SCHEDULER
    | PAGES
    | MLFLOWS_PAGE,
    "overlays/scale-out": EVERYWHERE | LOAD_TEST | BY_TASKS_OF_THEIR_OWN | BACKUPS | PAGES,
    "overlays/production": EVERYWHERE | BY_TASKS_OF_THEIR_OWN | BEHIND_AN_INGRESS | BACKUPS,
}
"""The design: client, server and port of every allowed connection."""

ANYBODY = "0.0.0.0/0"
PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
LINK_LOCAL = "169.254.0.0/16"
"""The range of clouds' metadata services, which hand out a machine's credentials."""
PODS_OF_MINIKUBE = "10.244.0.0/16"
INGRESS = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
NAMES = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
}


def block(cidr: str, *but: str) -> Object:
    """Return a range of addresses in the form that policies use."""
    return {"ipBlock": {"cidr": cidr} | ({"except": list(but)} if but else {})}


OUTSIDE = {
    "people": [block(ANYBODY), block(ANYBODY, PODS_OF_MINIKUBE)],
    "ingress": [INGRESS],
    "world": [block(ANYBODY, *PRIVATE, LINK_LOCAL)],
    "cluster": [block(cidr) for cidr in PRIVATE],
}
"""Peers that are not our pods, in the form that policies use."""
CALLERS = {"people", "ingress"}
DATAGRAMS = {STATSD}

Arrow = tuple[str, str, int]


def arrows(cluster: Cluster, direction: str) -> Iterator[Arrow]:
    """Yield the connections that the policies allow in one direction."""
    way, peers = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    pods = {workload.name: workload.labels for workload in cluster.workloads()}
    for policy in cluster.of("NetworkPolicy"):
        owners = [
            pod for pod, labels in pods.items() if selects(policy["spec"]["podSelector"], labels)
        ]
        assert len(owners) == 1, f"{name(policy)} selects {owners}"
        for rule in policy["spec"].get(way, []):
            assert rule[peers], f"{name(policy)} allows every peer"
            for port in rule["ports"]:
                assert port["protocol"] == ("UDP" if port["port"] in DATAGRAMS else "TCP")
                for peer in rule[peers]:
                    for other in others(peer, pods, direction):
                        pair = (other, owners[0]) if direction == "Ingress" else (owners[0], other)
                        yield (*pair, port["port"])


def others(peer: Object, pods: dict[str, dict[str, str]], direction: str) -> list[str]:
    """Return the pods or outside groups that a peer of a policy matches."""
    for who, peers in OUTSIDE.items():
        if peer in peers and (who in CALLERS) == (direction == "Ingress"):
            return [who]
    assert peer.keys() == {"podSelector"}, f"unknown peer {peer}"
    found = [pod for pod, labels in pods.items() if selects(peer["podSelector"], labels)]
    assert found, f"no pod matches {peer}"
    return found


@pytest.mark.parametrize("tree", ARROWS)
def test_egress_is_what_the_design_allows(tree: str) -> None:
    leaving = set(arrows(build(tree), "Egress"))

    assert leaving == {arrow for arrow in ARROWS[tree] if arrow[0] not in CALLERS}


@pytest.mark.parametrize("tree", ARROWS)
def test_ingress_is_what_the_design_allows(tree: str) -> None:
    arriving = set(arrows(build(tree), "Ingress"))

    assert arriving == {arrow for arrow in ARROWS[tree] if arrow[1] not in OUTSIDE}


@pytest.mark.parametrize("tree", ARROWS)
def test_every_connection_ends_at_a_declared_port(tree: str) -> None:
    listening = {
        (workload.name, port["containerPort"])
        for workload in build(tree).workloads()
        for container in workload.pod["containers"]
        for port in container.get("ports", [])
    }

    ends = {(arrow[1], arrow[2]) for arrow in ARROWS[tree] if arrow[1] not in OUTSIDE}
    assert ends <= listening


@pytest.mark.parametrize("tree", ARROWS)
def test_every_pod_has_a_policy_in_both_directions(tree: str) -> None:
    cluster = build(tree)
    for workload in cluster.workloads():
        shut = {
            way
            for policy in cluster.of("NetworkPolicy")
            if selects(policy["spec"]["podSelector"], workload.labels)
            for way in policy["spec"]["policyTypes"]
        }
        assert shut == {"Ingress", "Egress"}, workload.name


def test_on_minikube_people_have_access_and_pods_of_other_namespaces_do_not() -> None:
    doors = [
        peer
        for policy in build("overlays/minikube").of("NetworkPolicy")
        if name(policy).startswith("people-")
        for rule in policy["spec"]["ingress"]
        for peer in rule["from"]
    ]
    assert doors == [block(ANYBODY, PODS_OF_MINIKUBE)] * len(PAGES | MLFLOWS_PAGE)


def test_everything_else_except_dns_is_denied() -> None:
    policies = foundation().named("NetworkPolicy")

    deny = policies.pop("default-deny")["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (names,) = policies.values()
    (rule,) = names["spec"]["egress"]
    assert rule["to"] == [NAMES]
    assert {port["port"] for port in rule["ports"]} == {53}
    assert names["spec"]["policyTypes"] == ["Egress"]


def test_every_pod_has_the_label_that_policies_select_by() -> None:
    for workload in build("overlays/production").workloads():
        assert workload.labels[NAME] == workload.name
