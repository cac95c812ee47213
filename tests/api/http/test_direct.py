"""Direct routes respond like FastAPI's usual routes, without its router."""

import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.testclient import TestClient

from api.errors import RateLimited
from api.http import error_responses
from api.http.direct import DirectRoute, DirectRouting


async def greet(request: Request) -> Response:
    """Return the body, or raise an error."""
    body = await request.body()
    if body == b"too many":
        raise RateLimited(1)
    return Response(body)


def service(*, direct: bool) -> FastAPI:
    """Return a service with one direct route, with or without the middleware."""
    app, router = FastAPI(), APIRouter(route_class=DirectRoute)
    router.post("/greet")(greet)
    if direct:
        app.add_middleware(DirectRouting, routes=app.routes)
    error_responses.install(app)
    app.include_router(router)
    return app


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/greet", b"hello", 200),
        ("POST", "/greet", b"too many", 429),
        ("GET", "/greet", b"", 405),
        ("POST", "/nowhere", b"", 404),
    ],
)
def test_both_paths_respond_alike(method: str, path: str, body: bytes, status: int) -> None:
    # given the same service with and without the middleware
    direct, usual = (TestClient(service(direct=with_direct)) for with_direct in (True, False))
    # when both get the same request
    responses = [client.request(method, path, content=body) for client in (direct, usual)]
    # then their responses are equal
    assert [response.status_code for response in responses] == [status, status]
    assert responses[0].content == responses[1].content
    assert responses[0].headers == responses[1].headers


def test_a_direct_route_does_not_use_the_router() -> None:
    # given a service whose router has no routes
    app = service(direct=True)
    client = TestClient(app)
    assert client.post("/greet", content=b"hello").status_code == 200
    app.router.routes.clear()
    # when a direct route is called, then it responds all the same
    assert client.post("/greet", content=b"hello").content == b"hello"


def test_an_unexpected_error_is_left_to_the_request_boundary() -> None:
    # given a direct endpoint that fails
    app = service(direct=True)

    async def fail(_request: Request) -> Response:
        raise ZeroDivisionError

    app.router.add_api_route("/fail", fail, methods=["POST"], route_class_override=DirectRoute)
    # when it is called, then the error propagates
    with pytest.raises(ZeroDivisionError):
        TestClient(app).post("/fail")
