"""Settings: read from variables with one prefix; errors name the variable."""

import re
import warnings
from pathlib import Path

import pytest

from readmission.settings import PREFIX, Settings, SettingsError
from readmission.settings.renamed import RENAMED
from readmission.stack.site.site import with_local_addresses


@pytest.mark.parametrize("given", ["s3://encounters/ward", str(Path("ward").resolve())])
def test_a_dataset_is_a_path_or_an_address(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("READMISSION_DATASET", given)

    found = with_local_addresses(Settings.from_environment()).dataset

    assert found == (given if given.startswith("s3") else Path(given))


def test_every_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setenv("READMISSION_BATCH_SIZE", "500")
    monkeypatch.setenv("READMISSION_DATASET", "/somewhere/encounters.zip")
    monkeypatch.setenv("READMISSION_OFFLINE", "true")

    # when
    settings = Settings.from_environment()

    # then
    assert settings.batch_size == 500
    assert settings.dataset == Path("/somewhere/encounters.zip")
    assert settings.offline is True
    assert settings.model_name == "diabetes_readmission"


def test_an_unknown_setting_is_named_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READMISSION_BATCHSIZE", "500")

    with pytest.raises(SettingsError, match=r"BATCHSIZE \(did you mean READMISSION_BATCH_SIZE, "):
        Settings.from_environment()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BATCH_SIZE", "0"),
        ("BATCH_SIZE", "many"),
        ("QUARANTINE_LIMIT", "1.5"),
        ("LOG_LOSS_TOLERANCE", "-0.1"),
        ("S3_PORT", "70000"),
        ("OFFLINE", "perhaps"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(PREFIX + name, value)

    with pytest.raises(SettingsError, match=rf"^{PREFIX}{name}: "):
        Settings.from_environment()


@pytest.mark.parametrize(
    ("given", "lacking"),
    [
        ({}, "READMISSION_DASK_ADDRESS"),
        ({"DASK_ADDRESS": "tls://dask:8786"}, "READMISSION_DASK_TLS_DIR"),
        ({"DASK_ADDRESS": "tcp://dask:8786"}, "tls://"),
        (
            {"DASK_ADDRESS": "tcp://127.0.0.1:8786", "TRAIN_WITH_HISTORY": "true"},
            "READMISSION_TRAIN_WITH_HISTORY",
        ),
    ],
)
def test_training_on_dask_needs_a_scheduler_that_is_encrypted_or_local(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], lacking: str
) -> None:
    for name, value in ({"TRAINING_ENGINE": "dask"} | given).items():
        monkeypatch.setenv(PREFIX + name, value)

    with pytest.raises(SettingsError, match=lacking):
        Settings.from_environment()


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READMISSION_BATCH_SIZE", "0")
    monkeypatch.setenv("READMISSION_UI_PORT", "web")

    with pytest.raises(SettingsError) as refused:
        Settings.from_environment()

    assert re.findall(r"READMISSION_\w+", str(refused.value)) == [
        "READMISSION_BATCH_SIZE",
        "READMISSION_UI_PORT",
    ]


def test_settings_cannot_be_changed() -> None:
    settings = Settings()

    with pytest.raises(ValueError, match="frozen"):
        settings.batch_size = 1


def test_every_setting_has_a_description() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_secrets_have_no_default_and_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    secret = "a-secret-of-at-least-thirty-two-characters"  # noqa: S105
    names = [n for n, field in Settings.model_fields.items() if "SecretStr" in repr(field)]
    assert {"prediction_log_dsn", "prediction_log_key"} <= set(names)
    assert [Settings.model_fields[name].default for name in names] == [None] * len(names)

    # when
    for name in names:
        monkeypatch.setenv(PREFIX + name.upper(), secret)
    settings = Settings.from_environment()

    # then
    assert all(getattr(settings, name).get_secret_value() == secret for name in names)
    assert secret not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_the_error_about_a_short_secret_does_not_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READMISSION_PREDICTION_LOG_KEY", "hunter2")

    with pytest.raises(SettingsError, match=r"^READMISSION_PREDICTION_LOG_KEY: ") as refused:
        Settings.from_environment()

    assert "hunter2" not in str(refused.value)


def test_an_empty_value_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    # Compose passes unset variables as empty values
    monkeypatch.setenv("READMISSION_DATASET", "")
    monkeypatch.setenv("READMISSION_BATCH_SIZE", "")

    settings = Settings.from_environment()
    assert (settings.dataset, settings.batch_size) == (None, 15_000)


def test_an_old_name_works_and_the_warning_gives_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = "postgresql+psycopg://mlflow:a-secret@postgres-mlflow:5432/mlflow"
    monkeypatch.setenv("MLFLOW_BACKEND_STORE_URI", address)
    monkeypatch.setenv("MLFLOW_ARTIFACTS_DESTINATION", "s3://elsewhere")

    with pytest.warns(FutureWarning, match="is now called READMISSION_MLFLOW_") as warned:
        settings = Settings.from_environment()

    assert settings.mlflow_dsn
    assert settings.mlflow_dsn.get_secret_value() == address.replace("+psycopg", "")
    assert settings.mlflow_artifacts == "s3://elsewhere"
    assert "a-secret" not in "".join(str(found.message) for found in warned)


def test_a_new_name_wins_over_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ARTIFACTS_DESTINATION", "s3://old")
    monkeypatch.setenv("READMISSION_MLFLOW_ARTIFACTS", "s3://new")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Settings.from_environment().mlflow_artifacts == "s3://new"


def test_an_old_name_with_our_prefix_is_not_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READMISSION_MONITORING_ACCESS_KEY", "a-key")

    with pytest.warns(FutureWarning, match="READMISSION_EXPORTER_ACCESS_KEY"):
        found = Settings.from_environment().exporter_access_key
    assert found
    assert found.get_secret_value() == "a-key"


def test_every_renamed_variable_is_read_by_a_setting() -> None:
    assert set(RENAMED.values()) <= set(Settings.model_fields)
