"""What the services of one stack are told, and what they are not."""

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


def test_the_prediction_log_is_opened_to_those_who_write_to_it_alone(site: Site) -> None:
    environments = {service.name: service.environment for service in all_services(site)}

    # The API writes predictions; the tasks of the scheduler, what became of the patients.
    for writer in ("api", "airflow-scheduler"):
        told = environments.pop(writer)
        assert told[DSN].startswith("postgresql://predictions:")
        assert told[KEY] == site.credentials.prediction_log_key
    for environment in environments.values():
        assert not {DSN, KEY} & environment.keys()
        assert site.credentials.prediction_log_key not in str(environment)
        assert site.credentials.predictions_db not in str(environment)


def test_the_api_understands_what_it_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    [api] = [service for service in all_services(site) if service.name == "api"]
    for name, value in api.environment.items():
        monkeypatch.setenv(name, value)

    settings = Settings.from_environment()

    assert settings.prediction_log_dsn is not None
    assert settings.prediction_log_dsn.get_secret_value() == api.environment[DSN]
    assert settings.prediction_spool_dir == site.paths.home / "prediction-spool"


def test_the_api_has_time_to_finish_and_whoever_stops_the_stack_waits_for_it(site: Site) -> None:
    allowed = {service.name: service.stop_seconds for service in all_services(site)}

    assert allowed["api"] > DRAIN_SECONDS + GRACE_SECONDS + LOG_SECONDS
    assert max(allowed.values()) < STOP_SECONDS


def test_no_service_is_told_a_masked_secret(site: Site) -> None:
    for service in all_services(site):
        assert not [name for name, value in service.environment.items() if "***" in value]


def test_what_waits_for_its_database_lies_in_the_state_folder(site: Site) -> None:
    spool = site.settings.prediction_spool_dir

    assert spool.parent == site.paths.home
    assert site.environment["READMISSION_PREDICTION_SPOOL_DIR"] == str(spool)


def test_an_older_state_folder_is_given_the_secrets_it_lacks(tmp_path: Path) -> None:
    # given
    file = tmp_path / "credentials.json"
    Credentials.make(file)
    kept = json.loads(file.read_text())
    older = {name: value for name, value in kept.items() if "prediction" not in name}
    file.write_text(json.dumps(older))

    # when
    Credentials.make(file)

    # then
    renewed = json.loads(file.read_text())
    assert renewed.keys() == kept.keys()
    assert older.items() <= renewed.items()
    assert renewed["predictions_db"] != kept["predictions_db"]
