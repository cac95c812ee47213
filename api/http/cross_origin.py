"""The endpoints of CDS Hooks for pages of other websites, which call them from a browser."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

SHARED = "/cds-services"
"""Path of the endpoints, and what the paths below it begin with."""
ACCEPTED_HEADERS = ("Authorization", "Content-Type", "X-API-Key", "X-Request-ID")


def is_shared(scope: Scope) -> bool:
    """Whether a request is for one of the endpoints that other websites' pages may use."""
    path: str = scope["path"]
    return path == SHARED or path.startswith(f"{SHARED}/")


class SharedServices:
    """ASGI middleware: lets browsers pass what CDS Hooks answers to pages of named origins.

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
        # A page in the Internet may call a service in the hospital's own network only if that
        # agrees (Private Network Access).
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
