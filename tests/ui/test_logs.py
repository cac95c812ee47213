"""The app's log: requests under the id that the API logs too, and nothing that people entered."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from readmission.settings import CHECKOUT, PREFIX
from readmission.stack.site.ports import free_ports
from tests.api.serving import Service, wait_for

PATIENCE = 60
ENTERED, NAME = "V57", "swordfish.csv"
LINE = "Ada Mauve,1864209753"

# One session: open the page, predict, upload a file that is refused, run into an error.
SESSION = f"""
import sys
sys.path.insert(0, {str(CHECKOUT)!r})
from ui.__main__ import configure_logging
configure_logging()
from streamlit import config
config.set_option("logger.enableRich", False)  # an option of the server
from streamlit.testing.v1 import AppTest
from tests.ui.pages import FILES, press, switch_to, widget
from ui.client import ApiClient
page = AppTest.from_file({str(CHECKOUT / "ui" / "app.py")!r}, default_timeout=120).run()
widget(page, "diag_1").select({ENTERED!r}).run()
press(page, "Predict")
switch_to(page, FILES)
page.file_uploader[0].upload({NAME!r}, b"name,number\\n{LINE}\\n", "text/csv").run()
press(page, "Predict file")
page.session_state["file_job"].join(60)
def fail(client):
    raise ValueError("cannot show {ENTERED}")
ApiClient.schema = fail
page.run()
assert page.exception
"""
OPENING = SESSION.partition("widget(page")[0]
"""The part of the session that only opens a page."""


def log_of(session: str, **settings: str) -> list[dict[str, Any]]:
    """Run a session in a process of its own; return the lines it logs, all of them JSON."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    done = subprocess.run(
        [sys.executable, "-c", session],
        cwd=CHECKOUT,
        env=others | {PREFIX + name: value for name, value in settings.items()},
        capture_output=True, text=True, timeout=2 * PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    for secret in (ENTERED, NAME, *LINE.split(",")):
        assert secret not in done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    # The test driver runs pages without Streamlit's server, which Streamlit warns about.
    return [line for line in lines if "missing ScriptRunContext" not in line["message"]]


@pytest.fixture(scope="module")
def session_log(api: Service) -> list[dict[str, Any]]:
    """The log of the whole session."""
    return log_of(SESSION, API_URL=api.url)


def in_api_log(api: Service, request_id: str) -> dict[str, Any]:
    """Return the API's log line for a request."""
    deadline = time.monotonic() + PATIENCE
    while True:
        lines = [json.loads(line) for line in api.log.read_text().splitlines()]
        if found := [line for line in lines if line.get("request_id") == request_id]:
            return found[-1]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_app_and_api_log_a_request_under_one_id(
    api: Service, session_log: list[dict[str, Any]]
) -> None:
    requests = [line for line in session_log if "action" in line]
    assert [(line["action"], line["result"]) for line in requests] == [
        ("POST /explain", "ok"),
        ("POST /predict/batch", "refused: malformed"),
    ]
    for line, status in zip(requests, (200, 400), strict=True):
        there = in_api_log(api, line["request_id"])
        assert (there["status"], there["service"], line["service"]) == (status, "api", "ui")
        assert f"POST {there['route']}" == line["action"]


def test_an_exception_is_logged_with_its_places_but_not_its_message(
    session_log: list[dict[str, Any]],
) -> None:
    (broken,) = [line for line in session_log if line["level"] == "ERROR"]
    assert broken["logger"].startswith("streamlit")
    assert "ValueError at " in broken["error"]
    assert "ui/views/files.py" in broken["error"]


def test_successful_get_requests_are_logged_at_debug_level_only(api: Service) -> None:
    normal = log_of(OPENING, API_URL=api.url)
    detailed = log_of(OPENING, API_URL=api.url, LOG_LEVEL="debug")

    assert normal == []
    assert {line["action"] for line in detailed} == {"GET /schema", "GET /health"}


def test_an_unavailable_api_is_logged() -> None:
    (line,) = log_of(OPENING, API_URL=f"http://127.0.0.1:{free_ports(1)[0]}")

    assert (line["action"], line["result"]) == ("GET /schema", "unavailable")


def test_the_server_logs_nothing_but_json(
    api: Service, tmp_path: Path, point_at: Callable[..., None]
) -> None:
    point_at(api.url)
    (port,), log = free_ports(1), tmp_path / "log"
    command = [sys.executable, "-m", "ui", "--server.address", "127.0.0.1", "--server.port"]
    with log.open("wb") as sink:
        server = subprocess.Popen(
            [*command, str(port)], cwd=CHECKOUT, stdout=sink, stderr=subprocess.STDOUT
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/_stcore/health", 200, server, log)
        httpx.get(f"{url}/?diag_1={ENTERED}", trust_env=False)
        httpx.get(f"{url}/_stcore/nothing?diag_1={ENTERED}", trust_env=False)
    finally:
        server.terminate()
        server.wait(PATIENCE)

    assert ENTERED not in log.read_text()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["service"] for line in lines} == {"ui"}
    assert "Shutting down" in [line["message"] for line in lines]
