"""Processes of one stack, found even when their supervisor has died.

Children of a killed supervisord live on. Most carry the stack's mark in their
environment; PostgreSQL and Airflow overwrite theirs when they set a process title, and
are known by their working directory and program instead.
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


def members(home: Path, folders: Iterable[Path]) -> list[psutil.Process]:
    """Return all living processes of a stack, this one and its parents excepted.

    Parameters
    ----------
    home : Path
        The stack's state folder.
    folders : iterable of Path
        Working directories that only the stack's own programs have.
    """
    excepted = {os.getpid(), *(p.pid for p in psutil.Process().parents())}
    rooms = tuple(str(folder.resolve()) for folder in folders)
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        if process.pid not in found and _belongs(process, str(home), rooms):
            found[process.pid] = process
            for child in _children(process):
                found[child.pid] = child
    return [process for pid, process in found.items() if pid not in excepted]


def _belongs(process: psutil.Process, home: str, rooms: tuple[str, ...]) -> bool:
    try:
        if process.environ().get(MARK) == home:
            return True
    except psutil.Error:
        pass
    try:
        return process.cwd() in rooms and Path(process.exe()).name in PROGRAMS
    except psutil.Error:
        return False


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def group(process: psutil.Process) -> int:
    """Return the process group of a process; 0 if it has ended."""
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return 0


def end(processes: list[psutil.Process], seconds: float = 5) -> None:
    """Ask processes to end, and kill those that have not after a while."""
    for process in processes:
        # SIGTERM asks PostgreSQL to wait for its clients, SIGINT does not.
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
class Usage:
    """Memory of a process and its descendants, in bytes.

    Parameters
    ----------
    rss : int
        Resident memory; pages shared between processes are counted in each.
    pss : int
        Proportional memory; shared pages are divided among their users. Equal to
        `rss` where the system does not tell.
    """

    rss: int = 0
    pss: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.rss + other.rss, self.pss + other.pss)


def usage(pid: int) -> Usage:
    """Return the memory used by a process and all its descendants."""
    try:
        root = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return Usage()
    return sum((_own_usage(process) for process in [root, *_children(root)]), Usage())


def _own_usage(process: psutil.Process) -> Usage:
    try:
        memory = process.memory_full_info()
        return Usage(memory.rss, getattr(memory, "pss", memory.rss))
    except psutil.AccessDenied:
        return Usage(process.memory_info().rss, process.memory_info().rss)
    except psutil.Error:
        return Usage()
