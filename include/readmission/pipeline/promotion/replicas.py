"""Query every replica of the API for the version that it serves."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from readmission.logs import trace_headers
from readmission.settings import Settings

TIMEOUT_SECONDS = 5.0
_PAUSE_SECONDS = 0.2
_CONFIRMATIONS = 3
"""Responses that must have the version; each may come from another process of the replica."""
_SHORTEST = 0.2
"""Seconds that the last request before the deadline may take."""


@dataclass(frozen=True)
class Served:
    """Whether all replicas serve a version.

    Parameters
    ----------
    version : str
        The version that they are to serve.
    others : dict of str to str
        What each replica does that does not serve it yet, by its address.
    replicas : int
        How many replicas there are.
    """

    version: str
    others: dict[str, str]
    replicas: int

    def __str__(self) -> str:
        if not self.others:
            whole = (
                "the API serves" if self.replicas == 1 else f"all {self.replicas} replicas serve"
            )
            return f"{whole} version {self.version}"
        named = ", ".join(f"{address} {what}" for address, what in sorted(self.others.items()))
        return (
            f"{len(self.others)} of {self.replicas} replicas do not serve version {self.version}"
            f" yet: {named}"
        )


def wait_until_served(version: str, settings: Settings, timeout: float = TIMEOUT_SECONDS) -> Served:
    """Wait until every replica serves a version, or until the timeout.

    Each is told to load the version that is in production, because it would notice only at its next
    poll of the registry.

    Parameters
    ----------
    version : str
        The version.
    settings : Settings
        ``api_replicas`` or, without it, the address of the API; and a key with the role admin.
    timeout : float
        Seconds after which those that do not serve it are named.
    """
    deadline = time.monotonic() + timeout
    addresses = list(addresses_of(settings))
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    # Replicas have no name of their own, and the API refuses names that it does not know.
    headers = {"X-API-Key": key, "Host": urlsplit(settings.api_url).netloc}
    headers |= trace_headers(settings)

    def lag(address: str) -> str | None:
        with httpx.Client(base_url=address, headers=headers, trust_env=False) as client:
            return _lag(client, version, deadline)

    with ThreadPoolExecutor(len(addresses)) as pool:
        found = dict(zip(addresses, pool.map(lag, addresses), strict=True))
    return Served(version, {a: what for a, what in found.items() if what}, len(addresses))


def addresses_of(settings: Settings) -> Iterator[str]:
    """Yield the address of each replica.

    A name that stands for several addresses, such as that of a headless Service, stands for as many
    replicas.
    """
    named = [one.strip() for one in settings.api_replicas.split(",") if one.strip()]
    if not named:
        yield settings.api_url
    for url in named:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        except OSError:
            yield url  # Named later as a replica that does not respond.
            continue
        for family, address in sorted({(one[0], str(one[4][0])) for one in found}):
            host = f"[{address}]" if family == socket.AF_INET6 else address
            yield f"{parts.scheme}://{host}:{port}"


def _lag(client: httpx.Client, version: str, deadline: float) -> str | None:
    """Wait until a replica serves a version; on timeout, return what it does instead."""
    with suppress(httpx.HTTPError):  # The loop below queries it in any case.
        client.post("/reload_model", timeout=max(deadline - time.monotonic(), _SHORTEST))
    while True:
        served = _serves(client, max(deadline - time.monotonic(), _SHORTEST))
        if served == version:
            return None
        if time.monotonic() + _PAUSE_SECONDS > deadline:
            return f"serves version {served}" if served else "does not respond"
        time.sleep(_PAUSE_SECONDS)


def _serves(client: httpx.Client, timeout: float) -> str | None:
    """Return what the processes of a replica serve, or None if one of them does not respond."""
    found: set[str] = set()
    for _ in range(_CONFIRMATIONS):
        try:
            response = client.get("/", headers={"Connection": "close"}, timeout=timeout)
            found.add(str(response.raise_for_status().json()["model_version"]))
        except (httpx.HTTPError, ValueError, KeyError):
            return None
    return " and ".join(sorted(found))
