"""Start of services: failures, order, restarts and environment."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from readmission.stack.errors import ServiceFailed
from readmission.stack.site.paths import StatePaths
from readmission.stack.supervision.boot import Boot, BootPhase, poll_seconds
from readmission.stack.supervision.service import Service
from readmission.stack.supervision.supervisor import Supervisor, clean_environment

T = TypeVar("T")
SLEEP = "import time; time.sleep(600)"


def python(name: str, code: str, **details: object) -> Service:
    ready = details.pop("ready", lambda _started: True)
    return Service(name, (sys.executable, "-c", code), ready, **details)  # type: ignore[arg-type]


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class BootBench:
    """A supervisor for services that a test defines."""

    def __init__(self, folder: Path) -> None:
        self.paths = StatePaths(folder)
        self.paths.create()
        self.supervisor = Supervisor(self.paths)
        self.seen: list[tuple[str, BootPhase]] = []

    def boot(self, *services: Service) -> None:
        self.supervisor.configure(services)
        self.supervisor.start()
        Boot(self.supervisor, services, self.paths.log, lambda *it: self.seen.append(it)).run()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BootBench]:
    bench = BootBench(tmp_path / "state")
    yield bench
    process = psutil.Process(bench.supervisor.pid)
    bench.supervisor.shut_down()
    process.wait(20)
    bench.paths.remove()


def test_a_service_that_keeps_exiting_fails_with_its_log(bench: BootBench) -> None:
    broken = python("broken", "raise SystemExit('no such table: patients')", ready=lambda _s: False)

    with pytest.raises(ServiceFailed, match=r"broken keeps exiting") as failure:
        bench.boot(broken)

    assert "no such table: patients" in str(failure.value)
    assert "readmission logs broken" in str(failure.value)
    assert bench.seen[-1] == ("broken", BootPhase.FAILED)


def test_a_service_comes_back_however_often_it_could_not_start(
    bench: BootBench, tmp_path: Path
) -> None:
    # given a service that cannot start any longer, as on a full disk
    room = tmp_path / "room"
    room.touch()
    needs_room = f"import pathlib, time\nassert pathlib.Path({str(room)!r}).exists()\n{SLEEP}"
    bench.boot(python("worker", needs_room))
    room.unlink()
    state = bench.supervisor.states()["worker"]
    psutil.Process(state.pid).kill()
    until(lambda: bench.supervisor.states()["worker"].started >= state.started + 9)

    # when there is room again
    room.touch()

    # then it starts without help
    until(lambda: bench.supervisor.states()["worker"].name == "RUNNING")


def test_a_service_that_is_never_ready_fails(bench: BootBench) -> None:
    unready = python("unready", SLEEP, ready=lambda _started: False, start_timeout=0.5)

    with pytest.raises(ServiceFailed, match="unready was not ready after 0 s"):
        bench.boot(unready)


def test_a_service_is_not_started_if_one_it_needs_fails(bench: BootBench) -> None:
    broken = python("broken", "raise SystemExit(3)", one_shot=True)
    waiting = python("waiting", SLEEP, needs=("broken",))

    with pytest.raises(ServiceFailed, match=r"broken keeps exiting \(exit code 3\)"):
        bench.boot(broken, waiting)

    assert bench.supervisor.states()["waiting"].name == "STOPPED"


def test_a_service_starts_after_those_it_needs(bench: BootBench) -> None:
    first = python("first", "", one_shot=True)
    second = python("second", SLEEP, needs=("first",))

    bench.boot(second, first)

    reached = [name for name, phase in bench.seen if phase is BootPhase.READY]
    assert reached == ["first", "second"]


def test_workers_of_a_killed_service_end_before_it_is_restarted(bench: BootBench) -> None:
    # Given a service with a worker, like Airflow's scheduler
    worker = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{SLEEP}']).wait()"
    bench.boot(python("parent", worker))
    parent = psutil.Process(bench.supervisor.states()["parent"].pid)
    child = _wait_for(lambda: next(iter(parent.children()), None))

    # When the service is killed
    parent.kill()

    # Then its worker ends before the new service starts its own
    successor = _wait_for(lambda: _other(bench.supervisor.states()["parent"].pid, parent.pid))
    _wait_for(lambda: psutil.Process(successor).children() or None)
    assert not child.is_running()


def _other(pid: int, former: int) -> int | None:
    return pid if pid not in (0, former) else None


def _wait_for(poll: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + 60
    while (found := poll()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_special_characters_reach_the_service_unchanged(bench: BootBench, tmp_path: Path) -> None:
    # Given a value that would end a line, a string or a format in a configuration file
    odd = "a'b\"c %(here)s #d ;e\n$HOME"
    target = tmp_path / "seen"
    code = f"import os; open({str(target)!r}, 'w').write(os.environ['ODD'])"

    # When a service has it in its environment
    bench.boot(python("odd", code, one_shot=True, environment={"ODD": odd}))

    # Then the service receives it unchanged
    assert target.read_text() == odd


def test_the_callers_environment_does_not_affect_the_services(tmp_path: Path) -> None:
    # Given an environment with settings for other systems
    caller = {
        "PATH": "/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_PROFILE": "production",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "PGHOST": "production",
        "https_proxy": "http://proxy:3128",
    }

    # When it is cleaned for the services
    given = clean_environment(caller, tmp_path)

    # Then only settings of the machine remain, and loopback addresses bypass the proxy
    assert not {name for name in given if name.startswith(("AWS", "AIRFLOW", "PG"))}
    assert "PYTHONDONTWRITEBYTECODE" not in given
    assert given["https_proxy"] == "http://proxy:3128"
    assert given["NO_PROXY"] == given["no_proxy"] == "127.0.0.1,localhost"


@pytest.mark.parametrize(("waited", "pause"), [(0, 0.1), (5, 0.25), (60, 0.5)])
def test_a_service_is_probed_less_often_the_longer_it_takes_to_start(
    waited: float, pause: float
) -> None:
    assert poll_seconds(waited) == pytest.approx(pause)
