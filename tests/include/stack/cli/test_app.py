"""The command line says what happened and what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from readmission.settings import PREFIX
from readmission.stack.cli.app import app
from readmission.stack.stack import Stack
from tests.conftest import random_settings


@pytest.fixture
def runner(state_folders: Path) -> Iterator[CliRunner]:
    """A runner whose environment describes a small stack of its own."""
    settings = random_settings(state_folders / "command-line")
    values = settings.model_dump(mode="json", exclude_unset=True)
    yield CliRunner(env={PREFIX + name.upper(): str(value) for name, value in values.items()})
    Stack(settings).reset()


def test_the_life_of_a_stack(runner: CliRunner) -> None:
    # Given nothing
    assert "nothing to delete" in runner.invoke(app, ["reset"]).stdout

    # When it starts
    started = runner.invoke(app, ["up", "postgres"])
    assert started.exit_code == 0, started.output
    assert "postgres: ready after" in started.stdout

    # Then its state can be seen; the rest is down, so not all is well
    status = runner.invoke(app, ["status"])
    assert status.exit_code == 1
    assert "running" in status.stdout

    # And its log
    assert runner.invoke(app, ["logs", "postgres"]).exit_code == 0
    assert "there are postgres" in runner.invoke(app, ["logs", "postgre"]).stderr

    # When it is reset, then only after a question
    refused = runner.invoke(app, ["reset"], input="n\n")
    assert refused.exit_code == 1
    assert runner.invoke(app, ["down"]).exit_code == 0
    assert "is gone" in runner.invoke(app, ["reset", "--yes"]).stdout


def test_a_stack_that_is_down_says_how_to_start_it(runner: CliRunner) -> None:
    status = runner.invoke(app, ["status"])

    assert status.exit_code == 1
    assert "readmission up" in status.stderr


@pytest.mark.parametrize("command", ["up", "status", "logs", "down", "reset"])
def test_an_unknown_setting_is_refused_by_name(command: str) -> None:
    result = CliRunner(env={"READMISSION_BATCHSIZE": "7"}).invoke(app, [command])

    assert result.exit_code == 1
    assert "READMISSION_BATCHSIZE" in result.stderr
    assert "READMISSION_BATCH_SIZE" in result.stderr


@pytest.mark.parametrize("command", ["up", "status", "logs", "down", "reset"])
def test_every_command_has_help(command: str) -> None:
    assert command in CliRunner().invoke(app, ["--help"]).stdout
    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0
