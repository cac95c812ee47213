"""The login of the API at MLflow: it reads as viewer, and rolls back as promotion."""

import os
from uuid import uuid4

import pytest
from mlflow import MlflowClient
from pydantic import SecretStr

from api.errors import RegistryRefused
from api.model.registry import RegistryClient
from readmission.domain.production import Pin
from readmission.registry import CHALLENGER, PREVIOUS, PRODUCTION
from readmission.settings import Settings
from tests.conftest import Platform

PIN = Pin("1", "somebody", "too many alarms")


@pytest.fixture
def settings(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of the API as the stack passes them, with a model of two versions."""
    name = f"registry_{uuid4().hex}"
    admin = MlflowClient(platform.mlflow_uri)
    admin.create_registered_model(name)
    for alias in (PREVIOUS, PRODUCTION):
        run = admin.create_run(admin.create_experiment(f"{name}_{alias}"))
        found = admin.create_model_version(name, run.info.artifact_uri, run.info.run_id)
        admin.set_registered_model_alias(name, alias, found.version)
    # Restored afterwards: the client changes them.
    for variable in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.setenv(variable, os.environ[variable])
    return platform.site.settings.model_copy(update={"model_name": name})


def test_a_rollback_logs_in_as_promotion_and_then_as_viewer_again(
    platform: Platform, settings: Settings
) -> None:
    # given
    password = SecretStr(platform.site.credentials.mlflow_promotion)
    client = RegistryClient(settings.model_copy(update={"mlflow_promotion_password": password}))
    assert client.production().version.version == "2"

    # when
    done = client.roll_back(PIN)

    # then
    assert (done.left, done.back) == ("2", "1")
    assert (client.production().version.version, client.earlier(None).version) == ("1", "2")
    assert os.environ["MLFLOW_TRACKING_USERNAME"] == "viewer"


def test_without_the_password_of_promotion_nothing_is_rolled_back(settings: Settings) -> None:
    client = RegistryClient(settings)

    with pytest.raises(RegistryRefused, match="READMISSION_MLFLOW_PROMOTION_PASSWORD"):
        client.roll_back(PIN)

    assert client.production().version.version == "2"


def test_a_wrong_password_is_named_as_the_reason(settings: Settings) -> None:
    wrong = {"mlflow_viewer_password": SecretStr("of yesterday")}

    with pytest.raises(RegistryRefused, match="READMISSION_MLFLOW_VIEWER_PASSWORD"):
        RegistryClient(settings.model_copy(update=wrong)).production()


def test_the_version_in_shadow_is_that_of_the_alias_challenger(
    platform: Platform, settings: Settings
) -> None:
    # Set before the client logs in, because a process has one login.
    admin = MlflowClient(platform.mlflow_uri)
    admin.set_registered_model_alias(settings.model_name, CHALLENGER, "1")
    other = settings.model_copy(update={"model_name": f"registry_{uuid4().hex}"})

    found = RegistryClient(settings).challenger()

    assert found is not None
    assert found.version == "1"
    assert RegistryClient(other).challenger() is None
