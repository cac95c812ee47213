"""What the stack knows about one of its processes."""

import http.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from readmission.stack.site.ports import HOST

Check = Callable[[float], bool]
"""Answers whether a service is ready; receives when its process started, in epoch seconds."""


@dataclass(frozen=True)
class Service:
    """One supervised process.

    Parameters
    ----------
    name : str
        How people call it.
    command : tuple of str
        Program and arguments; never a secret, everyone can read a command line.
    ready : Check
        Whether it can be used.
    needs : tuple of str
        Services that must be ready before this one starts.
    environment : mapping of str to str
        Added to the environment, may hold secrets.
    port : int, optional
        The port it listens on.
    port_setting : str, optional
        The setting that changes the port.
    url : str, optional
        Where people or programs reach it.
    prepare, finish : callable
        Work of this process right before the start, and once it is ready.
    one_shot : bool
        Whether it ends by itself; it is then ready when it ended well.
    folder, user : optional
        Where and as whom it runs, if not in the stack's folder as the caller.
    stop_signal : str
        How it is asked to end.
    stop_seconds : int
        How long it may take before it is killed.
    patience : float
        Seconds until a service that is not ready is given up.
    """

    name: str
    command: tuple[str, ...]
    ready: Check
    needs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    port: int | None = None
    port_setting: str | None = None
    url: str | None = None
    prepare: Callable[[], None] | None = None
    finish: Callable[[], None] | None = None
    one_shot: bool = False
    folder: Path | None = None
    user: str | None = None
    stop_signal: str = "TERM"
    stop_seconds: int = 10
    patience: float = 300


def answers(port: int, path: str) -> Check:
    """Return a check that a page of the loopback interface answers without a server error."""

    def check(_started: float) -> bool:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return check
