"""Start services in parallel, each as soon as the services it needs are ready."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from enum import StrEnum
from pathlib import Path

from readmission.stack.errors import ServiceFailed
from readmission.stack.supervision.service import Service
from readmission.stack.supervision.supervisor import ProcessState, Supervisor

POLL_SECONDS = 0.1
SLOWEST_POLL_SECONDS = 0.5
POLL_SHARE = 0.05
"""Share of the time waited until now after which a service is probed again: each probe takes CPU
from the services that start."""
MAX_STARTS = 3
"""Starts after which a service that keeps exiting counts as failed."""


class BootPhase(StrEnum):
    """Phases of a starting service."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"


ReportPhase = Callable[[str, BootPhase], None]
"""Called with the name of a service and its new phase at every change."""


class Boot:
    """One attempt to start services.

    Parameters
    ----------
    supervisor : Supervisor
        A running supervisor, configured with the services.
    services : sequence of Service
        The services to start, including those they need.
    log : callable
        Returns the path of a service's log.
    report : ReportPhase
        Called at every change of phase.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        services: Sequence[Service],
        log: Callable[[str], Path],
        report: ReportPhase,
    ) -> None:
        self._supervisor = supervisor
        self._services = services
        self._log = log
        self._report = report
        self._ready: Mapping[str, threading.Event] = {s.name: threading.Event() for s in services}
        self._aborted = threading.Event()

    def run(self) -> None:
        """Start the services and wait until all are ready.

        Raises
        ------
        ServiceFailed
            If a service fails to start; that service is stopped.
        """
        with ThreadPoolExecutor(len(self._services)) as pool:
            futures = [pool.submit(self._start_after_needs, service) for service in self._services]
            try:
                wait(futures)
            finally:
                # After an interruption, the threads would otherwise run until their timeouts.
                self._aborted.set()
        failures = [error for future in futures if (error := future.exception())]
        if failures:
            raise failures[0]

    def _start_after_needs(self, service: Service) -> None:
        self._report(service.name, BootPhase.WAITING)
        for needed in service.needs:
            while not self._ready[needed].wait(POLL_SECONDS):
                if self._aborted.is_set():
                    return
        try:
            self._start(service)
        except BaseException as error:
            self._aborted.set()
            self._report(service.name, BootPhase.FAILED)
            if isinstance(error, ServiceFailed):
                self._supervisor.stop_service(service.name)
            raise

    def _start(self, service: Service) -> None:
        self._report(service.name, BootPhase.STARTING)
        state = self._supervisor.states()[service.name]
        while state.name == "STOPPING":  # It still has a process, but not for long.
            time.sleep(POLL_SECONDS)
            state = self._supervisor.states()[service.name]
        if not state.pid and not _is_done(service, state):
            if service.prepare:
                service.prepare()
            self._supervisor.start_service(service.name)
        if not self._wait_until_ready(service):
            return
        if service.finish:
            service.finish()
        self._ready[service.name].set()
        self._report(service.name, BootPhase.READY)

    def _wait_until_ready(self, service: Service) -> bool:
        """Wait until the service is ready; return False if another service has failed."""
        began = time.monotonic()
        starts: set[float] = set()
        while not self._aborted.is_set():
            state = self._supervisor.states()[service.name]
            if state.pid or state.name == "BACKOFF":
                starts.add(state.started)
            if service.one_shot:
                ready = _is_done(service, state)
            else:
                ready = state.pid != 0 and service.ready(state.started)
            if ready:
                return True
            waited = time.monotonic() - began
            self._check_failure(service, state, len(starts), waited > service.start_timeout)
            time.sleep(poll_seconds(waited))
        return False

    def _check_failure(
        self, service: Service, state: ProcessState, starts: int, late: bool
    ) -> None:
        ended = state.name == "EXITED" and service.one_shot
        if ended or starts > MAX_STARTS:
            reason = f"keeps exiting (exit code {state.exit_code})"
        elif late:
            reason = f"was not ready after {service.start_timeout:.0f} s"
        else:
            return
        raise ServiceFailed(service.name, reason, tail(self._log(service.name)))


def poll_seconds(waited: float) -> float:
    """Return the pause before the next probe of a service that has been starting for a while."""
    return min(max(POLL_SECONDS, POLL_SHARE * waited), SLOWEST_POLL_SECONDS)


def _is_done(service: Service, state: ProcessState) -> bool:
    return service.one_shot and state.name == "EXITED" and state.exit_code == 0


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
