"""What the pages log of what people do: an id that the service has too, and nothing they enter."""

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

# A reader of the page: looks, answers the form, is refused, sends a file, breaks the page.
READER = f"""
import sys
sys.path.insert(0, {str(CHECKOUT)!r})
from ui.__main__ import log_as_we_do
log_as_we_do()
from streamlit import config
config.set_option("logger.enableRich", False)  # an option of the server
from streamlit.testing.v1 import AppTest
from tests.ui.pages import FILES, press, turn_to, widget
from ui.client import ApiClient
page = AppTest.from_file({str(CHECKOUT / "ui" / "app.py")!r}, default_timeout=120).run()
widget(page, "diag_1").select({ENTERED!r}).run()
press(page, "Predict")
turn_to(page, FILES)
page.file_uploader[0].upload({NAME!r}, b"name,number\\n{LINE}\\n", "text/csv").run()
press(page, "Predict file")
page.session_state["file_job"].join(60)
def fail(client):
    raise ValueError("cannot show {ENTERED}")
ApiClient.describe = fail
page.run()
assert page.exception
"""


def read(program: str, **settings: str) -> list[dict[str, Any]]:
    """Run a reader; return what the page has logged, of which every line is JSON."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=CHECKOUT,
        env=others | {PREFIX + name: value for name, value in settings.items()},
        capture_output=True, text=True, timeout=2 * PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    for secret in (ENTERED, NAME, *LINE.split(",")):
        assert secret not in done.stderr
    said = [json.loads(line) for line in done.stderr.splitlines()]
    # The test driver runs a page where Streamlit misses its server.
    return [line for line in said if "missing ScriptRunContext" not in line["message"]]


@pytest.fixture(scope="module")
def said(api: Service) -> list[dict[str, Any]]:
    """What one reader's visit leaves in the log."""
    return read(READER, API_URL=api.url)


def in_service(api: Service, request_id: str) -> dict[str, Any]:
    """Return the line of a request in the service's log."""
    deadline = time.monotonic() + PATIENCE
    while True:
        lines = [json.loads(line) for line in api.log.read_text().splitlines()]
        if found := [line for line in lines if line.get("request_id") == request_id]:
            return found[-1]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_is_done_is_logged_here_and_in_the_service_under_one_id(
    api: Service, said: list[dict[str, Any]]
) -> None:
    done = [line for line in said if "action" in line]
    assert [(line["action"], line["outcome"]) for line in done] == [
        ("POST /explain", "answered"),
        ("POST /predict/batch", "refused: malformed"),
    ]
    for line, status in zip(done, (200, 400), strict=True):
        there = in_service(api, line["request_id"])
        assert (there["status"], there["service"], line["service"]) == (status, "api", "ui")
        assert f"POST {there['route']}" == line["action"]


def test_a_page_that_breaks_is_logged_with_its_places_only(said: list[dict[str, Any]]) -> None:
    (broken,) = [line for line in said if line["level"] == "ERROR"]
    assert broken["logger"].startswith("streamlit")
    assert "ValueError at " in broken["error"]
    assert "ui/views/files.py" in broken["error"]


def test_looking_is_logged_in_detail_only(api: Service) -> None:
    look = READER.partition("widget(page")[0]

    quiet = read(look, API_URL=api.url)
    told = read(look, API_URL=api.url, LOG_LEVEL="debug")

    assert quiet == []
    assert {line["action"] for line in told} == {"GET /schema", "GET /health"}


def test_a_service_that_is_away_is_logged() -> None:
    look = READER.partition("widget(page")[0]

    (away,) = read(look, API_URL=f"http://127.0.0.1:{free_ports(1)[0]}")

    assert (away["action"], away["outcome"]) == ("GET /schema", "away")


def test_the_server_of_the_pages_says_nothing_but_json(
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
    said = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["service"] for line in said} == {"ui"}
    assert "Stopping..." in [line["message"] for line in said]
