"""A route whose body FastAPI reads: with a limit on its size, and no field twice."""

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

from api.contract.protocols.json_objects import parse_object
from api.http.direct import Handler
from api.http.transport import CONTENT_TYPE, JSON, read_json_body

_EMPTY = b"{}"


class CheckedBodyRoute(APIRoute):
    """Reads and checks the JSON body before FastAPI does.

    FastAPI reads a declared body of any size before the dependencies, so before the API key is
    checked, and keeps the last value of a field that is sent twice. A request without a body counts
    as one without fields, so that the response names those that are missing.
    """

    def get_route_handler(self) -> Handler:
        """Return FastAPI's handler, which gets a body that was checked."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def checked(request: Request) -> Response:
            body = await read_json_body(request) or _EMPTY
            parse_object(body)

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            headers = [pair for pair in request.scope["headers"] if pair[0] != CONTENT_TYPE]
            headers.append((CONTENT_TYPE, JSON.encode()))
            return await handle(Request({**request.scope, "headers": headers}, receive))

        return checked
