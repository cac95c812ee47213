"""The tables of `readmission up` and `readmission status`."""

import os
import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from readmission.stack.cli.terminal import console, error_console
from readmission.stack.services import airflow, mlflow
from readmission.stack.services.observability import alertmanager, grafana, prometheus
from readmission.stack.stack import ServiceStatus, Stack
from readmission.stack.supervision.boot import BootPhase

MEBIBYTE = 1 << 20
ROOT_HINT = (
    "root runs these services, and only PostgreSQL drops its rights: a flaw in another service"
    " exposes the whole machine. Name a user in READMISSION_RUN_AS, and root continues as that"
    " user."
)
STYLES = {
    BootPhase.WAITING: ("dim", "waiting"),
    BootPhase.STARTING: ("yellow", "starting"),
    BootPhase.READY: ("green", "ready"),
    BootPhase.FAILED: ("bold red", "failed"),
}

PAGE_TITLES = {
    airflow.API_SERVER: "Airflow",
    "mlflow": "MLflow",
    "api": "API",
    "ui": "Clinicians' page",
    prometheus.NAME: "Prometheus",
    alertmanager.NAME: "Alertmanager",
}


def start_stack(stack: Stack, services: list[str] | None = None) -> None:
    """Start a stack and show the progress of each service; warn if root runs it."""
    from readmission.stack.backup import require_whole  # Importing boto3 takes half a second.

    require_whole(stack.paths)
    with BootDisplay(console) as display:
        stack.up(services or None, display.report)
    if os.geteuid() == 0:
        error_console.print(ROOT_HINT)


def print_addresses(stack: Stack) -> None:
    """Print the addresses of the pages that are up, and where their passwords are."""
    running = {status.service for status in stack.status() if status.healthy}
    for service in stack.services:
        if service.name in PAGE_TITLES and service.name in running:
            console.print(f"{PAGE_TITLES[service.name]:<17} {service.url}")
    if airflow.API_SERVER in running:
        console.print(f"Airflow: user {airflow.USER}, password in {stack.paths.airflow_passwords}")
    if mlflow.NAME in running:
        console.print(f"MLflow: user {mlflow.USER}, password in {stack.paths.mlflow_passwords}")
    print_prometheus_hint(stack)


def print_prometheus_hint(stack: Stack) -> None:
    """Say how to install Prometheus, or else Grafana, if it is missing."""
    found = {service.name for service in stack.services}
    if prometheus.NAME not in found:
        console.print(prometheus.INSTALL_HINT)
    elif grafana.NAME not in found:
        console.print(grafana.INSTALL_HINT)


class BootDisplay:
    """A live table of the services that start; without a terminal, one line for each service.

    Parameters
    ----------
    console : Console
        Where to print.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._phases: dict[str, BootPhase] = {}
        self._started: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._lock = threading.Lock()
        self._live = Live(get_renderable=self._table, console=console, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()
        if self._console.is_terminal:
            self._console.print(self._table())

    def report(self, service: str, phase: BootPhase) -> None:
        """Show the new phase of a service; called from several threads."""
        with self._lock:
            now = time.monotonic()
            if phase is BootPhase.STARTING:
                self._started[service] = now
            elif phase in (BootPhase.READY, BootPhase.FAILED):
                self._ended[service] = now
            self._phases[service] = phase
            if not self._console.is_terminal and phase in (BootPhase.READY, BootPhase.FAILED):
                self._console.print(f"{service}: {phase} after {self._seconds(service):.1f} s")

    def _seconds(self, service: str) -> float:
        started = self._started.get(service)
        if started is None:
            return 0.0
        return self._ended.get(service, time.monotonic()) - started

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for service, phase in self._phases.items():
            style, word = STYLES[phase]
            seconds = f"{self._seconds(service):.1f} s" if service in self._started else ""
            table.add_row(service, Text(word, style), Text(seconds, "dim", justify="right"))
        return table


def status_table(statuses: list[ServiceStatus]) -> Table:
    """Return the table of ``readmission status``."""
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0), caption="RSS, PSS in MiB")
    for heading in ("service", "state"):
        table.add_column(heading)
    for heading in ("pid", "up", "RSS", "PSS"):
        table.add_column(heading, justify="right")
    table.add_column("address", overflow="fold")
    for status in statuses:
        word = status.state if status.healthy or not status.pid else "not ready"
        table.add_row(
            status.service,
            Text(word, "green" if status.healthy else "red"),
            str(status.pid or ""),
            duration(status.seconds) if status.pid else "",
            _mebibytes(status.memory.rss),
            _mebibytes(status.memory.pss),
            status.url or "",
        )
    rss, pss = (sum(getattr(s.memory, kind) for s in statuses) for kind in ("rss", "pss"))
    table.add_row("all", "", "", "", _mebibytes(rss), _mebibytes(pss), "", style="bold")
    return table


def duration(seconds: float) -> str:
    """Return a duration in its largest unit: 42 s, 7 min, 3 h, 2 d."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _mebibytes(size: int) -> str:
    return f"{size / MEBIBYTE:,.0f}" if size else ""
