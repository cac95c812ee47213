"""The swap of the model in the evidence, with a stand-in for the API of two replicas."""

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from readmission.stack.evidence import swap
from readmission.stack.evidence.deployments import one_machine
from readmission.stack.evidence.deployments.deployment import Deployment
from readmission.stack.evidence.lines import NotAsExpected
from readmission.stack.evidence.report import Picture
from readmission.stack.evidence.views import View
from readmission.stack.site.site import Site


class Api(ThreadingHTTPServer):
    """Two replicas in turn, of which the second one follows a rollback three responses later."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.versions, self.late, self.responses, self.refusal = ["7", "5"], 0, 0, ""
        self.pinned: str | None = None

    def served(self) -> str:
        self.responses += 1
        if self.responses % 2 == 0 and self.late > 0:
            self.late -= 1
            return self.versions[1]
        return self.versions[0]


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        found = {"model_version": self.server.served(), "pinned": self.server.pinned}
        self.respond(200, found)

    def do_POST(self) -> None:
        if self.server.refusal or not self.headers["X-API-Key"]:
            self.respond(409, {"message": self.server.refusal})
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/unpin":
            self.server.pinned = None
        else:
            self.server.pinned = body["reason"]
            self.server.versions.reverse()
            self.server.late = 3
        self.respond(200, {"status": "changed"})

    def respond(self, status: int, body: dict[str, str | None]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests short."""


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def deployed(site: Site, api: Api, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    monkeypatch.setattr(swap.time, "sleep", lambda _seconds: None)
    return replace(one_machine.deployment(site), api=f"http://127.0.0.1:{api.server_port}")


def test_the_model_is_swapped_and_swapped_back(deployed: Deployment, api: Api) -> None:
    taken: list[View] = []

    def take(view: View) -> Picture:
        taken.append(view)
        return Picture(view.titles["en"], api.versions[0].encode())

    before, after = swap.pictures(deployed, take, "en")

    # then each picture waits for the version that all replicas serve
    assert (before.png, after.png) == (b"7", b"5")
    assert [view.shows for view in taken] == [r"text=/versi[oó]n 7\b/", r"text=/versi[oó]n 5\b/"]
    assert (api.versions, api.pinned) == (["7", "5"], None)


def test_a_picture_that_fails_leaves_the_first_version(deployed: Deployment, api: Api) -> None:
    def take(view: View) -> Picture:
        if view.shows.endswith(r"5\b/"):
            raise NotAsExpected("no browser")
        return Picture("before", b"png")

    _, after = swap.pictures(deployed, take, "es")

    assert after.problem == "no browser"
    assert api.versions == ["7", "5"]


def test_a_pin_that_stands_is_not_replaced(deployed: Deployment, api: Api) -> None:
    api.pinned = "version 7 is pinned by Dr. Osei: too many alarms"

    (after,) = swap.pictures(deployed, lambda _view: Picture("before", b"png"), "es")

    assert after.problem.startswith(api.pinned)
    assert (api.versions, api.pinned) == (["7", "5"], api.pinned)


def test_a_refused_rollback_is_said(deployed: Deployment, api: Api) -> None:
    api.refusal = "No version was promoted before this one."

    _, after = swap.pictures(deployed, lambda _view: Picture("before", b"png"), "es")

    assert after.problem == f"POST /rollback: {api.refusal}"


def test_a_replica_that_does_not_follow_is_said(
    deployed: Deployment, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swap, "SECONDS", 0)

    with pytest.raises(NotAsExpected, match="version 7 is still served"):
        swap.roll_back(deployed, "7")
