"""The stack of one state folder: start it, show its status, stop it, delete it."""

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from readmission.settings import Settings
from readmission.stack.errors import StackBusy, StackError
from readmission.stack.services import object_store
from readmission.stack.services.catalogue import all_services, with_dependencies
from readmission.stack.site.paths import StatePaths, write_private
from readmission.stack.site.ports import load_ports, require_free
from readmission.stack.site.remembered import FORGET, differences, recall, remember
from readmission.stack.site.site import Site, restart_environment
from readmission.stack.supervision import guardian, processes
from readmission.stack.supervision.boot import Boot, ReportPhase
from readmission.stack.supervision.processes import MemoryUsage
from readmission.stack.supervision.service import Service
from readmission.stack.supervision.supervisor import ProcessState, Supervisor
from readmission.stack.supervision.unprivileged import remove_postgres_home

STORES = frozenset({"postgres", "object-store"})
"""Stopped last, because the other services write to them while they shut down."""

STOP_SECONDS = 150
"""How long to wait for services to stop; longer than any `stop_seconds` of a service."""
SWEEP_ATTEMPTS = 5
"""Several, because a process may start another one just before it ends."""


@dataclass(frozen=True)
class ServiceStatus:
    """Status of one service.

    Parameters
    ----------
    service : str
        Its name.
    state : str
        supervisord's state in lower case, or ``done`` for a one-shot service that succeeded.
    healthy : bool
        Whether it is ready, or done.
    pid : int
        Its process id; 0 if it is not running.
    seconds : float
        How long it has been running.
    memory : MemoryUsage
        Memory of its processes.
    url : str, optional
        Its address.
    """

    service: str
    state: str
    healthy: bool
    pid: int
    seconds: float
    memory: MemoryUsage
    url: str | None


class Stack:
    """All services on one machine, with all their state in one folder.

    Parameters
    ----------
    settings : Settings
        Ports, the state folder and the settings of the services. Those that are not set are as at
        the last start.
    """

    def __init__(self, settings: Settings) -> None:
        self.paths = StatePaths(settings.state_dir.expanduser().resolve())
        self.settings = recall(settings, self.paths)
        self._supervisor = Supervisor(self.paths)

    @property
    def site(self) -> Site:
        """The settings, secrets and addresses that the services share; requires an earlier `up`."""
        return Site.open(self.settings, self.paths)

    @property
    def services(self) -> tuple[Service, ...]:
        """All services, each after those it needs; requires an earlier `up`."""
        return all_services(self.site)

    @property
    def is_running(self) -> bool:
        """Whether the supervisor of this stack responds."""
        return self.paths.exists and self._supervisor.pid is not None

    @property
    def is_guarded(self) -> bool:
        """Whether a guardian watches the supervisor."""
        return any(guardian.__file__ in _command(process) for process in self.processes())

    def up(
        self, only: Collection[str] | None = None, report: ReportPhase = lambda *_: None
    ) -> None:
        """Start services; those that already run are not restarted.

        Parameters
        ----------
        only : collection of str, optional
            Services to start, together with those they need; all by default.
        report : ReportPhase
            Called with the progress of each service.

        Raises
        ------
        StackBusy
            If another command is running on this stack.
        PortTaken
            If another program uses a port; no service has been started then.
        ServiceFailed
            If a service fails to start; the others keep running.
        StackError
            If the stack is running with other settings.
        UnknownFamily
            If the settings name a model family that does not exist.
        """
        # The families import numpy, which no other command needs.
        from readmission.modelling.families import require_known

        require_known(self.settings.families)
        self.paths.create()
        with self._locked("up"):
            if not self.is_running:
                self._sweep()
                Site.prepare(self.settings, self.paths)
            services = self.services
            wanted = with_dependencies(services, only)
            if self.is_running:
                self._check_settings(services)
                self._supervisor.add(services)
            self._check_ports(wanted)
            if not self.is_running:
                self._supervisor.configure(services)
                self._supervisor.start()
                remember(self.settings, self.paths)
            self._keep_running({service.name for service in wanted})
            Boot(self._supervisor, wanted, self.paths.log, report).run()

    def installed_since(self) -> list[str]:
        """Return the services whose program was installed after the stack had started."""
        return self._supervisor.added_services(self.services) if self.is_running else []

    def down(self) -> None:
        """Stop all services and leave no process behind."""
        if not self.paths.exists:
            return
        with self._locked("down"):
            self._stop()

    def reset(self) -> None:
        """Stop all services and delete all state."""
        if not self.paths.exists:
            return
        with self._locked("reset"):
            self._stop()
            remove_postgres_home(self.paths)
            self.paths.remove()

    def status(self) -> list[ServiceStatus]:
        """Return the status of each service; all are stopped if the stack is not running."""
        states = self._supervisor.states() if self.paths.exists else {}
        return [_status(service, states.get(service.name)) for service in self.services]

    def processes(self) -> list[psutil.Process]:
        """Return every process of the stack, even if the supervisor is dead."""
        folders = (self.paths.run, self.paths.home / "postgres" / "data")
        return processes.stack_processes(self.paths.home, folders)

    def _keep_running(self, names: Collection[str]) -> None:
        """Note which services should run, and start a guardian unless there is one."""
        before = json.loads(self.paths.wanted.read_text()) if self.paths.wanted.exists() else []
        wanted = sorted({*before, *names})
        write_private(self.paths.wanted, json.dumps(wanted))
        if not self.is_guarded:
            restart = [sys.executable, "-m", "readmission.stack.cli.app", "up"]
            self._supervisor.guard(restart, restart_environment(self.settings, self.paths))

    def _stop(self) -> None:
        self.paths.wanted.unlink(missing_ok=True)
        if self.is_running:
            names = set(self._supervisor.states())
            self._stop_services(names - STORES)
            self._stop_services(names & STORES)
            self._supervisor.shut_down()
            _wait_until(lambda: self._supervisor.pid is None, seconds=15)
        self._sweep()

    def _stop_services(self, names: Collection[str]) -> None:
        for name in names:
            self._supervisor.stop_service(name)
        _wait_until(lambda: not self._alive(names), STOP_SECONDS)

    def _alive(self, names: Collection[str]) -> bool:
        return any(state.pid for name, state in self._supervisor.states().items() if name in names)

    def _sweep(self) -> None:
        """End the processes and delete the sockets that a killed supervisor left behind."""
        for _attempt in range(SWEEP_ATTEMPTS):
            left = self.processes()
            processes.terminate(left)
            if not left:
                break
        else:
            raise StackError(f"these processes of the stack cannot be stopped: {left}")
        object_store.remove_sockets(load_ports(self.paths.internal_ports))

    def _check_settings(self, services: Sequence[Service]) -> None:
        if not (changed := self._supervisor.changed_services(services)):
            return
        if different := differences(self.settings, self.paths):
            raise StackError(
                f"the stack is running with other settings: {'; '.join(different)}; {FORGET}"
            )
        raise StackError(
            "the stack is running with other settings or another version of "
            f"{', '.join(changed)}; run `readmission down` first"
        )

    def _check_ports(self, wanted: list[Service]) -> None:
        states = self._supervisor.states()
        for service in wanted:
            runs = service.name in states and states[service.name].pid
            if service.port and service.port_setting and not runs:
                require_free(service.name, service.port, service.port_setting)

    @contextmanager
    def _locked(self, command: str) -> Iterator[None]:
        with self.paths.lock.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise StackBusy(
                    f"`readmission {file.read()} is running on {self.paths.home}; "
                    "wait for it to finish"
                ) from None
            file.truncate(0)
            file.write(f"{command}` (process {os.getpid()})")
            file.flush()
            yield


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _status(service: Service, state: ProcessState | None) -> ServiceStatus:
    if state is None:
        return ServiceStatus(service.name, "stopped", False, 0, 0, MemoryUsage(), service.url)
    done = service.one_shot and state.name == "EXITED" and state.exit_code == 0
    # supervisord reports STARTING for a second, even if the service is ready sooner.
    up = state.name in ("STARTING", "RUNNING")
    healthy = done or (up and _is_ready(service, state.started))
    seconds = time.time() - state.started if state.pid else 0
    used = processes.memory_usage(state.pid) if state.pid else MemoryUsage()
    name = "done" if done else "running" if healthy else state.name.lower()
    return ServiceStatus(service.name, name, healthy, state.pid, seconds, used, service.url)


def _is_ready(service: Service, started: float) -> bool:
    try:
        return service.ready(started)
    except StackError:
        return False


def _wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
