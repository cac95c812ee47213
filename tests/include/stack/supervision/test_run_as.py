"""Root starts the stack, and another user runs it."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from readmission.settings import CHECKOUT, PREFIX, Settings
from readmission.stack.errors import StackError
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.stack.supervision.run_as import drop_root
from readmission.stack.supervision.unprivileged import open_to_all
from tests.conftest import random_settings

USER = "nobody"
Command = Callable[..., subprocess.CompletedProcess[str]]
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can drop root's rights")


@pytest.fixture
def interpreter(state_folders: Path) -> Path:
    """A Python with the installed packages that any user may run."""
    base = Path(sys.executable).resolve()
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not open_to_all(base.parent):
        base = Path("/usr/bin", name)
    packages = Path(sysconfig.get_path("purelib"))
    if not (base.exists() and open_to_all(packages) and open_to_all(CHECKOUT)):
        pytest.skip(f"no {name}, package or checkout that the user {USER} may read")
    folder = state_folders / "open-python"
    subprocess.run([base, "-m", "venv", "--without-pip", folder], check=True)
    (folder / "lib" / name / "site-packages" / "all.pth").write_text(
        f"{CHECKOUT / 'include'}\n{packages}\n"
    )
    return folder / "bin" / "python"


@pytest.fixture
def stack(state_folders: Path) -> Iterator[Stack]:
    stack = Stack(random_settings(state_folders / "dropped"))
    yield stack
    stack.reset()


@pytest.fixture
def command(interpreter: Path, stack: Stack) -> Command:
    """Runs `readmission` on the stack, as root, with a user to run as."""

    def run(*arguments: str, run_as: str = USER) -> subprocess.CompletedProcess[str]:
        given = stack.settings.model_dump(mode="json", exclude_unset=True)
        settings = {PREFIX + name.upper(): str(value) for name, value in given.items()}
        return subprocess.run(
            [interpreter, "-m", "readmission.stack.cli.app", *arguments],
            env=os.environ | settings | {f"{PREFIX}RUN_AS": run_as},
            capture_output=True, text=True, check=False, cwd="/",
        )  # fmt: skip

    return run


def users(stack: Stack) -> set[str]:
    return {process.username() for process in stack.processes()}


@as_root
def test_a_stack_of_root_goes_on_as_another_user(stack: Stack, command: Command) -> None:
    # given a stack that root has used, with a private file of root's
    stack.up(only={postgres.NAME})
    refused = command("up", postgres.NAME)
    assert "root runs" in refused.stderr
    stack.down()

    # when
    started = command("up", postgres.NAME)

    # then every process and every file is the user's, and the data is there
    assert started.returncode == 0, started.stderr
    assert "root runs" not in started.stderr
    assert len(stack.processes()) > 3
    assert users(stack) == {USER}
    owners = {path.owner() for path in (stack.paths.home, *stack.paths.home.rglob("*"))}
    assert owners == {USER}
    assert "running" in command("status").stdout

    # and it can be stopped
    assert command("down").returncode == 0
    assert not stack.processes()


@as_root
def test_an_unknown_user_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="create one with `useradd --system no-such-user`"):
        drop_root(Settings(state_dir=tmp_path, run_as="no-such-user"))
    assert os.getuid() == 0


def test_who_is_not_root_cannot_become_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)

    with pytest.raises(StackError, match="only root can continue as READMISSION_RUN_AS=nobody"):
        drop_root(Settings(state_dir=tmp_path, run_as=USER))


def test_without_the_setting_nothing_changes(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state")

    assert drop_root(settings) is settings
    assert not settings.state_dir.exists()


@as_root
def test_the_state_of_a_third_user_is_left_alone(stack: Stack) -> None:
    stack.paths.create()
    os.chown(stack.paths.home / ".readmission-state", psutil.Process().uids().real + 1, 0)

    with pytest.raises(StackError, match="belongs to another user than nobody"):
        drop_root(stack.settings.model_copy(update={"run_as": USER}))
    assert stack.paths.home.stat().st_uid == 0
