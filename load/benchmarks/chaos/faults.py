"""The faults of the chaos benchmark, and the wait until a stack has recovered from one.

Services, kinds of tasks and workers are chosen among those that were killed least often, so that a
run of enough faults kills each of them.
"""

import contextlib
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import psutil
import psycopg

from readmission.stack.access import open_airflow
from readmission.stack.cli.batch_progress import CONSUMERS, INGESTION
from readmission.stack.errors import StackError
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.stack.supervision.supervisor import Supervisor

DAGS = (INGESTION, *CONSUMERS, "ledger_sweep")
RECOVERY = 240
"""Seconds after which a fault counts as not recovered."""
CONNECTIONS_HELD = DISK_FULL = 5
"""Seconds for which all connections are held, and for which the disk is full."""
TASK_WAIT = 20
"""Seconds to wait for a task of a kind that was not killed yet."""
WORKER = "airflow worker -- LocalExecutor"
"""How Airflow titles the processes of its executor, in which the tasks run."""


class Chance(random.Random):
    """Random choices from a seed; `rarest` chooses what was chosen least often.

    Parameters
    ----------
    seed : int
        The same seed gives the same choices.

    Attributes
    ----------
    chosen : Counter of str
        How often `rarest` chose each name.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.chosen: Counter[str] = Counter()

    def rarest(self, names: Iterable[str]) -> str:
        """Choose one of the names that were chosen least often."""
        counts = {name: self.chosen[name] for name in names}
        fewest = min(counts.values())
        name = self.choice(sorted(name for name, times in counts.items() if times == fewest))
        self.chosen[name] += 1
        return name


Fault = Callable[[Stack, Chance], str]


def running_services(stack: Stack) -> list[str]:
    """Return the names of the services that run."""
    return [name for name, state in Supervisor(stack.paths).states().items() if state.pid]


def kill_service(stack: Stack, chance: Chance) -> str:
    """Kill one service with its children."""
    name = chance.rarest(running_services(stack))
    kill_named(stack, name)
    return name


def kill_named(stack: Stack, name: str) -> None:
    """Kill a service that runs, with its children."""
    with contextlib.suppress(psutil.NoSuchProcess):
        service = psutil.Process(Supervisor(stack.paths).states()[name].pid)
        _kill([*service.children(recursive=True), service])


def kill_task(stack: Stack, chance: Chance) -> str:
    """Kill the process of one task that runs, or a worker if none does."""
    running, ends = running_tasks(stack), time.monotonic() + TASK_WAIT
    while chance.chosen.keys() >= running.keys() and time.monotonic() < ends:
        time.sleep(0.5)
        running = running_tasks(stack)
    if not running:
        return kill_worker(stack, chance)
    kind = chance.rarest(running)
    with contextlib.suppress(psutil.NoSuchProcess):
        _kill([psutil.Process(running[kind])])
    return kind


def running_tasks(stack: Stack) -> dict[str, int]:
    """Return the process of a task of each kind that runs; none if Airflow does not respond."""
    with contextlib.suppress(StackError):
        airflow = open_airflow(stack.site)
        return {
            f"{run.dag_id}.{task['task_id']}": task["pid"]
            for run in airflow.runs(*DAGS)
            if run.state == "running"
            for task in airflow.tasks(run)
            if task["state"] == "running" and task["pid"]
        }
    return {}


def kinds_of_tasks(stack: Stack) -> set[str]:
    """Return every kind of task of the pipeline: those of the newest run of each DAG."""
    airflow = open_airflow(stack.site)
    newest = {run.dag_id: run for run in reversed(airflow.runs(*DAGS))}
    return {
        f"{run.dag_id}.{task['task_id']}" for run in newest.values() for task in airflow.tasks(run)
    }


def kill_worker(stack: Stack, chance: Chance) -> str:
    """Kill one process of the executor, whether it runs a task or not."""
    workers = [process for process in stack.processes() if WORKER in _title(process)]
    if not workers:
        return "worker of the executor (none ran)"
    _kill([chance.choice(workers)])
    return "worker of the executor"


def kill_supervisor(stack: Stack, _chance: Chance) -> str:
    """Kill supervisord only; its services become orphans."""
    pid = Supervisor(stack.paths).pid
    if pid:
        _kill([psutil.Process(pid)])
    return "supervisor"


def kill_all(stack: Stack, _chance: Chance) -> str:
    """Kill every process of the stack, then start it at once, as after a power failure."""
    _kill(stack.processes())
    stack.up()
    return "everything"


def take_connections(stack: Stack, _chance: Chance) -> str:
    """Hold every connection that the prediction log's role may have, for some seconds."""
    address, held = postgres.dsn(stack.site, "predictions"), []
    with contextlib.suppress(psycopg.OperationalError):
        while True:
            held.append(psycopg.connect(address, connect_timeout=2))
    time.sleep(CONNECTIONS_HELD)
    for connection in held:
        connection.close()
    return f"{len(held)} connections"


def fill_disk(stack: Stack, _chance: Chance) -> str:
    """Leave no space on the stack's file system for some seconds, if it has one of its own."""
    disk = stack.paths.home.parent
    if not disk.is_mount():
        return "full disk (not tried, needs root)"
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free)
    time.sleep(DISK_FULL)
    ballast.unlink()
    return "full disk"


FAULTS: Sequence[tuple[Fault, int]] = (
    (kill_service, 8), (kill_task, 6), (kill_worker, 2), (kill_supervisor, 2),
    (take_connections, 2), (fill_disk, 2), (kill_all, 1),
)  # fmt: skip
"""Each fault and its weight."""


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)


def recover(stack: Stack) -> float | None:
    """Wait until every service is healthy; return the seconds, or None if that took too long."""
    began = time.monotonic()
    while time.monotonic() - began < RECOVERY:
        with contextlib.suppress(StackError, OSError):
            if stack.is_running and all(status.healthy for status in stack.status()):
                return time.monotonic() - began
        time.sleep(0.2)
    return None
