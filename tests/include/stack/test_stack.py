"""The stack as a whole: joining, refusing, crashing, recovering, leaving nothing behind."""

import json
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from readmission.stack.errors import PortTaken, StackBusy, StackError
from readmission.stack.services import postgres
from readmission.stack.site.paths import Paths
from readmission.stack.site.ports import HOST
from readmission.stack.stack import Stack
from readmission.stack.supervision import processes
from tests.conftest import random_settings
from tests.include.stack.conftest import SMALL


def processes_of(stack: Stack) -> list[psutil.Process]:
    folders = (stack.paths.run, stack.paths.home / "postgres" / "data")
    return processes.members(stack.paths.home, folders)


def pids(stack: Stack) -> dict[str, int]:
    return {status.service: status.pid for status in stack.status()}


def remember(stack: Stack, word: str) -> None:
    with psycopg.connect(postgres.dsn(stack.site, "raw")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS memory (word text)")
        connection.execute("INSERT INTO memory VALUES (%s)", (word,))


def remembered(stack: Stack) -> set[str]:
    with psycopg.connect(postgres.dsn(stack.site, "raw")) as connection:
        return {word for (word,) in connection.execute("SELECT word FROM memory")}


def test_a_second_up_joins(small: Stack) -> None:
    before = pids(small)

    small.up(SMALL)

    assert pids(small) == before
    assert before["postgres"]


def test_an_up_with_other_settings_is_refused(small: Stack) -> None:
    other = small.settings.model_copy(update={"batch_size": 7})

    with pytest.raises(StackError, match=r"runs with other settings .*`readmission down` first"):
        Stack(other).up(SMALL)


def test_two_commands_at_once_are_refused(small: Stack) -> None:
    with (
        small._locked("down"),
        pytest.raises(StackBusy, match=rf"`readmission down` \(process {os.getpid()}\)"),
    ):
        Stack(small.settings).up(SMALL)


def test_secrets_are_private_and_stay_the_same(small: Stack) -> None:
    # Given the secrets of a stack
    before = small.paths.credentials.read_text()

    # When it stops and starts
    small.down()
    small.up(SMALL)

    # Then they are what they were, and nobody else reads them
    assert small.paths.credentials.read_text() == before
    for path in (small.paths.credentials, small.paths.services, small.paths.supervisor_config):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_secrets_are_in_no_log_and_no_command_line(small: Stack) -> None:
    secrets = json.loads(small.paths.credentials.read_text()).values()
    logs = "".join(path.read_text() for path in small.paths.logs.iterdir())
    commands = " ".join(part for process in processes_of(small) for part in process.cmdline())

    assert not [secret for secret in secrets if secret in logs or secret in commands]


def test_a_taken_port_is_named_and_nothing_starts(state_folders: Path) -> None:
    stack = Stack(random_settings(state_folders / "taken"))
    port = stack.settings.postgres_port
    with socket.socket() as other:
        other.bind((HOST, port))
        other.listen()

        with pytest.raises(
            PortTaken, match=rf"port {port} of postgres.*{os.getpid()}.*READMISSION_POSTGRES_PORT"
        ):
            stack.up(SMALL)

    assert processes_of(stack) == []


def test_an_unknown_service_is_named(small: Stack) -> None:
    with pytest.raises(StackError, match="no service 'postgre'; there are postgres, object-store"):
        small.up({"postgre"})


def test_everything_killed_is_recovered_with_its_data(small: Stack) -> None:
    # Given a stack with data, and every one of its processes killed
    remember(small, "before the crash")
    killed = processes_of(small)
    for process in killed:
        process.send_signal(signal.SIGSTOP)
    for process in killed:
        process.kill()
    psutil.wait_procs(killed, timeout=60)
    assert (small.paths.home / "postgres" / "data" / "postmaster.pid").exists()
    assert small.paths.supervisor_socket.exists()

    # When it comes up again
    small.up(SMALL)

    # Then the data is there
    assert "before the crash" in remembered(small)


def test_a_killed_supervisor_leaves_nothing_in_the_way(small: Stack) -> None:
    # Given processes that lost their supervisor
    remember(small, "orphaned")
    before = pids(small)["postgres"]
    supervisor = psutil.Process(small._supervisor.pid)
    supervisor.kill()
    supervisor.wait(60)
    assert psutil.pid_exists(before)

    # When the stack comes up again
    small.up(SMALL)

    # Then the old server has gone and its data is there
    assert not psutil.pid_exists(before)
    assert "orphaned" in remembered(small)


def test_a_killed_service_comes_back(small: Stack) -> None:
    before = pids(small)["postgres"]
    psutil.Process(before).kill()

    deadline = time.monotonic() + 60
    while not any(s.healthy and s.pid not in (0, before) for s in small.status()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("supervised", [True, False])
def test_down_leaves_no_process(small: Stack, supervised: bool) -> None:
    if not supervised:
        psutil.Process(small._supervisor.pid).kill()

    small.down()

    assert processes_of(small) == []
    assert not small.is_running


def test_a_lost_password_is_explained(state_folders: Path) -> None:
    stack = Stack(random_settings(state_folders / "lost"))
    stack.up(SMALL)
    stack.down()
    stack.paths.credentials.unlink()

    with pytest.raises(StackError, match="PostgreSQL does not know the password"):
        stack.up(SMALL)


@pytest.fixture
def doomed(state_folders: Path) -> Iterator[Stack]:
    yield (stack := Stack(random_settings(state_folders / "doomed")))
    stack.reset()


def test_reset_leaves_nothing(doomed: Stack) -> None:
    # Given a stack, part of which may lie outside its folder
    doomed.up(SMALL)
    data = (doomed.paths.home / "postgres").resolve()
    assert data.exists()

    # When it is reset
    doomed.reset()

    # Then neither files nor processes are left
    assert not doomed.paths.home.exists()
    assert not data.exists()
    assert processes_of(doomed) == []


def test_a_folder_of_somebody_else_is_neither_used_nor_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work")
    stack = Stack(random_settings(tmp_path))

    with pytest.raises(StackError, match="was not made by this stack"):
        stack.up(SMALL)
    stack.reset()

    assert (tmp_path / "thesis.txt").exists()


def test_a_long_state_folder_gets_short_sockets(tmp_path: Path) -> None:
    deep = Paths(tmp_path / ("d" * 100))

    assert len(str(deep.supervisor_socket)) < 90
    assert Paths(Path("/srv/state")).supervisor_socket == Path("/srv/state/run/supervisor.sock")
