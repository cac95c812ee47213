"""Values that are easy to change by accident although something else depends on them."""

import re

import pytest

from api.__main__ import GRACE_SECONDS, KEEP_ALIVE_SECONDS
from api.http.draining import DRAIN_SECONDS
from api.main import LOG_SECONDS
from readmission import __version__
from readmission.settings import CHECKOUT
from tests.k8s.cluster import COMPONENTS, TREES, build, secret_keys

AIRFLOW = (
    "airflow-webserver", "airflow-dag-processor", "airflow-scheduler", "airflow-triggerer",
)  # fmt: skip
FOR_PEOPLE = {
    "airflow-webserver", "fastapi", "grafana", "locust", "minio", "mlflow", "prometheus",
    "streamlit",
}  # fmt: skip
"""Services that people open in a browser."""


def test_every_image_of_ours_has_the_version_of_the_code() -> None:
    # given every file that names one, also those that no tree includes
    paths = [*CHECKOUT.glob("docker-compose*.yml"), *(CHECKOUT / "k8s").rglob("*.yaml")]
    tags = {
        tag
        for path in paths
        for tag in re.findall(r"image: readmission-\w+:([\w.-]+)", path.read_text())
    }
    script = (CHECKOUT / "deploy.sh").read_text()

    # then they agree
    assert tags == {__version__}
    assert f"readonly VERSION={__version__}\n" in script


@pytest.mark.parametrize("tree", ["base", *TREES])
def test_the_services_of_airflow_share_their_keys(tree: str) -> None:
    deployments = build(tree).named("Deployment")
    shared = set()
    for service in AIRFLOW:
        (container,) = deployments[service]["spec"]["template"]["spec"]["containers"]
        keys = {
            one["name"]: (reference["name"], reference["key"])
            for one in container["env"]
            if (reference := one.get("valueFrom", {}).get("secretKeyRef"))
        }
        shared.add((keys["AIRFLOW__API_AUTH__JWT_SECRET"], keys["AIRFLOW__CORE__FERNET_KEY"]))
    (of_all,) = shared
    for secret, key in of_all:
        assert key in secret_keys()[secret]


@pytest.mark.parametrize("tree", ["base", *TREES])
def test_a_budget_allows_drains_and_keeps_one_of_several_replicas(tree: str) -> None:
    cluster = build(tree)
    replicas = {
        name: thing["spec"].get("replicas", 1)
        for kind in ("Deployment", "StatefulSet")
        for name, thing in cluster.named(kind).items()
    }
    replicas |= {
        scaler["spec"]["scaleTargetRef"]["name"]: scaler["spec"]["minReplicas"]
        for scaler in cluster.of("HorizontalPodAutoscaler")
    }
    for name, budget in cluster.named("PodDisruptionBudget").items():
        spec = budget["spec"]
        if "minAvailable" in spec:
            assert 0 < spec["minAvailable"] < replicas[name], name
        else:
            assert spec["maxUnavailable"] == 1, name
            assert replicas[name] == 1, name


def test_the_api_scales_before_it_is_full_and_spreads_evenly() -> None:
    cluster = build("base")
    (scaler,) = cluster.of("HorizontalPodAutoscaler")
    (metric,) = scaler["spec"]["metrics"]
    assert metric["resource"]["name"] == "cpu"
    assert 50 <= metric["resource"]["target"]["averageUtilization"] <= 80
    pod = cluster.named("Deployment")["fastapi"]["spec"]["template"]["spec"]
    assert pod["topologySpreadConstraints"][0]["maxSkew"] == 1


def test_a_pod_of_the_api_has_time_to_stop() -> None:
    pod = build("base").named("Deployment")["fastapi"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    withdrawn = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    needed = DRAIN_SECONDS + GRACE_SECONDS + LOG_SECONDS

    assert withdrawn + needed < pod["terminationGracePeriodSeconds"]
    compose = (CHECKOUT / "docker-compose.override.yml").read_text()
    grace_period = re.search(r"  fastapi:\n(?:    .*\n|\n)*?    stop_grace_period: (\d+)s", compose)
    assert grace_period
    assert int(grace_period[1]) > needed
    assert KEEP_ALIVE_SECONDS > 60, "load balancers close idle connections after a minute"


@pytest.mark.parametrize("tree", ["base", *TREES])
def test_only_services_for_people_are_reachable_from_outside(tree: str) -> None:
    outside = {
        name
        for name, service in build(tree).named("Service").items()
        if service["spec"].get("type", "ClusterIP") != "ClusterIP"
    }

    closed = {"overlays/scale-out": {"mlflow"}, "overlays/production": FOR_PEOPLE}
    assert outside == FOR_PEOPLE - closed.get(tree, set())


@pytest.mark.parametrize("tree", ["base", *TREES])
def test_every_component_has_its_own_service_account(tree: str) -> None:
    accounts: dict[str, set[str]] = {}
    for workload in build(tree).workloads():
        accounts.setdefault(workload.pod["serviceAccountName"], set()).add(workload.name)

    assert "default" not in accounts
    shared = {account: names for account, names in accounts.items() if len(names) > 1}
    # The Jobs that set up the store share its account and its keys.
    assert set(shared) <= {"minio"}, shared


def test_config_maps_fit_into_the_annotation_of_a_client_side_apply() -> None:
    limit = 262_144  # the largest annotation; a client-side apply copies the object into one
    for component in COMPONENTS:
        for config in build(component).of("ConfigMap"):
            size = sum(len(text) for text in config["data"].values())
            assert size < limit, f"{component}: {size:,} bytes"


def test_images_are_labelled_and_contain_compiled_code() -> None:
    recipe = (CHECKOUT / "Dockerfile").read_text()
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in recipe
    assert "compileall" in recipe or "UV_COMPILE_BYTECODE=1" in recipe
    assert recipe.count("--mount=type=secret,id=ca") == 5, "one for each lock"
    assert "/run/secrets/ca" in (CHECKOUT / "docker/install-lock.sh").read_text()


def test_minikube_starts_with_a_network_that_enforces_policies() -> None:
    assert "--cni calico" in (CHECKOUT / "deploy.sh").read_text()
