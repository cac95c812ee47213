"""A Dask cluster of processes for tests, whose scheduler and workers can be killed."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from readmission.modelling.fitting import cluster as connecting
from readmission.settings import CHECKOUT
from readmission.stack.site.ports import free_ports

HOST = "127.0.0.1"


class DaskProcesses:
    """A scheduler and workers, each a process of its own.

    Parameters
    ----------
    folder : Path
        For their logs and what workers spill.
    tls : Path, optional
        Folder with ca.crt, tls.crt and tls.key.
    """

    def __init__(self, folder: Path, tls: Path | None = None) -> None:
        (port,) = free_ports(1)
        self.folder, self._port, self._tls = folder, port, tls
        self.address = f"{'tls' if tls else 'tcp'}://{HOST}:{port}"
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def start(self, workers: int) -> None:
        """Start the scheduler, unless it runs, and some more workers."""
        if self.scheduler is None:
            options = ["--host", HOST, "--port", str(self._port), "--no-dashboard", "--no-show"]
            self.scheduler = self._run("scheduler", *options)
        for _ in range(workers):
            self.workers.append(
                self._run(
                    *("worker", self.address, "--nthreads", "1", "--memory-limit", "1GiB"),
                    *("--no-nanny", "--no-dashboard", "--death-timeout", "20"),
                    *("--local-directory", str(self.folder)),
                )
            )

    def kill_worker(self) -> None:
        """Kill the worker that was started first, as a node that is lost does."""
        _kill(self.workers.pop(0))

    def kill_scheduler(self) -> None:
        """Kill the scheduler."""
        assert self.scheduler is not None
        _kill(self.scheduler)
        self.scheduler = None

    def stop(self) -> None:
        """Kill everything."""
        if self.scheduler is not None:
            self.kill_scheduler()
        while self.workers:
            self.kill_worker()

    def _run(self, *command: str) -> "subprocess.Popen[bytes]":
        log = (self.folder / f"{command[0]}-{time.monotonic_ns()}.log").open("wb")
        safe = []
        if self._tls:
            safe = ["--tls-ca-file", str(self._tls / "ca.crt")]
            safe += ["--tls-cert", str(self._tls / "tls.crt")]
            safe += ["--tls-key", str(self._tls / "tls.key")]
        path = [str(CHECKOUT / "include"), str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *command, *safe],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))},
            stdout=log,
            stderr=log,
        )


def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait(30)


@contextmanager
def dask_processes(folder: Path, workers: int, tls: Path | None = None) -> Iterator[DaskProcesses]:
    """Start a scheduler and workers, and kill them at the end."""
    cluster = DaskProcesses(folder, tls)
    try:
        cluster.start(workers)
        # On a busy machine, the imports of a worker take longer than anybody wants to wait.
        with patch.object(connecting, "PATIENCE_SECONDS", 150):
            yield cluster
    finally:
        cluster.stop()
