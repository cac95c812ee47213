"""Find and end the processes of one stack, even after their supervisor was killed.

The children of a killed supervisord keep running. Most are found by an environment variable.
PostgreSQL and Airflow overwrite their environment when they set a process title; they are found by
their working directory and program instead.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

MARK = "STACK_STATE_DIR"
"""Environment variable that names the state folder in every process of a stack."""
PROGRAMS = frozenset({"postgres", "weed", Path(sys.executable).resolve().name})


def stack_processes(home: Path, folders: Iterable[Path]) -> list[psutil.Process]:
    """Return all running processes of a stack, except the current one and its parents.

    Parameters
    ----------
    home : Path
        The stack's state folder.
    folders : iterable of Path
        Working directories that only the stack's own programs use.
    """
    excluded = {os.getpid(), *(p.pid for p in psutil.Process().parents())}
    resolved = tuple(str(folder.resolve()) for folder in folders)
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        if process.pid not in found and _belongs(process, str(home), resolved):
            found[process.pid] = process
            for child in _children(process):
                found[child.pid] = child
    return [process for pid, process in found.items() if pid not in excluded]


def _belongs(process: psutil.Process, home: str, folders: tuple[str, ...]) -> bool:
    try:
        if process.environ().get(MARK) == home:
            return True
    except psutil.Error:
        pass
    try:
        return process.cwd() in folders and Path(process.exe()).name in PROGRAMS
    except psutil.Error:
        return False


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def process_group(process: psutil.Process) -> int:
    """Return the process group of a process; 0 if it has ended."""
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return 0


def terminate(processes: list[psutil.Process], seconds: float = 5) -> None:
    """Signal processes to end, and kill those that have not ended after `seconds`."""
    for process in processes:
        # On SIGTERM, PostgreSQL waits until its clients disconnect; on SIGINT it does not.
        _signal(process, signal.SIGINT if _name(process) == "postgres" else signal.SIGTERM)
    _, stubborn = psutil.wait_procs(processes, timeout=seconds)
    for process in stubborn:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=seconds)


def _signal(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return ""


@dataclass(frozen=True)
class MemoryUsage:
    """Memory of a process and its descendants, in bytes.

    Parameters
    ----------
    rss : int
        Resident memory; shared pages count in full for each process.
    pss : int
        Proportional memory; shared pages are divided among the processes that share them.
        Equal to `rss` where the system does not report it.
    """

    rss: int = 0
    pss: int = 0

    def __add__(self, other: "MemoryUsage") -> "MemoryUsage":
        return MemoryUsage(self.rss + other.rss, self.pss + other.pss)


def memory_usage(pid: int) -> MemoryUsage:
    """Return the memory used by a process and all its descendants."""
    try:
        root = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return MemoryUsage()
    return sum((_own_memory(process) for process in [root, *_children(root)]), MemoryUsage())


def _own_memory(process: psutil.Process) -> MemoryUsage:
    try:
        memory = process.memory_full_info()
        return MemoryUsage(memory.rss, getattr(memory, "pss", memory.rss))
    except psutil.AccessDenied:
        return MemoryUsage(process.memory_info().rss, process.memory_info().rss)
    except psutil.Error:
        return MemoryUsage()
