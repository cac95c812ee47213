"""Ports: which are free, who holds those that are not, and which setting changes them."""

import contextlib
import json
import socket
from collections.abc import Collection
from pathlib import Path

import psutil

from readmission.stack.errors import PortTaken
from readmission.stack.site.paths import write_private

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Return whether a server could listen on this port of the loopback interface."""
    with socket.socket() as probe:
        # Without it, a server that has just stopped would look like one that runs.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_ports(count: int, avoid: Collection[int] = ()) -> list[int]:
    """Return `count` different free ports, none of them in `avoid`."""
    probes: list[socket.socket] = []
    found: list[int] = []
    try:
        while len(found) < count:
            probe = socket.socket()
            probes.append(probe)
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
            if port not in avoid:
                found.append(port)
    finally:
        for probe in probes:
            probe.close()
    return found


def kept_ports(path: Path) -> dict[str, int]:
    """Return the ports that were chosen before, by name."""
    return json.loads(path.read_text()) if path.exists() else {}


def choose_ports(path: Path, names: Collection[str], avoid: Collection[int]) -> None:
    """Choose and keep one free port a name, unless those of the last time can be had.

    Parameters
    ----------
    path : Path
        Where they are kept.
    names : collection of str
        What needs a port.
    avoid : collection of int
        Ports that are meant for something else.
    """
    kept = kept_ports(path)
    usable = set(map(is_free, kept.values())) == {True} and not set(kept.values()) & set(avoid)
    if kept.keys() != set(names) or not usable:
        chosen = dict(zip(names, free_ports(len(names), avoid), strict=True))
        write_private(path, json.dumps(chosen))


def require_free(service: str, port: int, setting: str) -> None:
    """Check that nobody listens on the port of a service that is about to start.

    Raises
    ------
    PortTaken
        Naming the port, who holds it and the setting that moves the service.
    """
    if not is_free(port):
        raise PortTaken(
            f"port {port} of {service} is taken{_holder(port)}; stop that program or set "
            f"{setting} to another port"
        )


def _holder(port: int) -> str:
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and connection.pid and getattr(connection.laddr, "port", None) == port:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""
