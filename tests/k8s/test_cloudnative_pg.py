"""CloudNativePG's servers take the place of the plain ones: same names, roles, limits, options."""

import re

import pytest

from readmission.stack.services import postgres
from tests.k8s.cluster import (
    DATABASE_SERVERS,
    Cluster,
    Object,
    build,
    containers,
    production_with,
    secret_keys,
    selects,
)
from tests.k8s.test_database_servers import options, servers
from tests.k8s.test_databases import LIMITS
from tests.k8s.test_hardening import quantity
from tests.k8s.test_managed_stores import CLIENTS
from tests.k8s.test_network import ARROWS, POSTGRES

EACH = pytest.mark.parametrize("name", DATABASE_SERVERS)
OF_THE_OPERATOR = {"hba_file", "ssl", "ssl_cert_file", "ssl_key_file"}
"""Options that the operator sets itself."""
DATABASE = {"audit_writer": "audit"}
"""The database of a role that has none of its own name."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """Production with the one line."""
    return production_with("cloudnative-pg", tmp_path_factory.mktemp("hospital"))


def spec(cluster: Cluster, name: str) -> Object:
    found: Object = cluster.named("Cluster")[name]["spec"]
    return found


def roles(name: str) -> set[str]:
    """Return the roles of a plain server."""
    variables = {entry["name"]: entry.get("value") for entry in servers()[name]["env"]}
    extra = {"audit_writer"} if "AUDIT_WRITER_DB_PASSWORD" in variables else set()
    return {*variables["DATABASES"].split(), "monitoring"} | extra


def made_by(script: str, owner: str) -> set[str]:
    """Return the roles that roles.sql creates on the server of an owner."""
    (listed,) = re.findall(r"FOREACH role IN ARRAY\s+(.*?)\s+LOOP", script, re.DOTALL)
    always, _, cases = listed.partition("||")
    found = dict(re.findall(r"WHEN '(\w+)' THEN ARRAY \[(.*?)\]", cases))
    return set(re.findall(r"'(\w+)'", always + found.get(owner, "")))


def test_the_plain_servers_are_gone_and_no_client_changes(cluster: Cluster) -> None:
    plain = build("overlays/production")

    assert set(cluster.named("Cluster")) == set(DATABASE_SERVERS)
    for kind in ("StatefulSet", "Service", "ServiceAccount", "PodDisruptionBudget"):
        assert not set(cluster.named(kind)) & set(DATABASE_SERVERS), kind
    pods = {w.name: w.pod for w in plain.workloads() if w.name not in DATABASE_SERVERS}
    assert {w.name: w.pod for w in cluster.workloads()} == pods


@EACH
def test_a_server_has_three_instances_under_its_old_name(cluster: Cluster, name: str) -> None:
    server = spec(cluster, name)
    (service,) = server["managed"]["services"]["additional"]

    assert server["instances"] == 3
    assert server["affinity"]["podAntiAffinityType"] == "required"
    assert server["postgresql"]["synchronous"]["number"] == 1
    assert service["serviceTemplate"]["metadata"]["name"] == name
    assert service["selectorType"] == "rw"
    assert server["priorityClassName"] in cluster.named("PriorityClass")
    version = servers()[name]["image"].partition("@")[0].rpartition(":")[2]
    assert f":{version}-" in server["imageName"]


@EACH
def test_a_server_has_the_options_of_the_plain_one(cluster: Cluster, name: str) -> None:
    here = dict(options(servers()[name]["args"]))

    there = spec(cluster, name)["postgresql"]["parameters"]
    assert there == {o: here[o] for o in here.keys() - OF_THE_OPERATOR} | {"archive_timeout": "300"}


@EACH
def test_a_role_has_its_password_its_limit_and_its_database_only(
    cluster: Cluster, name: str
) -> None:
    server, secrets = spec(cluster, name), cluster.named("ExternalSecret")
    made = {role["name"]: role for role in server["managed"]["roles"]}

    assert made.keys() == roles(name)
    for role, given in made.items():
        assert given["login"] is True
        assert given["connectionLimit"] == int(LIMITS[role])
        secret = secrets[given["passwordSecret"]["name"]]["spec"]
        assert secret["target"]["template"]["data"] == {
            "username": role,
            "password": f"{{{{ .{role.upper()}_DB_PASSWORD }}}}",
        }
        (entry,) = secret["dataFrom"]
        kept = secret_keys()[entry["extract"]["key"].removeprefix("readmission/")]
        assert f"{role.upper()}_DB_PASSWORD" in kept
    assert made["monitoring"]["inRoles"] == ["pg_use_reserved_connections"]
    own = {f"hostssl {DATABASE.get(r, r)} {r} all scram-sha-256" for r in roles(name)}
    own -= {"hostssl monitoring monitoring all scram-sha-256"}
    *allowed, last = server["postgresql"]["pg_hba"]
    assert set(allowed) == own | {"hostssl all monitoring all scram-sha-256"}
    assert last == "host all all all reject"


@EACH
def test_a_server_makes_its_databases_and_the_limits_of_its_roles(
    cluster: Cluster, name: str
) -> None:
    initdb = spec(cluster, name)["bootstrap"]["initdb"]
    others = {
        database["spec"]["name"]
        for database in cluster.of("Database")
        if database["spec"]["cluster"]["name"] == name
    }

    assert {initdb["database"], *others} == roles(name) - {"monitoring", "audit_writer"}
    assert initdb["owner"] == initdb["database"]
    for database in cluster.of("Database"):
        assert database["spec"]["owner"] == database["spec"]["name"]
        assert database["spec"]["databaseReclaimPolicy"] == "retain"
    configs = cluster.named("ConfigMap")
    first, last = initdb["postInitSQLRefs"]["configMapRefs"]
    assert (first["key"], last["key"]) == ("roles.sql", "limits.sql")
    assert configs[last["name"]]["data"]["limits.sql"] == postgres.LIMITS.read_text()
    made = made_by(configs[first["name"]]["data"]["roles.sql"], initdb["owner"])
    assert {initdb["owner"], *made} == roles(name)


@EACH
def test_changes_and_a_nightly_copy_go_to_the_archive(cluster: Cluster, name: str) -> None:
    (plugin,) = spec(cluster, name)["plugins"]
    store = cluster.named("ObjectStore")[plugin["parameters"]["barmanObjectName"]]["spec"]
    (nightly,) = (
        each for each in cluster.of("ScheduledBackup") if each["spec"]["cluster"]["name"] == name
    )

    assert plugin["isWALArchiver"] is True
    assert nightly["spec"]["method"] == "plugin"
    assert nightly["spec"]["pluginConfiguration"]["name"] == plugin["name"]
    keys = store["configuration"]["s3Credentials"].values()
    assert {key["name"] for key in keys} <= set(cluster.named("ExternalSecret"))
    assert store["configuration"]["destinationPath"].startswith("s3://")


@EACH
def test_a_server_proves_its_name_with_the_certificate_of_the_plain_one(
    cluster: Cluster, name: str
) -> None:
    certificates = spec(cluster, name)["certificates"]

    assert certificates == {"serverTLSSecret": f"{name}-tls", "serverCASecret": "postgres-ca"}
    assert set(certificates.values()) <= set(secret_keys())


@EACH
def test_the_same_clients_reach_a_server(cluster: Cluster, name: str) -> None:
    labels = {"cnpg.io/cluster": name}
    (policy,) = (
        each
        for each in cluster.of("NetworkPolicy")
        if each["spec"]["podSelector"].get("matchLabels") == labels
    )
    pods = {w.name: w.labels for w in cluster.workloads()}
    reaching = {
        pod
        for peer in policy["spec"]["ingress"][0]["from"]
        for pod, its in pods.items()
        if selects(peer["podSelector"], its)
    }
    wanted = {a for a, b, port in ARROWS["overlays/production"] if (b, port) == (name, POSTGRES)}

    assert reaching == wanted
    out = cluster.named("NetworkPolicy")["database-clients"]["spec"]
    (term,) = out["podSelector"]["matchExpressions"]
    assert wanted <= set(term["values"]) == CLIENTS


def test_the_quota_has_room_for_every_instance(cluster: Cluster) -> None:
    (quota,) = (each["spec"]["hard"] for each in cluster.of("ResourceQuota"))
    (before,) = (each["spec"]["hard"] for each in build("overlays/production").of("ResourceQuota"))
    added = claims = 0
    for server in cluster.of("Cluster"):
        count = server["spec"]["instances"] + 1  # One is replaced.
        added += count * quantity(server["spec"]["resources"]["limits"]["memory"])
        claims += count * quantity(server["spec"]["storage"]["size"])
    gone = [w for w in build("overlays/production").workloads() if w.name in DATABASE_SERVERS]
    removed = sum(
        quantity(one["resources"]["limits"]["memory"]) for w in gone for one in containers(w.pod)
    )

    assert quantity(quota["limits.memory"]) - quantity(before["limits.memory"]) >= added - removed
    assert claims <= quantity(quota["requests.storage"])
    assert int(quota["persistentvolumeclaims"]) >= 16 + int(before["persistentvolumeclaims"])
