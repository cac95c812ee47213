"""Bring services up: in parallel, each as soon as those it needs are ready."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from enum import StrEnum
from pathlib import Path

from readmission.stack.errors import ServiceFailed
from readmission.stack.supervision.service import Service
from readmission.stack.supervision.supervisor import State, Supervisor

POLL_SECONDS = 0.1
TRIES = 3
"""Starts after which a service that keeps ending is given up."""


class Phase(StrEnum):
    """How far a service has come."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"


Report = Callable[[str, Phase], None]
"""Told about every change: name of the service and its new phase."""


class Boot:
    """One attempt to bring services up.

    Parameters
    ----------
    supervisor : Supervisor
        Running, configured with the services.
    services : sequence of Service
        What to bring up, with everything they need.
    log : callable
        Path of the log of a service.
    report : Report
        Told about every change.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        services: Sequence[Service],
        log: Callable[[str], Path],
        report: Report,
    ) -> None:
        self._supervisor = supervisor
        self._services = services
        self._log = log
        self._report = report
        self._ready: Mapping[str, threading.Event] = {s.name: threading.Event() for s in services}
        self._aborted = threading.Event()

    def run(self) -> None:
        """Return when all services are ready.

        Raises
        ------
        ServiceFailed
            For the first one that does not get there; it is then stopped.
        """
        with ThreadPoolExecutor(len(self._services)) as pool:
            futures = [pool.submit(self._bring_up, service) for service in self._services]
            try:
                wait(futures)
            finally:
                # Interrupted, the threads would go on for as long as their patience lasts.
                self._aborted.set()
        failures = [error for future in futures if (error := future.exception())]
        if failures:
            raise failures[0]

    def _bring_up(self, service: Service) -> None:
        self._report(service.name, Phase.WAITING)
        for needed in service.needs:
            while not self._ready[needed].wait(POLL_SECONDS):
                if self._aborted.is_set():
                    return
        try:
            self._start(service)
        except BaseException as error:
            self._aborted.set()
            self._report(service.name, Phase.FAILED)
            if isinstance(error, ServiceFailed):
                self._supervisor.stop_service(service.name)
            raise

    def _start(self, service: Service) -> None:
        self._report(service.name, Phase.STARTING)
        state = self._supervisor.states()[service.name]
        if not state.pid and not _is_done(service, state):
            if service.prepare:
                service.prepare()
            self._supervisor.start_service(service.name)
        if not self._wait(service):
            return
        if service.finish:
            service.finish()
        self._ready[service.name].set()
        self._report(service.name, Phase.READY)

    def _wait(self, service: Service) -> bool:
        """Return whether the service got ready; False if another one has failed."""
        deadline = time.monotonic() + service.patience
        seen: set[int] = set()
        while not self._aborted.is_set():
            state = self._supervisor.states()[service.name]
            if state.pid:
                seen.add(state.pid)
            if service.one_shot:
                ready = _is_done(service, state)
            else:
                ready = state.pid != 0 and service.ready(state.started)
            if ready:
                return True
            self._give_up(service, state, len(seen), time.monotonic() > deadline)
            time.sleep(POLL_SECONDS)
        return False

    def _give_up(self, service: Service, state: State, starts: int, late: bool) -> None:
        ended = state.name == "EXITED" and service.one_shot
        if state.name == "FATAL" or ended or starts > TRIES:
            reason = f"keeps ending (exit code {state.exit_code})"
        elif late:
            reason = f"was not ready after {service.patience:.0f} s"
        else:
            return
        raise ServiceFailed(service.name, reason, tail(self._log(service.name)))


def _is_done(service: Service, state: State) -> bool:
    return service.one_shot and state.name == "EXITED" and state.exit_code == 0


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
