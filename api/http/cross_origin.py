"""The endpoints of CDS Hooks for pages of other websites, which call them from a browser."""

from collections.abc import Iterable, Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

SHARED = "/cds-services"
"""Path of the list of services; the paths of the services are below it."""
ACCEPTED_HEADERS = ("Authorization", "Content-Type", "X-API-Key", "X-Request-ID")


def is_shared(scope: Scope) -> bool:
    """Whether a request is for one of the endpoints that other websites' pages may use."""
    path: str = scope["path"]
    return path == SHARED or path.startswith(f"{SHARED}/")


def as_browsers_send(origins: Iterable[str]) -> tuple[str, ...]:
    """Return origins without the default port of their scheme, which no browser sends."""
    ports = {"http": ":80", "https": ":443"}
    return tuple(one.removesuffix(ports[one.partition(":")[0]]) for one in origins)


class SharedServices:
    """ASGI middleware: lets pages of named origins read the responses of CDS Hooks in a browser.

    The specification asks for it (CORS): the public sandbox and some EHRs call a service from the
    user's browser. All other paths stay closed to such pages, and without origins nothing changes.

    Parameters
    ----------
    app : ASGI application
        Handles the requests.
    origins : sequence of str
        Such as ``https://sandbox.cds-hooks.org``.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        # Chromium lets a page of the Internet call a service in the hospital's own network only if
        # the service agrees (Private Network Access).
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=ACCEPTED_HEADERS,
            allow_private_network=True,
            expose_headers=("X-Request-ID", "Retry-After"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        is_open = scope["type"] == "http" and is_shared(scope)
        await (self._shared if is_open else self._app)(scope, receive, send)
