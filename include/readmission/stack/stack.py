"""The stack of one state folder: bring it up, look at it, take it down, forget it."""

import fcntl
import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from readmission.modelling.families import require_known
from readmission.settings import Settings
from readmission.stack.errors import StackBusy, StackError
from readmission.stack.services import object_store
from readmission.stack.services.catalogue import all_services, with_needs
from readmission.stack.site.paths import Paths
from readmission.stack.site.ports import kept_ports, require_free
from readmission.stack.site.site import Site
from readmission.stack.supervision import processes
from readmission.stack.supervision.boot import Boot, Report
from readmission.stack.supervision.processes import Usage
from readmission.stack.supervision.service import Service
from readmission.stack.supervision.supervisor import State, Supervisor
from readmission.stack.supervision.unprivileged import remove_server_home

FOUNDATION = frozenset({"postgres", "object-store"})
"""Stopped last: the others write to them while they end."""

STOP_SECONDS = 150
"""Until services count as stopped; longer than any of them may take before it is killed."""
SWEEPS = 5
"""What is ended may just have started another process."""


@dataclass(frozen=True)
class Status:
    """How one service is.

    Parameters
    ----------
    service : str
        Its name.
    state : str
        As supervisor calls it, in lower case; ``done`` for work that ended well.
    healthy : bool
        Whether it does what it is there for.
    pid : int
        0 if it does not run.
    seconds : float
        Since its start.
    usage : Usage
        Memory of its processes.
    url : str, optional
        Where it is reached.
    """

    service: str
    state: str
    healthy: bool
    pid: int
    seconds: float
    usage: Usage
    url: str | None


class Stack:
    """All components on one machine, under one state folder.

    Parameters
    ----------
    settings : Settings
        Ports, state folder and everything the services are told.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.paths = Paths(settings.state_dir.expanduser().resolve())
        self._supervisor = Supervisor(self.paths)

    @property
    def site(self) -> Site:
        """Settings, secrets and addresses, as the services have them; there after `up`."""
        return Site.open(self.settings, self.paths)

    @property
    def services(self) -> tuple[Service, ...]:
        """All services, in an order that respects what each needs; there after `up`."""
        return all_services(self.site)

    @property
    def is_running(self) -> bool:
        """Whether the supervisor of this stack answers."""
        return self.paths.exists and self._supervisor.pid is not None

    def up(self, only: Collection[str] | None = None, report: Report = lambda *_: None) -> None:
        """Bring the stack up; what already runs stays as it is.

        Parameters
        ----------
        only : collection of str, optional
            Services to bring up, with those they need; all by default.
        report : Report
            Told about the progress of each service.

        Raises
        ------
        StackBusy
            If another command is at work on this stack.
        PortTaken
            If somebody else holds a port; nothing has then been started.
        ServiceFailed
            If a service does not come up; the others go on running.
        StackError
            If the stack runs with other settings.
        UnknownFamily
            If the settings name a model family that does not exist.
        """
        require_known(self.settings.families)
        self.paths.create()
        with self._locked("up"):
            if not self.is_running:
                self._sweep()
                Site.prepare(self.settings, self.paths)
            services = self.services
            wanted = with_needs(services, only)
            if self.is_running:
                self._check_settings(services)
            self._check_ports(wanted)
            if not self.is_running:
                self._supervisor.configure(services)
                self._supervisor.start()
            Boot(self._supervisor, wanted, self.paths.log, report).run()

    def down(self) -> None:
        """Stop everything and leave no process behind."""
        if not self.paths.exists:
            return
        with self._locked("down"):
            self._stop()

    def reset(self) -> None:
        """Stop everything and delete all state."""
        if not self.paths.exists:
            return
        with self._locked("reset"):
            self._stop()
            remove_server_home(self.paths)
            self.paths.remove()

    def status(self) -> list[Status]:
        """Return how each service is; all stopped if the stack does not run."""
        states = self._supervisor.states() if self.paths.exists else {}
        return [_status(service, states.get(service.name)) for service in self.services]

    def processes(self) -> list[psutil.Process]:
        """Return every process of the stack, with or without a living supervisor."""
        folders = (self.paths.run, self.paths.home / "postgres" / "data")
        return processes.members(self.paths.home, folders)

    def _stop(self) -> None:
        if self.is_running:
            names = set(self._supervisor.states())
            self._stop_services(names - FOUNDATION)
            self._stop_services(names & FOUNDATION)
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
        """Clear away what a killed supervisor left behind."""
        for _attempt in range(SWEEPS):
            left = self.processes()
            processes.end(left)
            if not left:
                break
        else:
            raise StackError(f"processes of the stack do not end: {left}")
        object_store.remove_sockets(kept_ports(self.paths.internal_ports))

    def _check_settings(self, services: Sequence[Service]) -> None:
        if changed := self._supervisor.differs(services):
            raise StackError(
                f"the stack runs with other settings or another version of {', '.join(changed)}; "
                "run `readmission down` first"
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
                    f"`readmission {file.read()} is at work on {self.paths.home}; wait for it"
                ) from None
            file.truncate(0)
            file.write(f"{command}` (process {os.getpid()})")
            file.flush()
            yield


def _status(service: Service, state: State | None) -> Status:
    if state is None:
        return Status(service.name, "stopped", False, 0, 0, Usage(), service.url)
    done = service.one_shot and state.name == "EXITED" and state.exit_code == 0
    # Supervisor says STARTING for a second, however soon the service is ready.
    up = state.name in ("STARTING", "RUNNING")
    healthy = done or (up and _is_ready(service, state.started))
    seconds = time.time() - state.started if state.pid else 0
    used = processes.usage(state.pid) if state.pid else Usage()
    name = "done" if done else "running" if healthy else state.name.lower()
    return Status(service.name, name, healthy, state.pid, seconds, used, service.url)


def _is_ready(service: Service, started: float) -> bool:
    try:
        return service.ready(started)
    except StackError:
        return False


def _wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
