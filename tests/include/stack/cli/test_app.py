"""Commands that start, show, stop and delete a stack, and their error messages."""

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from readmission import __version__
from readmission.settings import PREFIX
from readmission.stack.cli.app import app
from readmission.stack.cli.boot_display import status_table
from readmission.stack.cli.terminal import console
from readmission.stack.stack import ServiceStatus, Stack
from readmission.stack.supervision.processes import MemoryUsage
from tests.conftest import random_settings
from tests.imported import imported_by


@pytest.fixture
def runner(state_folders: Path) -> Iterator[CliRunner]:
    """A command runner whose environment describes a separate stack."""
    settings = random_settings(state_folders / "command-line")
    values = settings.model_dump(mode="json", exclude_unset=True)
    yield CliRunner(env={PREFIX + name.upper(): str(value) for name, value in values.items()})
    Stack(settings).reset()


def unwrapped(text: str) -> str:
    """Return a text without the line breaks of a narrow terminal."""
    return " ".join(text.split())


def test_a_command_starts_without_the_tools_that_only_some_need() -> None:
    heavy = {"boto3", "mlflow", "numpy", "pandas", "pyarrow", "sklearn"}

    assert imported_by("readmission.stack.cli.app", heavy) == set()


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_an_unwritable_disk_is_one_message(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def fail(_path: Path, *_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code), "/the/state")

    monkeypatch.setattr(Path, "mkdir", fail)

    done = runner.invoke(app, ["up", "postgres"])

    assert done.exit_code == 1
    assert f"error: /the/state: {os.strerror(code)}; make room" in unwrapped(done.stderr)


def test_a_stack_is_started_inspected_stopped_and_deleted(runner: CliRunner) -> None:
    # Given no stack
    assert "nothing to delete" in runner.invoke(app, ["reset"]).stdout

    # When it starts
    started = runner.invoke(app, ["up", "postgres"])
    assert started.exit_code == 0, started.output
    assert "postgres: ready after" in started.stdout
    assert ("root runs these services" in unwrapped(started.stderr)) == (os.geteuid() == 0)

    # Then `status` shows it, and exits with 1 because the other services are stopped
    status = runner.invoke(app, ["status"])
    assert status.exit_code == 1
    assert "running" in status.stdout
    services = json.loads(runner.invoke(app, ["status", "--json"]).stdout)
    assert {one["service"]: one["healthy"] for one in services}["postgres"]

    # And `logs` prints its log
    assert runner.invoke(app, ["logs", "postgres"]).exit_code == 0
    assert "there are logs of guardian, postgres" in runner.invoke(app, ["logs", "postgre"]).stderr

    # When it is reset, then only after a confirmation
    refused = runner.invoke(app, ["reset"], input="n\n")
    assert refused.exit_code == 1
    assert runner.invoke(app, ["down"]).exit_code == 0
    assert "deleted" in runner.invoke(app, ["reset", "--yes"]).stdout


def test_status_of_a_stopped_stack_says_how_to_start_it(runner: CliRunner) -> None:
    status = runner.invoke(app, ["status"])

    assert status.exit_code == 1
    assert "readmission up" in status.stderr


@pytest.mark.parametrize("command", ["up", "status", "logs", "down", "reset"])
def test_an_unknown_setting_is_rejected_by_name(command: str) -> None:
    result = CliRunner(env={"READMISSION_BATCHSIZE": "7"}).invoke(app, [command])

    assert result.exit_code == 1
    assert "READMISSION_BATCHSIZE" in result.stderr
    assert "READMISSION_BATCH_SIZE" in result.stderr


def test_the_version_is_printed() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout == f"readmission {__version__}\n"


def test_a_piped_table_neither_wraps_nor_cuts() -> None:
    long = "https://example.org/" + "x" * 300
    memory = MemoryUsage(1 << 20, 1 << 20)

    with console.capture() as printed:
        console.print(status_table([ServiceStatus("api", "running", True, 7, 60, memory, long)]))

    (line,) = (line for line in printed.get().splitlines() if line.startswith("api"))
    assert long in line


@pytest.mark.parametrize("command", ["up", "status", "logs", "down", "reset"])
def test_every_command_has_help(command: str) -> None:
    assert command in CliRunner().invoke(app, ["--help"]).stdout
    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_scoring_without_a_stack_says_how_to_start_one(runner: CliRunner, tmp_path: Path) -> None:
    places = ["--input", str(tmp_path / "in"), "--output", str(tmp_path / "out")]

    done = runner.invoke(app, ["score", *places])

    assert done.exit_code == 1
    assert "the stack is not running; start it with `readmission up`" in unwrapped(done.stderr)
    assert not (tmp_path / "out").exists()


def test_a_shell_completes_commands() -> None:
    def completed(**variables: str) -> str:
        done = CliRunner().invoke(app, [], prog_name="readmission", env=variables)
        assert done.exit_code == 0, done.output
        return done.stdout

    script = completed(_READMISSION_COMPLETE="source_bash")
    words = {"COMP_WORDS": "readmission quarantine w", "COMP_CWORD": "2"}

    assert "_READMISSION_COMPLETE=complete_bash" in script
    assert completed(_READMISSION_COMPLETE="complete_bash", **words).split() == ["waive"]
