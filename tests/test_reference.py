"""The commands in the quick reference's tables for Compose and Kubernetes, from its own text.

Those of one machine run on a stack, in `tests/e2e/test_pipeline_commands.py`.
"""

import re
from pathlib import Path

import pytest

from readmission.settings import CHECKOUT
from tests.k8s.cluster import build
from tests.k8s.test_compose import SERVICES
from tests.k8s.test_scripts import make_cluster
from tests.pages import SPAN, tables
from tests.test_commands import bash

REFERENCE = CHECKOUT / "docs" / "en" / "QUICK_REFERENCE.md"


def commands(beginning: str) -> list[str]:
    """Return the commands in the tables of the quick reference that begin like this."""
    spans = [span.strip("`") for row in tables(REFERENCE) for span in SPAN.findall(row[0])]
    return list(dict.fromkeys(span for span in spans if span.startswith(beginning)))


@pytest.mark.parametrize("command", commands("./deploy.sh"))
def test_deploy_sh_accepts_each_command_of_the_tables(command: str, tmp_path: Path) -> None:
    cluster = make_cluster(tmp_path)

    bash(f"{command.replace('ADDRESS', 'registry.example')} --dry-run", cluster, CHECKOUT)


@pytest.mark.parametrize("command", commands("docker compose "))
def test_compose_has_the_services_that_a_command_names(command: str) -> None:
    profiles = {profile for each in SERVICES.values() for profile in each.get("profiles", [])}
    options = dict(re.findall(r"--(file|profile) (\S+)", command))
    verb, *named = re.sub(r"--(file|profile) \S+|--[a-z]+", "", command).split()[2:]

    assert verb in {"up", "down", "ps", "logs", "run", "config"}
    assert set(named) <= SERVICES.keys()
    assert options.get("profile", "load") in profiles
    assert (CHECKOUT / options.get("file", "docker-compose.yml")).is_file()


@pytest.mark.parametrize("command", [*commands("kubectl "), *commands("minikube service ")])
def test_the_cluster_has_what_a_command_names(command: str) -> None:
    for kind, name in re.findall(r"\b(deployment|service)[ /](?!list\b)([a-z-]+)", command):
        assert name in build("base").named(kind.capitalize())
