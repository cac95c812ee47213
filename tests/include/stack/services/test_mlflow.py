"""The MLflow server: artifacts go through it into the object store, and its passwords to few."""

import json
import stat

import mlflow
import pytest

from readmission.stack.services import object_store
from readmission.stack.services.catalogue import all_services
from readmission.stack.site.site import Site
from tests.conftest import Platform

ROLES = ("viewer", "training", "promotion", "admin")


def test_mlflow_stores_artifacts_in_its_bucket(
    platform: Platform, running_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a client without access to the object store
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    client = mlflow.MlflowClient(platform.mlflow_uri)
    experiment = client.create_experiment("artifacts")

    # When it logs a text
    run = client.create_run(experiment)
    client.log_text(run.info.run_id, "hello", "greeting.txt")

    # Then the text is in the bucket
    scheme, _, folder = run.info.artifact_uri.partition(":/")
    body = object_store.client(running_site).get_object(
        Bucket="mlflow", Key=f"{folder}/greeting.txt"
    )["Body"]
    assert body.read() == b"hello"
    assert scheme == "mlflow-artifacts"


def test_each_service_gets_only_the_logins_it_needs(running_site: Site) -> None:
    passwords = {role: getattr(running_site.credentials, f"mlflow_{role}") for role in ROLES}

    found = {
        service.name: {
            role for role, password in passwords.items() if password in service.environment.values()
        }
        for service in all_services(running_site)
    }

    assert {name: roles for name, roles in found.items() if roles} == {
        "mlflow": set(ROLES),
        "api": {"viewer", "promotion"},
        "exporter": {"viewer"},
        "airflow-scheduler": {"viewer", "training", "promotion"},
    }


def test_people_find_their_passwords_in_a_private_file(running_site: Site) -> None:
    path = running_site.paths.mlflow_passwords

    assert json.loads(path.read_text())["viewer"] == running_site.credentials.mlflow_viewer
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
