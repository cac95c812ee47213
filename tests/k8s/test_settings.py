"""Manifests use only settings that exist: a service refuses to start with an unknown one."""

import re
from pathlib import Path

import pytest
import yaml

from readmission.settings import CHECKOUT, PREFIX, Settings
from tests.k8s.cluster import K8S, TREES, build

KNOWN = {PREFIX + name.upper() for name in Settings.model_fields}
FOLLOW = f"{PREFIX}FOLLOW_MANUAL_ALIAS"
NAME = re.compile(rf"\b{PREFIX}[A-Z_]+\b")
FILES = [
    CHECKOUT / "Dockerfile",
    CHECKOUT / "docker-compose.yml",
    CHECKOUT / "docker-compose.override.yml",
    *sorted(K8S.rglob("*.env")),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_uses_settings_that_exist(path: Path) -> None:
    assert set(NAME.findall(path.read_text())) <= KNOWN


@pytest.mark.parametrize("tree", TREES)
def test_an_object_uses_settings_that_exist(tree: str) -> None:
    assert set(NAME.findall(yaml.safe_dump(build(tree).objects))) <= KNOWN


@pytest.mark.parametrize("tree", TREES)
def test_addresses_in_settings_are_those_of_services(tree: str) -> None:
    services = {
        f"{name}:{port['port']}"
        for name, service in build(tree).named("Service").items()
        for port in service["spec"]["ports"]
    }
    configured = {
        address
        for config in build(tree).of("ConfigMap")
        for key, value in config.get("data", {}).items()
        if key.endswith(("_URI", "_URL", "_ADDRESS", "_ENDPOINT", "_S3"))
        for address in re.findall(r"(?:^|//)([a-z][a-z-]*:\d+)", value)
    }

    assert configured
    assert configured <= services


@pytest.mark.parametrize("tree", TREES)
def test_only_in_production_a_move_of_the_alias_by_hand_is_not_followed(tree: str) -> None:
    found = {
        re.sub(r"-[a-z0-9]{10}$", "", config["metadata"]["name"]): config["data"][FOLLOW]
        for config in build(tree).of("ConfigMap")
        if FOLLOW in config.get("data", {})
    }

    expected = {"airflow": "false", "fastapi": "false"} if "production" in tree else {}
    assert found == expected
