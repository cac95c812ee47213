"""The database servers' options and limits: the same on the cluster, Compose and one machine."""

from typing import Any

import pytest

from readmission.stack.services import postgres
from tests.k8s.cluster import DATABASE_SERVERS, build, containers
from tests.k8s.test_compose import RENAMED, SERVICES
from tests.k8s.test_databases import LIMITS, SCRIPT

EACH = pytest.mark.parametrize("name", DATABASE_SERVERS)
ON_COMPOSE = {there: SERVICES[here] for here, there in RENAMED.items()} | SERVICES


def servers() -> dict[str, dict[str, Any]]:
    """Return the container of each database server on the cluster."""
    return {
        workload.name: containers(workload.pod)[0]
        for workload in build("base").workloads()
        if containers(workload.pod)[0]["image"].startswith("postgres:")
    }


def test_these_are_all_servers() -> None:
    assert sorted(servers()) == sorted(DATABASE_SERVERS)


def options(arguments: list[str]) -> dict[str, str]:
    return dict(argument.removeprefix("-c").split("=") for argument in arguments)


@EACH
def test_a_server_has_the_same_options_on_the_cluster_on_compose_and_on_one_machine(
    name: str,
) -> None:
    here = options(servers()[name]["args"])

    assert options(ON_COMPOSE[name]["command"]) == here
    # On one machine the server listens on loopback only, without TLS.
    encrypted = {option for option in here if option.startswith("ssl")} | {"hba_file"}
    one_machine = {option: postgres.CONFIGURATION[option] for option in here.keys() - encrypted}
    assert here == {option: here[option] for option in encrypted} | one_machine | {
        "max_connections": here["max_connections"]
    }


def test_only_airflows_migration_runs_statements_without_a_timeout() -> None:
    variable, value = "PGOPTIONS", "-c statement_timeout=0"
    lifted = {
        workload.name
        for workload in build("base").workloads()
        if {"name": variable, "value": value} in containers(workload.pod)[-1].get("env", [])
    }

    assert lifted == {"airflow-migrate"}
    on_compose = {name: s.get("environment", {}).get(variable) for name, s in SERVICES.items()}
    assert {name: given for name, given in on_compose.items() if given} == {"airflow-init": value}


@EACH
def test_all_roles_of_a_server_fit_into_its_connections(name: str) -> None:
    (made,) = (entry["value"] for entry in servers()[name]["env"] if entry["name"] == "DATABASES")
    roles = [*made.split(), "monitoring", *(["audit_writer"] if "audit" in made else [])]
    given = options(servers()[name]["args"])

    reserved = int(given["reserved_connections"]) + int(given["superuser_reserved_connections"])
    allowed = sum(int(LIMITS[role]) for role in roles)
    assert allowed + reserved <= int(given["max_connections"])


@EACH
def test_a_new_server_runs_the_limits_after_it_has_made_the_roles(name: str) -> None:
    folder = "/docker-entrypoint-initdb.d"
    (script, limits) = sorted((SCRIPT.name, postgres.LIMITS.name))

    assert (script, limits) == ("databases.sh", "limits.sql")
    mounted = {
        target
        for _, target, _ in (
            volume.split(":") for volume in ON_COMPOSE[name]["volumes"] if volume.startswith("./")
        )
    }
    assert mounted == {f"{folder}/{file}" for file in (script, limits, "pg_hba.conf")}
    (pod,) = (w.pod for w in build("base").workloads() if w.name == name)
    (config,) = (v["configMap"]["name"] for v in pod["volumes"] if "configMap" in v)
    held = build("base").named("ConfigMap")[config]["data"]
    assert held[limits] == postgres.LIMITS.read_text()
    assert held["pg_hba.conf"] == SCRIPT.with_name("pg_hba.conf").read_text()
