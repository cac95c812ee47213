"""Configuration: read from one prefix, refused by name."""

import re
from pathlib import Path

import pytest

from readmission.settings import PREFIX, Settings, SettingsError


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


def test_an_unknown_setting_is_named_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READMISSION_BATCHSIZE", "500")

    with pytest.raises(SettingsError, match=r"unknown settings: READMISSION_BATCHSIZE; known are"):
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


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READMISSION_BATCH_SIZE", "0")
    monkeypatch.setenv("READMISSION_UI_PORT", "web")

    with pytest.raises(SettingsError) as refused:
        Settings.from_environment()

    assert re.findall(r"READMISSION_\w+", str(refused.value)) == [
        "READMISSION_BATCH_SIZE",
        "READMISSION_UI_PORT",
    ]


def test_settings_do_not_change_under_way() -> None:
    settings = Settings()

    with pytest.raises(ValueError, match="frozen"):
        settings.batch_size = 1


def test_every_setting_says_what_it_is_for_and_none_is_a_secret() -> None:
    assert all(field.description for field in Settings.model_fields.values())
    assert not [name for name in Settings.model_fields if re.search("secret|password|token", name)]
