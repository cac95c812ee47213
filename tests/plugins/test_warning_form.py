"""The page of the warnings takes decisions, as runs in the name of the user who is signed in."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from readmission.stack import audit
from readmission.stack.access import open_warehouses, write_overview
from readmission.stack.services import object_store
from readmission.stack.services.airflow import API_SERVER, DAG_PROCESSOR, SCHEDULER, USER
from readmission.stack.stack import Stack
from readmission.warehouse.sql.gate_warnings import GateWarning, GateWarnings
from readmission.warehouse.verdicts import GateVerdict, VerdictLog
from tests.conftest import random_settings
from tests.include.tables import encounters
from tests.ui.browser.visit import PATIENCE, chromium

PARTS = {API_SERVER, SCHEDULER, DAG_PROCESSOR, object_store.NAME}
PAGE = "/data-quality/warnings.html"
SUBJECT = "weight: missing about as often as before"
TOMORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
FORM = {"action": "acknowledge", "gate": "raw", "warning": SUBJECT, "why": "a <new> form"}
VIEWER = """
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

manager = create_auth_manager()
manager.init()
print(manager.generate_jwt(SimpleAuthManagerUser(username="nurse", role="viewer")))
"""


@pytest.fixture(scope="module")
def stack(state_folders: Path) -> Iterator[Stack]:
    """An Airflow that runs DAGs, and a batch of which the raw gate has warned."""
    stack = Stack(random_settings(state_folders / "warning-form"))
    stack.up(PARTS)
    with open_warehouses(stack.site) as (raw, clean):
        raw.load(encounters(10), 0, "file")
        sentence = f"{SUBJECT} (97%); observed 0.6; check whether the source fills it"
        verdict = GateVerdict("batch-0001", "raw", True, 40, [sentence], 1.0, "key")
        VerdictLog(raw.connection).record(verdict)
        write_overview(stack.site, raw, clean)
    yield stack
    stack.reset()


@pytest.fixture(scope="module")
def page(stack: Stack) -> Iterator[httpx.Client]:
    """A browser with a session, once Airflow knows the DAG."""
    secret = {"username": USER, "password": stack.site.credentials.airflow_admin}
    with httpx.Client(base_url=stack.site.airflow_url, timeout=60, trust_env=False) as client:
        token = client.post("/auth/token", json=secret).raise_for_status().json()["access_token"]
        client.headers["Cookie"] = f"_token={token}"
        deadline = time.monotonic() + 120
        while client.get("/api/v2/dags/warning_decisions").is_error:
            assert time.monotonic() < deadline
            time.sleep(0.5)
        yield client


def own(page: httpx.Client) -> dict[str, str]:
    """Return the header that a browser adds to a form of this page."""
    return {"Origin": str(page.base_url).rstrip("/")}


def warning(stack: Stack) -> GateWarning:
    with open_warehouses(stack.site) as (raw, _):
        (found,) = GateWarnings(raw.connection).newest()
        return found


def test_a_signed_in_user_acknowledges_a_warning_and_withdraws_that(
    stack: Stack, page: httpx.Client
) -> None:
    # given the page, which offers the form beside the warning and its advice
    shown = page.get(PAGE).text
    assert f'<input type="hidden" name="warning" value="{SUBJECT}">' in shown
    assert "check whether the source fills it" in shown
    assert "form-action 'self'" in page.get(PAGE).headers["content-security-policy"]

    # when
    done = page.post(PAGE, data=FORM | {"until": TOMORROW}, headers=own(page))

    # then the browser goes back to the page, which shows who, why and until when
    assert (done.status_code, done.headers.get("location")) == (303, "warnings.html"), done.text
    shown = page.get(PAGE).text
    assert "<strong>acknowledged</strong>" in shown
    assert f"acknowledged by {USER}, " in shown
    assert f"until {TOMORROW} 00:00: a &lt;new&gt; form" in shown
    assert (warning(stack).status, warning(stack).decided_by) == ("acknowledged", USER)
    (event,) = (one for one in audit.read(stack.site) if one.action == "warning-acknowledge")
    assert (event.actor, event.actor_kind) == (USER, "airflow")

    # and the acknowledgement can be withdrawn there
    form = FORM | {"action": "withdraw", "why": "a mistake"}
    done = page.post(PAGE, data=form, headers=own(page) | {"Sec-Fetch-Site": "same-origin"})
    assert done.status_code == 303, done.text
    assert warning(stack).status == "open"


def test_the_form_works_in_the_frame_of_airflow_s_page(stack: Stack, page: httpx.Client) -> None:
    origin, token = own(page)["Origin"], page.headers["Cookie"].removeprefix("_token=")
    with chromium() as browser:
        context = browser.new_context()
        context.add_cookies([{"name": "_token", "value": token, "url": origin}])
        tab = context.new_page()
        tab.goto(f"{origin}/plugin/data-quality")
        frame = tab.frame_locator("iframe")
        frame.get_by_role("link", name="Warnings", exact=True).first.click()

        frame.get_by_text("Acknowledge", exact=True).first.click()
        frame.get_by_label("Why").fill("known")
        frame.get_by_role("button", name="Acknowledge").click()

        expect(frame.get_by_text(f"acknowledged by {USER}")).to_be_visible(timeout=PATIENCE)
    assert (warning(stack).status, warning(stack).why) == ("acknowledged", "known")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_decides_nothing(
    stack: Stack, page: httpx.Client, headers: Mapping[str, str]
) -> None:
    before = warning(stack)
    if "Sec-Fetch-Site" in headers:
        headers = own(page) | headers

    response = page.post(PAGE, data=FORM, headers=headers)

    assert (response.status_code, response.text) == (
        403, "Decide on the page Data quality of Airflow.\n",
    )  # fmt: skip
    assert warning(stack) == before


def test_without_a_session_or_the_right_to_start_runs_nobody_decides(
    stack: Stack, page: httpx.Client
) -> None:
    # given a user who may only look
    environment = next(one for one in stack.services if one.name == API_SERVER).environment
    found = subprocess.run(
        [sys.executable, "-c", VIEWER], env=environment, capture_output=True, text=True, check=True
    )
    viewer = {"Cookie": f"_token={found.stdout.split()[-1]}"}
    before = warning(stack)

    # when
    nobody = httpx.post(
        f"{own(page)['Origin']}{PAGE}", data=FORM, headers=own(page), trust_env=False
    )
    assert page.get(PAGE, headers=viewer).status_code == 200
    refused = page.post(PAGE, data=FORM, headers=own(page) | viewer)

    # then
    assert nobody.status_code == 401
    assert refused.status_code == 403
    assert refused.text.startswith("Airflow refused the decision: ")
    assert warning(stack) == before


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"until": "soon"}, 400, "Until: choose a day"),
        ({"until": "2001-01-31"}, 400, "Until: 2001-01-31 is not in the future"),
        ({"gate": "drift"}, 400, "Airflow refused the decision"),
        ({"why": ""}, 400, "Airflow refused the decision"),
        ({"action": "forget"}, 400, "Airflow refused the decision"),
        ({"why": "x" * 20_000}, 413, "Send a form of at most"),
        ({"warning": "no such warning"}, 409, "The decision failed; the log of manual__"),
    ],
)
def test_a_wrong_form_says_what_is_wrong(
    page: httpx.Client, changes: dict[str, str], status: int, says: str
) -> None:
    response = page.post(PAGE, data=FORM | changes, headers=own(page))

    assert response.status_code == status, response.text
    assert response.text.startswith(says)
