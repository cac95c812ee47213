"""Choose free ports and report ports that are in use."""

import contextlib
import json
import random
import socket
import time
from collections.abc import Collection
from itertools import islice
from pathlib import Path

import psutil

from readmission.stack.errors import PortTaken
from readmission.stack.site.paths import write_private

HOST = "127.0.0.1"
# Below the ports that Kubernetes' nodes use and that systems give to outgoing connections (from
# 32768 on Linux): one of those would take a port between its choice and the start of its service.
CHOICE = range(10_000, 30_000)
ENDING_SECONDS = 5.0
"""How long a port may be in use by no process that can be found: one that was killed is ending."""


def is_free(port: int) -> bool:
    """Return whether this port of the loopback interface is free."""
    with socket.socket() as probe:
        # Otherwise the port of a server that has just stopped would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_ports(count: int, avoid: Collection[int] = ()) -> list[int]:
    """Return `count` different free ports of `CHOICE` at random, none of them in `avoid`."""
    shuffled = random.SystemRandom().sample(CHOICE, len(CHOICE))
    free = (port for port in shuffled if port not in avoid and is_free(port))
    return list(islice(free, count))


def load_ports(path: Path) -> dict[str, int]:
    """Return the saved ports by name; empty if none have been chosen yet."""
    return json.loads(path.read_text()) if path.exists() else {}


def choose_ports(path: Path, names: Collection[str], avoid: Collection[int]) -> None:
    """Choose and save a free port for each name, unless the saved ports are still free.

    Parameters
    ----------
    path : Path
        File that saves the ports.
    names : collection of str
        Names of the ports.
    avoid : collection of int
        Ports reserved for other services.
    """
    saved = load_ports(path)
    usable = set(map(is_free, saved.values())) == {True} and not set(saved.values()) & set(avoid)
    if saved.keys() != set(names) or not usable:
        chosen = dict(zip(names, free_ports(len(names), avoid), strict=True))
        write_private(path, json.dumps(chosen))


def require_free(service: str, port: int, setting: str) -> None:
    """Check that the port of a service that is about to start is free.

    Raises
    ------
    PortTaken
        If it is in use; names the program and the setting that changes the port.
    """
    deadline = time.monotonic() + ENDING_SECONDS
    while not is_free(port):
        user = _user_of(port)
        if user or time.monotonic() > deadline:
            raise PortTaken(
                f"port {port} of {service} is in use{user}; stop that program or set "
                f"{setting} to another port"
            )
        time.sleep(0.1)


def _user_of(port: int) -> str:
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and connection.pid and getattr(connection.laddr, "port", None) == port:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""
