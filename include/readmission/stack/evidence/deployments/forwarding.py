"""Forwards ports of this machine to a cluster's services while the evidence is collected.

A node's address does not always lead to them: overlays close NodePorts, and on macOS and Windows
Minikube's node is in a network of its own.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from threading import Thread
from typing import IO, cast
from urllib.parse import urlsplit

import httpx

from readmission.stack.evidence.lines import NotAsExpected
from readmission.stack.site.ports import HOST


@contextmanager
def forwarded(
    kubectl: Sequence[str], services: Mapping[str, tuple[str, int]]
) -> Iterator[dict[str, str]]:
    """Forward a free port of this machine to each service, until the block ends.

    Parameters
    ----------
    kubectl : sequence of str
        The program, and the options that name cluster and namespace.
    services : mapping of str to (str, int)
        Each service and its port.

    Yields
    ------
    dict of str to str
        The address of each.

    Raises
    ------
    NotAsExpected
        If a service does not exist, or none of its pods runs.
    """
    with ExitStack() as running:
        yield {
            name: running.enter_context(_forwarded(kubectl, *service))
            for name, service in services.items()
        }


def required_host(address: str) -> str:
    """Return the host to which a server redirects requests for this machine; empty if to none.

    In a cluster, Grafana responds only for the address of a node or the name of the ingress.
    """
    with suppress(httpx.HTTPError), httpx.Client(timeout=30, trust_env=False) as http:
        host = urlsplit(http.get(address).headers.get("Location", "")).hostname
        return "" if host in (None, HOST) else str(host)
    return ""


@contextmanager
def _forwarded(kubectl: Sequence[str], service: str, port: int) -> Iterator[str]:
    command = [*kubectl, "port-forward", f"--address={HOST}", f"service/{service}", f":{port}"]
    with subprocess.Popen(  # noqa: S603 - our own arguments
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            printed = cast("IO[str]", process.stdout)
            line = printed.readline().strip()
            found = re.match(rf"Forwarding from ({re.escape(HOST)}:\d+) ", line)
            if not found:
                raise NotAsExpected(f"{service} cannot be reached: {line or 'kubectl ended'}")
            # kubectl prints a line for each connection; unread, they would fill the pipe.
            Thread(target=printed.read, daemon=True).start()
            yield f"http://{found[1]}"
        finally:
            process.terminate()
