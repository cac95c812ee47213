"""The stack as a whole: start twice, refuse conflicts, recover from crashes, stop, delete."""

import json
import os
import signal
import socket
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from readmission.settings import Settings
from readmission.stack.errors import PortTaken, StackBusy, StackError
from readmission.stack.services import postgres
from readmission.stack.site.paths import StatePaths
from readmission.stack.site.ports import HOST
from readmission.stack.stack import Stack
from readmission.stack.supervision import guardian, processes
from tests.conftest import random_settings
from tests.include.stack.conftest import SMALL


def processes_of(stack: Stack) -> list[psutil.Process]:
    folders = (stack.paths.run, stack.paths.home / "postgres" / "data")
    return processes.stack_processes(stack.paths.home, folders)


def pids(stack: Stack) -> dict[str, int]:
    return {status.service: status.pid for status in stack.status()}


def remember(stack: Stack, word: str) -> None:
    with psycopg.connect(postgres.dsn(stack.site, "raw")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS memory (word text)")
        connection.execute("INSERT INTO memory VALUES (%s)", (word,))


def remembered(stack: Stack) -> set[str]:
    with psycopg.connect(postgres.dsn(stack.site, "raw")) as connection:
        return {word for (word,) in connection.execute("SELECT word FROM memory")}


def test_a_second_up_restarts_nothing(small: Stack) -> None:
    before = pids(small)

    small.up(SMALL)

    assert pids(small) == before
    assert before["postgres"]


def test_up_with_other_settings_is_refused(small: Stack) -> None:
    other = small.settings.model_copy(update={"batch_size": 7})

    with pytest.raises(
        StackError,
        match=r"other settings: READMISSION_BATCH_SIZE is 7, and was 15000; unset it or run",
    ):
        Stack(other).up(SMALL)


def test_a_new_shell_without_the_variables_works_on_the_same_stack(small: Stack) -> None:
    # given a shell that only knows where the stack is
    given = {"state_dir": small.settings.state_dir}

    # when the stack is opened and started from there
    again = Stack(Settings.model_construct(_fields_set={"state_dir"}, **given))
    before = pids(small)
    again.up(SMALL)

    # then it has the settings of the first start, and restarts nothing
    assert again.settings.postgres_port == small.settings.postgres_port
    assert pids(again) == before


def test_a_program_that_is_installed_later_joins_the_running_stack(
    small: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a stack that was started without one of its services
    services = small.services
    small.down()
    fewer = tuple(one for one in services if one.name != "statsd")
    with monkeypatch.context() as before:
        before.setattr(Stack, "services", fewer)
        small.up(SMALL)
        started = pids(small)["postgres"]
        assert small.installed_since() == []

    # when its program is there
    assert small.installed_since() == ["statsd"]
    small.up(["statsd"])

    # then it runs beside the others
    (status,) = (one for one in small.status() if one.service == "statsd")
    assert status.healthy
    assert pids(small)["postgres"] == started
    assert small.installed_since() == []


def test_a_second_command_at_the_same_time_is_refused(small: Stack) -> None:
    with (
        small._locked("down"),
        pytest.raises(StackBusy, match=rf"`readmission down` \(process {os.getpid()}\)"),
    ):
        Stack(small.settings).up(SMALL)


def test_secrets_are_private_and_survive_a_restart(small: Stack) -> None:
    # Given the secrets of a stack
    before = small.paths.credentials.read_text()

    # When it stops and starts
    small.down()
    small.up(SMALL)

    # Then they are unchanged, and only the owner can read them
    assert small.paths.credentials.read_text() == before
    for path in (small.paths.credentials, small.paths.services, small.paths.supervisor_config):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_log_and_no_command_line_contains_a_secret(small: Stack) -> None:
    secrets = json.loads(small.paths.credentials.read_text()).values()
    logs = "".join(path.read_text() for path in small.paths.logs.iterdir())
    commands = " ".join(part for process in processes_of(small) for part in process.cmdline())

    assert not [secret for secret in secrets if secret in logs or secret in commands]


def test_a_port_in_use_is_named_and_nothing_starts(state_folders: Path) -> None:
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
    with pytest.raises(
        StackError, match="no service 'postgre'; the services are postgres, object-store"
    ):
        small.up({"postgre"})


def test_data_survives_the_kill_of_every_process(small: Stack) -> None:
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

    # Then the data is still there
    assert "before the crash" in remembered(small)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def guardians(stack: Stack) -> list[psutil.Process]:
    return [p for p in processes_of(stack) if guardian.__file__ in p.cmdline()]


def test_a_killed_supervisor_is_started_again_with_its_services(small: Stack) -> None:
    # Given a stack with data, whose supervisor is killed
    remember(small, "guarded")
    before = psutil.Process(small._supervisor.pid)
    (watching,) = guardians(small)
    before.kill()

    # When its guardian has noticed it
    until(lambda: small.is_running and all(pids(small)[name] for name in SMALL))
    watching.wait(60)

    # Then the same services run, with the same data and a new guardian
    before.wait(60)
    until(lambda: {s.service for s in small.status() if s.healthy} == SMALL)
    assert "guarded" in remembered(small)
    assert len(guardians(small)) == 1


def test_a_second_up_starts_a_killed_guardian(small: Stack) -> None:
    (watching,) = guardians(small)
    watching.kill()
    until(lambda: not small.is_guarded)

    small.up(SMALL)

    assert len(guardians(small)) == 1


def test_a_full_disk_does_not_end_the_supervisor(
    disposable: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a supervisor whose messages go to a full disk
    monkeypatch.setattr(StatePaths, "log", lambda _self, _service: Path("/dev/full"))
    disposable.up(SMALL)
    pid = disposable._supervisor.pid

    # When a service writes to its log and is started again
    psutil.Process(pids(disposable)["postgres"]).kill()
    until(lambda: any(s.healthy for s in disposable.status()))

    # Then the supervisor has survived
    assert disposable._supervisor.pid == pid


def test_the_stack_starts_after_supervisor_and_guardian_were_killed(small: Stack) -> None:
    # Given processes that lost their supervisor and its guardian
    for watching in guardians(small):
        watching.kill()
    remember(small, "orphaned")
    before = pids(small)["postgres"]
    supervisor = psutil.Process(small._supervisor.pid)
    supervisor.kill()
    supervisor.wait(60)
    assert psutil.pid_exists(before)

    # When the stack comes up again
    small.up(SMALL)

    # Then the old server has ended and its data is still there
    assert not psutil.pid_exists(before)
    assert "orphaned" in remembered(small)


def test_a_killed_service_is_restarted(small: Stack) -> None:
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
    time.sleep(3)  # A guardian that was left behind would start the stack again.

    assert processes_of(small) == []
    assert not small.is_running


def test_a_lost_password_file_is_explained(state_folders: Path) -> None:
    stack = Stack(random_settings(state_folders / "lost"))
    stack.up(SMALL)
    stack.down()
    stack.paths.credentials.unlink()

    with pytest.raises(StackError, match="PostgreSQL rejects the password"):
        stack.up(SMALL)


@pytest.fixture
def disposable(state_folders: Path) -> Iterator[Stack]:
    yield (stack := Stack(random_settings(state_folders / "disposable")))
    stack.reset()


def test_reset_deletes_all_files_and_processes(disposable: Stack) -> None:
    # Given a stack whose database may be outside its state folder
    disposable.up(SMALL)
    data = (disposable.paths.home / "postgres").resolve()
    assert data.exists()

    # When it is reset
    disposable.reset()

    # Then neither files nor processes are left
    assert not disposable.paths.home.exists()
    assert not data.exists()
    assert processes_of(disposable) == []


def test_a_folder_with_other_files_is_neither_used_nor_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work")
    stack = Stack(random_settings(tmp_path))

    with pytest.raises(StackError, match="was not created by the stack"):
        stack.up(SMALL)
    stack.reset()

    assert (tmp_path / "thesis.txt").exists()


def test_a_long_state_folder_gets_short_socket_paths(tmp_path: Path) -> None:
    deep = StatePaths(tmp_path / ("d" * 100))

    assert len(str(deep.supervisor_socket)) < 90
    assert StatePaths(Path("/srv/state")).supervisor_socket == Path(
        "/srv/state/run/supervisor.sock"
    )
