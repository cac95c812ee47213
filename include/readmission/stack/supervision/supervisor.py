"""supervisord, the process supervisor of the stack: its configuration, start and control."""

import json
import os
import shlex
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import Faults, SupervisorTransport

from readmission.stack.errors import StackError
from readmission.stack.site.paths import StatePaths, write_private
from readmission.stack.site.ports import HOST
from readmission.stack.supervision import guardian, launch, run_supervisord
from readmission.stack.supervision.processes import MARK
from readmission.stack.supervision.service import Service

FOREIGN_PREFIXES = (
    "AIRFLOW", "AWS_", "GX_", "MLFLOW", "PG", "PYTHON", "READMISSION_", "S3_", "STREAMLIT_",
    "SUPERVISOR_", "UVICORN_", "WEED_", "_AIRFLOW", "_MLFLOW",
)  # fmt: skip
"""Prefixes of the caller's environment variables that would change how a component behaves."""

CONFIG = """\
[unix_http_server]
file = {socket}
chmod = 0700

[supervisord]
nodaemon = true
logfile = {log}
logfile_maxbytes = 1MB
logfile_backups = 1
pidfile = {run}/supervisord.pid
childlogdir = {run}
directory = {run}
umask = 077

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""

ENDLESS = 1_000_000
"""Attempts to start a service; the pause grows by a second each time. By default supervisord gives
up after three, so services would stay down after a full disk."""
PROGRAM = """
[program:{name}]
command = {command}
autostart = false
autorestart = {autorestart}
startsecs = {startsecs}
startretries = {startretries}
exitcodes = 0
stopsignal = {stop_signal}
stopwaitsecs = {stop_seconds}
stopasgroup = true
killasgroup = true
redirect_stderr = true
stdout_logfile = {log}
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 2
"""


@dataclass(frozen=True)
class ProcessState:
    """State of one process, as supervisord reports it.

    Parameters
    ----------
    name : str
        STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL or UNKNOWN.
    pid : int
        Its process id; 0 if it is not running.
    started : float
        Its start time in epoch seconds; 0 if it was never started.
    exit_code : int
        Exit code of its last run.
    """

    name: str
    pid: int
    started: float
    exit_code: int


class Supervisor:
    """Controls the supervisord of one state folder."""

    def __init__(self, paths: StatePaths) -> None:
        self._paths = paths

    @property
    def pid(self) -> int | None:
        """Process id of supervisord, or None if it does not respond."""
        try:
            return int(self._call("getPID"))
        except OSError:
            return None

    def configure(self, services: Iterable[Service]) -> None:
        """Write the configuration of all services; none may be running."""
        for record in self._paths.run.glob("*.group"):
            record.unlink()
        self._write(list(services))

    def add(self, services: Sequence[Service]) -> None:
        """Add services whose programs are new to the running supervisord; it starts none of them.

        Parameters
        ----------
        services : sequence of Service
            All services; those that are known must be as they were.
        """
        if added := self.added_services(services):
            self._write(services)
            self._call("reloadConfig")
            for name in added:
                self._call("addProcessGroup", name)

    def _write(self, services: Sequence[Service]) -> None:
        write_private(self._paths.services, service_definitions(services, self._paths))
        head = CONFIG.format(
            socket=_escape(self._paths.supervisor_socket),
            log=_escape(self._paths.log("supervisord")),
            run=_escape(self._paths.run),
        )
        programs = "".join(self._program(service) for service in services)
        write_private(self._paths.supervisor_config, head + programs)

    def _program(self, service: Service) -> str:
        command = [sys.executable, "-I", launch.__file__, self._paths.services, service.name]
        return PROGRAM.format(
            name=service.name,
            command=_escape(shlex.join(map(str, command))),
            autorestart="false" if service.one_shot else "true",
            startsecs=0 if service.one_shot else 1,
            startretries=ENDLESS,
            stop_signal=service.stop_signal,
            stop_seconds=service.stop_seconds,
            log=_escape(self._paths.log(service.name)),
        )

    def changed_services(self, services: Iterable[Service]) -> list[str]:
        """Return the names of services whose definition differs from the configured one.

        A service that was not configured because its program was missing is not among them.
        """
        configured = _load(self._paths.services)
        wanted = json.loads(service_definitions(services, self._paths))
        return sorted(name for name, known in configured.items() if known != wanted.get(name))

    def added_services(self, services: Iterable[Service]) -> list[str]:
        """Return the names of services that are not configured yet."""
        configured = _load(self._paths.services)
        return [service.name for service in services if service.name not in configured]

    def start(self, seconds: float = 60) -> None:
        """Start supervisord and wait until it responds.

        Raises
        ------
        StackError
            If it exits or does not respond in time.
        """
        self._paths.supervisor_socket.unlink(missing_ok=True)
        # Isolated: otherwise this folder would be on the path, and its supervisor.py imported.
        command = [sys.executable, "-I", run_supervisord.__file__]
        with self._paths.log("supervisord").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603
                [*command, "-c", str(self._paths.supervisor_config)],
                env=clean_environment(os.environ, self._paths.home),
                cwd=self._paths.run,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + seconds
        while self.pid is None:
            if process.poll() is not None or time.monotonic() > deadline:
                raise StackError(f"supervisord did not start; see {self._paths.log('supervisord')}")
            time.sleep(0.02)

    def guard(self, restart: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a guardian, which runs `restart` if supervisord ends unexpectedly.

        Parameters
        ----------
        restart : sequence of str
            A command that starts the stack again.
        environment : mapping of str to str
            Environment of that command.
        """
        command = [sys.executable, "-I", guardian.__file__, self.pid, self._paths.wanted, *restart]
        with self._paths.log("guardian").open("ab") as log:
            subprocess.Popen(  # noqa: S603
                list(map(str, command)),
                env={**environment, MARK: str(self._paths.home)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    def start_service(self, name: str) -> None:
        """Start a service; no effect if it is running."""
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode not in (Faults.ALREADY_STARTED, Faults.SPAWN_ERROR):
                raise

    def stop_service(self, name: str) -> None:
        """Signal a service to stop, without waiting; no effect if it is not running."""
        try:
            self._call("stopProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != Faults.NOT_RUNNING:
                raise

    def shut_down(self) -> None:
        """Stop supervisord and all services that are still running."""
        self._call("shutdown")

    def states(self) -> dict[str, ProcessState]:
        """Return the state of each service; empty if supervisord is not running."""
        try:
            found: list[dict[str, Any]] = self._call("getAllProcessInfo")
        except OSError:
            return {}
        return {
            info["name"]: ProcessState(
                info["statename"], info["pid"], float(info["start"]), info["exitstatus"]
            )
            for info in found
        }

    def _call(self, method: str, *arguments: Any) -> Any:
        # One connection per call, because the threads of a boot cannot share one.
        transport = SupervisorTransport(None, None, f"unix://{self._paths.supervisor_socket}")
        with xmlrpc.client.ServerProxy(f"http://{HOST}", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)


def service_definitions(services: Iterable[Service], paths: StatePaths) -> str:
    """Return the definitions of all services as JSON, as `launch` reads them."""
    definitions = {
        service.name: {
            "command": list(service.command),
            "environment": dict(service.environment),
            "folder": str(service.folder or paths.run),
            "user": service.user,
        }
        for service in services
    }
    return json.dumps(definitions, indent=1)


def clean_environment(caller: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return the caller's environment without foreign settings, plus the stack's mark."""
    kept = {n: v for n, v in caller.items() if not n.startswith(FOREIGN_PREFIXES)}
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, [kept.get(name), HOST, "localhost"]))
    return kept | {MARK: str(home), "PYTHONUNBUFFERED": "1"}


def _escape(value: object) -> str:
    return str(value).replace("%", "%%")


def _load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}
