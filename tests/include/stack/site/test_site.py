"""The settings and secrets that each service of a stack receives."""

import json
from pathlib import Path

import pytest

from api.__main__ import GRACE_SECONDS
from api.http.draining import DRAIN_SECONDS
from api.main import LOG_SECONDS
from readmission.settings import Settings
from readmission.stack.services.catalogue import all_services
from readmission.stack.site.credentials import Credentials
from readmission.stack.site.site import Site
from readmission.stack.stack import STOP_SECONDS

DSN = "READMISSION_PREDICTION_LOG_DSN"
KEY = "READMISSION_PREDICTION_LOG_KEY"


def test_only_its_writers_can_access_the_prediction_log(site: Site) -> None:
    environments = {service.name: service.environment for service in all_services(site)}

    # The API writes predictions; the scheduler's tasks write outcomes.
    for writer in ("api", "airflow-scheduler"):
        given = environments.pop(writer)
        assert given[DSN].startswith("postgresql://predictions:")
        assert given[KEY] == site.credentials.prediction_log_key
    for environment in environments.values():
        assert not {DSN, KEY} & environment.keys()
        assert site.credentials.prediction_log_key not in str(environment)
        assert site.credentials.predictions_db not in str(environment)


def test_the_api_can_read_the_settings_it_receives(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    [api] = [service for service in all_services(site) if service.name == "api"]
    for name, value in api.environment.items():
        monkeypatch.setenv(name, value)

    settings = Settings.from_environment()

    assert settings.prediction_log_dsn is not None
    assert settings.prediction_log_dsn.get_secret_value() == api.environment[DSN]
    assert settings.prediction_spool_dir == site.paths.home / "prediction-spool"


def test_the_api_has_time_to_drain_before_the_stack_kills_it(site: Site) -> None:
    allowed = {service.name: service.stop_seconds for service in all_services(site)}

    assert allowed["api"] > DRAIN_SECONDS + GRACE_SECONDS + LOG_SECONDS
    assert max(allowed.values()) < STOP_SECONDS


def test_no_service_receives_a_masked_secret(site: Site) -> None:
    for service in all_services(site):
        assert not [name for name, value in service.environment.items() if "***" in value]


def test_the_prediction_spool_is_in_the_state_folder(site: Site) -> None:
    spool = site.settings.prediction_spool_dir

    assert spool.parent == site.paths.home
    assert site.environment["READMISSION_PREDICTION_SPOOL_DIR"] == str(spool)


def test_an_older_state_folder_gets_the_secrets_it_lacks(tmp_path: Path) -> None:
    # given
    file = tmp_path / "credentials.json"
    Credentials.ensure(file)
    kept = json.loads(file.read_text())
    older = {name: value for name, value in kept.items() if "prediction" not in name}
    file.write_text(json.dumps(older))

    # when
    Credentials.ensure(file)

    # then
    renewed = json.loads(file.read_text())
    assert renewed.keys() == kept.keys()
    assert older.items() <= renewed.items()
    assert renewed["predictions_db"] != kept["predictions_db"]
