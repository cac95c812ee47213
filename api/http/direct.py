"""Short ways: an endpoint that takes the request, returns the response and wants nothing else."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import ApiError
from api.http.error_responses import respond_to_api_error

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class DirectRoute(APIRoute):
    """Documented like any other route; nothing is injected, so nothing has to be looked for."""

    def get_route_handler(self) -> Handler:
        """Return the endpoint itself."""
        handler: Handler = self.endpoint
        return handler


class DirectWay:
    """ASGI middleware: brings requests for direct routes straight to their endpoints.

    All others go the usual way through router, exit stacks and handlers of errors, which takes
    longer than a prediction. Refusals look the same on both.

    Parameters
    ----------
    app : ASGI application
        The usual way.
    routes : iterable of BaseRoute
        All routes; those that are direct and without parameters in their path are picked.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._routes = {
            (method, route.path): route
            for route in routes
            if isinstance(route, DirectRoute) and not route.param_convertors
            for method in route.methods
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        route = scope["type"] == "http" and self._routes.get((scope["method"], scope["path"]))
        if not route:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        request = Request(scope, receive, send)
        try:
            response = await route.endpoint(request)
        except ApiError as refusal:
            response = await respond_to_api_error(request, refusal)
        await response(scope, receive, send)
