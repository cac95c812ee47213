"""Locks an address out of Airflow's login after repeated failures.

Airflow's login has no limit of its own, so a program could try passwords as fast as the server
responds.
"""

import logging
from collections import Counter
from typing import TYPE_CHECKING

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

FAILURES = 10
"""Failed logins of one address after which further ones are refused."""
SECONDS = 300
"""How long they are refused, from the last failure on."""
MAX_ADDRESSES = 10_000
"""Largest number of addresses that are remembered; above it, the oldest is dropped."""
_LOGINS = ("/auth/token", "/auth/token/cli")
_UNAUTHORIZED = 401


class LoginLockout:
    """ASGI middleware that counts failed logins by address, in the memory of each process.

    Logins in progress count, too: a program cannot get around the limit by trying many passwords
    at the same time.

    Parameters
    ----------
    app : ASGI application
        Handles the request.
    """

    def __init__(self, app: "ASGIApp") -> None:
        from cachetools import TTLCache

        self._app = app
        self._failures: TTLCache[str, int] = TTLCache(MAX_ADDRESSES, SECONDS)
        self._running: Counter[str] = Counter()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Serve one connection event."""
        if scope["type"] != "http" or scope["method"] != "POST" or not _is_login(scope):
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        address = client[0] if client else "unknown"
        if self._failures.get(address, 0) + self._running[address] >= FAILURES:
            await _refuse(scope, receive, send)
            return

        async def counting(message: "Message") -> None:
            if message["type"] == "http.response.start" and message["status"] == _UNAUTHORIZED:
                self._count(address)
            await send(message)

        self._running[address] += 1
        try:
            await self._app(scope, receive, counting)
        finally:
            self._running[address] -= 1
            self._running += Counter()  # Drops addresses without a login.

    def _count(self, address: str) -> None:
        failures = self._failures[address] = self._failures.get(address, 0) + 1
        if failures == FAILURES:
            log.warning("%s is locked out of the login: %d failures", address, failures)


def _is_login(scope: "Scope") -> bool:
    path: str = scope["path"]
    return path.rstrip("/").endswith(_LOGINS)


async def _refuse(scope: "Scope", receive: "Receive", send: "Send") -> None:
    from starlette.responses import JSONResponse

    detail = f"{FAILURES} logins from this address failed; try again in {SECONDS // 60} minutes"
    headers = {"retry-after": str(SECONDS)}
    await JSONResponse({"detail": detail}, 429, headers)(scope, receive, send)


class Lockout(AirflowPlugin):
    """Registers the middleware for every request to the API server."""

    name = "login_lockout"
    fastapi_root_middlewares = [  # noqa: RUF012
        {"middleware": LoginLockout, "name": "Login lockout"}
    ]
