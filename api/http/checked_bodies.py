"""A route whose body FastAPI reads: with a limit on its size, and no field twice."""

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

from api.contract.protocols.json_objects import parse_object
from api.http.direct import Handler
from api.http.transport import read_json_body


class CheckedBodyRoute(APIRoute):
    """Reads and checks the JSON body before FastAPI does.

    FastAPI reads a declared body of any size before the dependencies, so before the API key is
    checked, and keeps the last value of a field that is sent twice.
    """

    def get_route_handler(self) -> Handler:
        """Return FastAPI's handler, which gets a body that was checked."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def checked(request: Request) -> Response:
            body = await read_json_body(request)
            if body:
                parse_object(body)

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request(request.scope, receive))

        return checked
