"""Services that do not come up, that are restarted, and what they are told."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from readmission.stack.errors import ServiceFailed
from readmission.stack.site.paths import Paths
from readmission.stack.supervision.boot import Boot, Phase
from readmission.stack.supervision.service import Service
from readmission.stack.supervision.supervisor import Supervisor, environment

T = TypeVar("T")
WAITS = "import time; time.sleep(600)"


def python(name: str, code: str, **details: object) -> Service:
    ready = details.pop("ready", lambda _started: True)
    return Service(name, (sys.executable, "-c", code), ready, **details)  # type: ignore[arg-type]


class Bench:
    """A supervisor for services that a test makes up."""

    def __init__(self, folder: Path) -> None:
        self.paths = Paths(folder)
        self.paths.create()
        self.supervisor = Supervisor(self.paths)
        self.seen: list[tuple[str, Phase]] = []

    def boot(self, *services: Service) -> None:
        self.supervisor.configure(services)
        self.supervisor.start()
        Boot(self.supervisor, services, self.paths.log, lambda *it: self.seen.append(it)).run()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "state")
    yield bench
    process = psutil.Process(bench.supervisor.pid)
    bench.supervisor.shut_down()
    process.wait(20)
    bench.paths.remove()


def test_a_service_that_keeps_ending_is_given_up_with_its_log(bench: Bench) -> None:
    broken = python("broken", "raise SystemExit('no such table: patients')", ready=lambda _s: False)

    with pytest.raises(ServiceFailed, match=r"broken keeps ending") as failure:
        bench.boot(broken)

    assert "no such table: patients" in str(failure.value)
    assert "readmission logs broken" in str(failure.value)
    assert bench.seen[-1] == ("broken", Phase.FAILED)


def test_a_service_that_is_never_ready_is_given_up(bench: Bench) -> None:
    deaf = python("deaf", WAITS, ready=lambda _started: False, patience=0.5)

    with pytest.raises(ServiceFailed, match="deaf was not ready after 0 s"):
        bench.boot(deaf)


def test_what_needs_a_failed_service_is_not_started(bench: Bench) -> None:
    broken = python("broken", "raise SystemExit(3)", one_shot=True)
    waiting = python("waiting", WAITS, needs=("broken",))

    with pytest.raises(ServiceFailed, match=r"broken keeps ending \(exit code 3\)"):
        bench.boot(broken, waiting)

    assert bench.supervisor.states()["waiting"].name == "STOPPED"


def test_services_start_when_what_they_need_is_ready(bench: Bench) -> None:
    first = python("first", "", one_shot=True)
    second = python("second", WAITS, needs=("first",))

    bench.boot(second, first)

    reached = [name for name, phase in bench.seen if phase is Phase.READY]
    assert reached == ["first", "second"]


def test_children_of_a_killed_service_end_before_it_is_restarted(bench: Bench) -> None:
    # Given a service with a worker, like Airflow's scheduler
    worker = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{WAITS}']).wait()"
    bench.boot(python("parent", worker))
    parent = psutil.Process(bench.supervisor.states()["parent"].pid)
    child = _wait_for(lambda: next(iter(parent.children()), None))

    # When the service is killed
    parent.kill()

    # Then its worker goes before a new one comes
    successor = _wait_for(lambda: _other(bench.supervisor.states()["parent"].pid, parent.pid))
    _wait_for(lambda: psutil.Process(successor).children() or None)
    assert not child.is_running()


def _other(pid: int, former: int) -> int | None:
    return pid if pid not in (0, former) else None


def _wait_for(look: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + 60
    while (found := look()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_secrets_and_odd_characters_reach_the_service_whole(bench: Bench, tmp_path: Path) -> None:
    # Given a value that would end a line, a string or a format in a configuration file
    odd = "a'b\"c %(here)s #d ;e\n$HOME"
    target = tmp_path / "seen"
    code = f"import os; open({str(target)!r}, 'w').write(os.environ['ODD'])"

    # When a service gets it
    bench.boot(python("odd", code, one_shot=True, environment={"ODD": odd}))

    # Then it arrives as it is
    assert target.read_text() == odd


def test_the_callers_environment_steers_no_component(tmp_path: Path) -> None:
    # Given the environment of somebody who works on other things too
    caller = {
        "PATH": "/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_PROFILE": "production",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "PGHOST": "production",
        "https_proxy": "http://proxy:3128",
    }

    # When services start from it
    given = environment(caller, tmp_path)

    # Then only what concerns the machine remains, and the loopback interface needs no proxy
    assert not {name for name in given if name.startswith(("AWS", "AIRFLOW", "PG"))}
    assert "PYTHONDONTWRITEBYTECODE" not in given
    assert given["https_proxy"] == "http://proxy:3128"
    assert given["NO_PROXY"] == given["no_proxy"] == "127.0.0.1,localhost"
