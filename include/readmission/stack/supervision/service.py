"""The definition of one service of the stack, and a readiness probe over HTTP."""

import http.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from readmission.stack.site.ports import HOST

ReadinessProbe = Callable[[float], bool]
"""Returns whether a service is ready; called with the start time of its process (epoch seconds)."""


@dataclass(frozen=True)
class Service:
    """One supervised process.

    Parameters
    ----------
    name : str
        Its name on the command line and in messages.
    command : tuple of str
        Program and arguments; no secrets, because any user can read a command line.
    ready : ReadinessProbe
        Returns whether it can be used.
    needs : tuple of str
        Services that must be ready before this one starts.
    environment : mapping of str to str
        Added to the inherited environment; may contain secrets.
    port : int, optional
        The port it listens on.
    port_setting : str, optional
        The setting that changes the port.
    url : str, optional
        Its address, as `readmission status` shows it.
    prepare, finish : callable
        Called right before it starts, and once it is ready.
    one_shot : bool
        Whether it exits by itself; it is ready once it has exited with code 0.
    folder, user : optional
        Working directory and user, if not the stack's folder and the caller.
    stop_signal : str
        Signal that stops it.
    stop_seconds : int
        Seconds after which it is killed if it has not stopped.
    start_timeout : float
        Seconds after which it counts as failed if it is not ready.
    """

    name: str
    command: tuple[str, ...]
    ready: ReadinessProbe
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
    start_timeout: float = 300


def http_probe(
    port: int, path: str, headers: Mapping[str, str] = MappingProxyType({})
) -> ReadinessProbe:
    """Return a probe that passes if a local URL responds without a server error."""

    def probe(_started: float) -> bool:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", path, headers=dict(headers))
            return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe
