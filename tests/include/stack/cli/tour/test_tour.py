"""The parts of the tour: what it delivers, says and leaves behind."""

import io
import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pandas as pd
import psutil
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from readmission.domain import schema
from readmission.pipeline import source
from readmission.quality.catalogue import Stage
from readmission.settings import CHECKOUT, Settings
from readmission.stack.cli.app import app
from readmission.stack.cli.batch_progress import BatchProgress, StageProgress, StageStatus
from readmission.stack.cli.tour import alerts
from readmission.stack.cli.tour.chapters import FEW_WRONG, GOOD, MANY_WRONG, NIGHTLY, require
from readmission.stack.cli.tour.delivery import WRONG_AGE, Hospital
from readmission.stack.cli.tour.disposable import (
    FOLDER,
    IN_USE,
    abandoned,
    disposable_stack,
)
from readmission.stack.cli.tour.narration import Narrator
from readmission.stack.errors import StackError
from readmission.stack.site.site import PORT_SETTINGS, STATE_FOLDERS, Site
from readmission.stack.stack import Stack

PATIENCE = 60


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the tour makes its own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_the_bad_delivery_is_above_the_limit_and_the_corrected_one_below(tmp_path: Path) -> None:
    # given what the hospital of the tour sends
    hospital = Hospital(file := tmp_path / "encounters.csv")
    hospital.send(GOOD)
    hospital.send(NIGHTLY, MANY_WRONG)
    hospital.send_again(NIGHTLY, FEW_WRONG)

    # when it is read as a dataset
    rows = source.read(file).encounters.to_pandas()

    # then only the intended rows are wrong, and the third delivery repeats the second
    wrong = (rows["age"] == WRONG_AGE).tolist()
    first, second, third = (wrong[:GOOD], wrong[GOOD : GOOD + NIGHTLY], wrong[GOOD + NIGHTLY :])
    assert (sum(first), sum(second), sum(third)) == (0, MANY_WRONG, FEW_WRONG)
    limit = Settings().quarantine_limit
    assert FEW_WRONG / NIGHTLY < limit < MANY_WRONG / NIGHTLY
    keys = rows[schema.ENCOUNTER]
    pd.testing.assert_series_equal(
        keys[GOOD : GOOD + NIGHTLY].reset_index(drop=True),
        keys[GOOD + NIGHTLY :].reset_index(drop=True),
    )


def test_the_tour_ignores_the_callers_stack(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a shell that is set up for a stack
    monkeypatch.setenv("READMISSION_STATE_DIR", str(temporary / "precious"))
    monkeypatch.setenv("READMISSION_DOCS_DIR", str(temporary / "reports"))
    monkeypatch.setenv("READMISSION_API_PORT", "8000")

    # when the tour has a stack
    with disposable_stack(Settings.from_environment()) as stack:
        home = stack.paths.home
        stack.paths.create()
        Site.prepare(stack.settings, stack.paths)
        site = Site.open(stack.settings, stack.paths)

        # then all folders are its own, and all ports are free ones
        assert home.is_relative_to(temporary)
        for folder in STATE_FOLDERS:
            assert getattr(site.settings, folder).is_relative_to(home)
        assert site.settings.dataset == home.parent / "encounters.csv"
        ports = {getattr(stack.settings, name) for name in PORT_SETTINGS}
        assert len(ports) == len(PORT_SETTINGS)
        assert 8000 not in ports
        # and services do not inherit the variables of the other one
        assert not [name for name in os.environ if name.startswith("READMISSION_")]
    assert list(temporary.iterdir()) == []


def test_an_error_leaves_nothing_behind(temporary: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def fail() -> None:
        with disposable_stack(Settings()) as stack:
            stack.paths.create()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert list(temporary.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is before


INTERRUPTED = """
import sys, time
from readmission.settings import Settings
from readmission.stack.cli.tour.disposable import disposable_stack
with disposable_stack(Settings()) as stack:
    stack.paths.create()
    print("ready", flush=True)
    time.sleep(600)
"""

WITH_SERVICE = """
import os, subprocess, sys, time
from readmission.settings import Settings
from readmission.stack.cli.tour.disposable import disposable_stack
with disposable_stack(Settings()) as stack:
    stack.paths.create()
    service = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], stdout=subprocess.DEVNULL,
        env=os.environ | {"STACK_STATE_DIR": str(stack.paths.home)}, start_new_session=True,
    )
    (stack.paths.home.parent / "pid").write_text(str(service.pid))
    print("ready", flush=True)
    time.sleep(600)
"""


def running_tour(temporary: Path, script: str) -> subprocess.Popen[bytes]:
    """Return the process of a tour whose stack exists."""
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        cwd=CHECKOUT, env=os.environ | {"TMPDIR": str(temporary)},
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    assert list(temporary.iterdir())
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    # given a tour that runs
    process = running_tour(tmp_path, INTERRUPTED)
    # when it is interrupted
    process.send_signal(number)
    process.wait(PATIENCE)
    # then its folder is gone
    assert list(tmp_path.iterdir()) == []


def test_the_next_tour_deletes_what_a_killed_one_has_left(temporary: Path) -> None:
    # given a tour that runs, and one that was killed while a service of its stack ran
    process = running_tour(temporary, INTERRUPTED)
    other = running_tour(temporary, WITH_SERVICE)
    assert abandoned() == []
    other.kill()
    other.wait(PATIENCE)
    (left,) = abandoned()
    service = psutil.Process(int((left / "pid").read_text()))

    # when somebody looks at the status, then it names the folder
    environment = {"READMISSION_STATE_DIR": str(temporary / "none")}
    assert str(left) in CliRunner().invoke(app, ["status"], env=environment).output

    # when another tour begins, then that stack is gone, with its service, and only that one
    told: list[Path] = []
    with disposable_stack(Settings(), told.append):
        assert told == [left]
        assert not left.exists()
        assert not service.is_running()
        assert abandoned() == []
    process.terminate()
    process.wait(PATIENCE)
    assert list(temporary.iterdir()) == []


def test_a_tour_is_not_taken_for_a_killed_one_while_it_deletes_its_stack(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Path] = []
    reset = Stack.reset

    def watched(stack: Stack) -> None:
        found.extend(abandoned())
        reset(stack)

    monkeypatch.setattr(Stack, "reset", watched)
    with disposable_stack(Settings()) as stack:
        stack.paths.create()

    assert found == []
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_folder_of_another_user_is_left_alone(temporary: Path) -> None:
    (planted := temporary / f"{FOLDER}planted").mkdir()
    (planted / IN_USE).touch()
    assert abandoned() == [planted]

    os.chown(planted, pwd.getpwnam("nobody").pw_uid, -1)

    assert abandoned() == []


def test_the_story_pauses_between_chapters_and_prints_brackets_as_they_are() -> None:
    # given
    pauses: list[float] = []
    console = Console(file=(shown := io.StringIO()), width=100)
    narrator = Narrator(console, lambda: pauses.append(time.monotonic()))
    # when
    narrator.chapter("First")
    narrator.say(f"The age is {WRONG_AGE}.")
    narrator.command(f"quarantine fix batch-0003 1 --set 'age={WRONG_AGE}'")
    narrator.link("report", Path("/srv/a b/index.html"))
    assert pauses == []
    narrator.chapter("Second")
    # then
    assert len(pauses) == 1
    text = shown.getvalue()
    assert "1. First" in text
    assert text.count(WRONG_AGE) == 2
    assert "file:///srv/a%20b/index.html" in text


def batch_at(status: StageStatus) -> BatchProgress:
    found = {stage: StageProgress(StageStatus.DONE) for stage in Stage}
    return BatchProgress("batch-0002", found | {Stage.RAW: StageProgress(status, why="60 rows")})


def test_the_tour_ends_if_a_batch_does_not_end_where_it_should() -> None:
    require(batch_at(StageStatus.DONE), arrives=True)
    require(batch_at(StageStatus.STOPPED), arrives=False)
    with pytest.raises(StackError, match=r"batch-0002 was stopped at .*: 60 rows"):
        require(batch_at(StageStatus.STOPPED), arrives=True)
    with pytest.raises(StackError, match="batch-0002 was not stopped"):
        require(batch_at(StageStatus.DONE), arrives=False)


def test_the_alert_of_the_tour_is_the_deployments_and_has_its_runbook(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert alerts.rule("GateFailed")["for"] == "1m"
    assert "the gate `raw`" in alerts.description("GateFailed", gate="raw")
    monkeypatch.setattr("readmission.stack.services.observability.prometheus.program", lambda: None)

    assert "not installed" in alerts.state(site, "GateFailed")
    file, _, heading = alerts.runbook(site, "GateFailed").partition("#")
    text = Path(file.removeprefix("file://")).read_text()
    assert heading in {line.removeprefix("## ").lower() for line in text.splitlines()}


def test_a_prometheus_that_does_not_respond_is_no_error(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "readmission.stack.services.observability.prometheus.program", lambda: "/bin/prometheus"
    )

    assert "does not respond (ConnectError)" in alerts.state(site, "GateFailed")
    address = f"http://127.0.0.1:{site.settings.prometheus_port}/consoles/runbooks.html#gatefailed"
    assert alerts.runbook(site, "GateFailed") == address


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, typer.Abort])
def test_an_interrupted_tour_says_what_it_has_deleted(
    interruption: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a reader who presses Ctrl-C, possibly while a prompt waits for Enter
    def interrupted(*_given: object) -> NoReturn:
        raise interruption

    monkeypatch.setattr("readmission.stack.cli.tour.disposable.disposable_stack", interrupted)

    # when
    ended = CliRunner().invoke(app, ["tour", "--pause"])

    # then
    assert ended.exit_code == 130
    assert "its stack and its data are deleted" in ended.output
