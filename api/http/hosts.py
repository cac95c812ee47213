"""Allowed hosts: reject requests to other names, and those of other websites' pages."""

import re
from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import ApiError, ForeignOrigin, UnknownHost
from api.http.cross_origin import is_shared
from api.http.error_responses import error_response
from readmission.settings import LOOPBACK_HOSTS

MAX_ACCEPTED = 1_000
"""Accepted Host headers to remember; a client may send any port with an allowed name."""

_NAME_AND_PORT = re.compile(rb"(\[[0-9a-fA-F:.]+\]|[^\s:/@?#\[\]]+)(?::[0-9]+)?")


class AllowedHosts:
    """ASGI middleware: allows only requests whose Host header is a name of this service.

    Otherwise a website could point its own name at this service (DNS rebinding). A visitor's
    browser would let the website's scripts send requests and read the responses, because both have
    the same origin.

    A page of any website can also send a POST to this machine without reading the response.
    Browsers name the website in the Origin header, which must be a name of this service, too.

    Besides the names, the address at which a connection arrived is allowed: Prometheus and the
    probes of Kubernetes address a pod by its IP address.

    Parameters
    ----------
    app : ASGI application
        Handles the allowed requests.
    names : collection of str
        Names without ports, besides those of the loopback interface; ``*.example.org`` allows all
        names below ``example.org``.
    shared_with : collection of str
        Origins whose pages may use the endpoints of CDS Hooks.
    """

    def __init__(
        self, app: ASGIApp, names: Collection[str], shared_with: Collection[str] = ()
    ) -> None:
        self._app = app
        self._shared_with = frozenset(origin.encode() for origin in shared_with)
        lowered = [name.lower() for name in (*LOOPBACK_HOSTS, *names)]
        self._exact = frozenset(name for name in lowered if not name.startswith("*"))
        self._endings = tuple(name[1:] for name in lowered if name.startswith("*"))
        # Parsing takes longer than everything else here, so headers are parsed once.
        self._accepted: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] == "http" and (error := self._refusal(scope)):
            state = scope.setdefault("state", {})
            state["refusal"] = error.kind
            response = error_response(error, str(state.get("request_id", "")))
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> ApiError | None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not self._allows(hosts[0], scope):
            return UnknownHost()
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        if not all(self._allows_page(origin, scope) for origin in origins):
            return ForeignOrigin()
        return None

    def _allows_page(self, origin: bytes, scope: Scope) -> bool:
        if self._allows(origin.partition(b"://")[2], scope):
            return True
        return origin in self._shared_with and is_shared(scope)

    def _allows(self, host: bytes, scope: Scope) -> bool:
        if host in self._accepted:
            return True
        match = _NAME_AND_PORT.fullmatch(host)
        if match is None:
            return False
        name = match[1].decode("latin-1").lower().rstrip(".")
        allowed = name in self._exact or name.endswith(self._endings) or name == _arrived_at(scope)
        if allowed and len(self._accepted) < MAX_ACCEPTED:
            self._accepted.add(host)
        return allowed


def _arrived_at(scope: Scope) -> str | None:
    """Return the address of this end of the connection, as a Host header has it."""
    server = scope.get("server")
    if server is None:
        return None
    # A socket for both versions of IP gives IPv4 addresses in the form of IPv6.
    address: str = server[0].removeprefix("::ffff:")
    return f"[{address}]" if ":" in address else address
