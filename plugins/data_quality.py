"""Adds "Data quality" to Airflow's navigation: the gates' reports, read from their bucket.

Airflow loads plugins in every process, so this module imports what the pages need at the first
request. Airflow does not authenticate requests to a plugin's app, so the app itself requires a
session of Airflow.

The pages are shown in a frame with Airflow's origin. A script in them could do whatever the
signed-in user may do, so the response headers forbid scripts.

The page of the warnings has forms. A decision is a run of the DAG `warning_decisions`, which this
module starts through Airflow's API with the session of the user: Airflow checks what the user may
do, and the pages' server needs no access to the databases.
"""

import asyncio
import mimetypes
from datetime import UTC, date, datetime, time
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl, quote, urlsplit

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.types import Receive, Scope, Send

    from readmission.warehouse.audit.queue import AuditQueue

PREFIX = "/data-quality"
HOME, WARNINGS = "index.html", "warnings.html"
EMPTY = "No gate has run yet. The first gate that runs publishes the reports."
CLOSING_SECONDS = 5.0
"""How long a server that stops tries to record who read reports."""
DECISIONS = "/api/v2/dags/warning_decisions/dagRuns"
FORM_BYTES = 10_000
"""Largest form that is read."""
WAIT_SECONDS, POLL_SECONDS = 30.0, 0.5
"""How long a decision may take before the page stops waiting for it, and how often it looks."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # With no-referrer, browsers would hide the origin of a form.
    "Cache-Control": "private, no-store",
}


async def app(scope: "Scope", receive: "Receive", send: "Send") -> None:
    """Pass a request to the application, which is built at the first request.

    The application finds Airflow, into which it is mounted, in the scope.
    """
    await pages()({**scope, "airflow": scope.get("app")}, receive, send)


@cache
def pages() -> "FastAPI":
    """Return the application that serves the report pages and takes decisions about warnings."""
    from fastapi import Depends, FastAPI, Request
    from fastapi.responses import PlainTextResponse, RedirectResponse, Response
    from starlette.exceptions import HTTPException

    site = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @site.exception_handler(HTTPException)
    async def show_error(_request: Request, error: HTTPException) -> Response:
        return PlainTextResponse(f"{error.detail}\n", error.status_code, HEADERS)

    user_of = signed_in()

    @site.get("/{key:path}")
    def page(key: str, request: Request, user: Annotated[str, Depends(user_of)]) -> Response:
        content = read(key or HOME)
        kind = mimetypes.guess_type(key or HOME)[0] or "application/octet-stream"
        if kind == "text/html":
            note_reader(user, key or HOME, request.client.host if request.client else None)
        return Response(content, media_type=kind, headers=HEADERS)

    @site.post(f"/{WARNINGS}", dependencies=[Depends(user_of)])
    async def decide(request: Request) -> Response:
        check_origin(request)
        await carry_out(request, decision_in(await form_of(request)))
        return RedirectResponse(WARNINGS, 303, HEADERS)

    return site


def signed_in() -> Any:
    """Return a dependency that rejects requests without a session of Airflow, and names the user.

    `get_user` is internal to Airflow; a test checks that it still works.
    """
    from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
    from fastapi import HTTPException, Request

    async def check(request: Request) -> str:
        try:
            user = await get_user(request, None, await bearer_scheme(request))
        except HTTPException as error:
            raise HTTPException(401, "Sign in to Airflow to see this page.") from error
        return user.get_name()

    return check


def check_origin(request: "Request") -> None:
    """Reject a form that a page of another site sent with the session of its reader.

    Browsers add both headers themselves; over plain HTTP to another machine only the second one.
    """
    from fastapi import HTTPException

    site, origin = (request.headers.get(name) for name in ("sec-fetch-site", "origin"))
    same = urlsplit(origin or "").netloc == request.headers["host"]
    if not (site == "same-origin" if site else same):
        raise HTTPException(403, "Decide on the page Data quality of Airflow.")


async def form_of(request: "Request") -> dict[str, str]:
    """Return the fields of a form.

    Raises
    ------
    HTTPException
        413 if it is too long or has no length, 400 if it is not a form.
    """
    from fastapi import HTTPException

    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > FORM_BYTES:
        raise HTTPException(413, f"Send a form of at most {FORM_BYTES} bytes.")
    try:
        return dict(parse_qsl((await request.body()).decode(), max_num_fields=10))
    except ValueError as error:
        raise HTTPException(400, "Send the fields of the form.") from error


def decision_in(form: dict[str, str]) -> dict[str, str | None]:
    """Return the parameters of the DAG; Airflow checks them, except that a day becomes a time."""
    from fastapi import HTTPException

    given: dict[str, str | None] = {
        name: form.get(name, "") for name in ("action", "gate", "warning", "why")
    }
    try:
        day = date.fromisoformat(form["until"]) if form.get("until") else None
    except ValueError as error:
        raise HTTPException(400, "Until: choose a day, such as 2027-01-31.") from error
    if day is not None and day <= datetime.now(UTC).date():
        raise HTTPException(400, f"Until: {day} is not in the future.")
    until = datetime.combine(day, time(), UTC).isoformat() if day else None
    return given | {"until": until}


async def carry_out(request: "Request", decision: dict[str, str | None]) -> None:
    """Run the DAG of the decisions as the user of the request, and wait for its end.

    Raises
    ------
    HTTPException
        As Airflow refuses the run, 409 if the run fails, 504 if it does not end in time.
    """
    from fastapi import HTTPException
    from httpx import ASGITransport, AsyncClient

    session = {
        name: request.headers[name]
        for name in ("authorization", "cookie", "host")
        if name in request.headers
    }
    peer = (request.client.host, request.client.port) if request.client else ("", 0)
    airflow = ASGITransport(request.scope["airflow"], raise_app_exceptions=False, client=peer)
    url = str(request.base_url)
    async with AsyncClient(transport=airflow, base_url=url, headers=session) as client:
        asked = await client.post(DECISIONS, json={"logical_date": None, "conf": decision})
        if not asked.is_success:
            raise HTTPException(asked.status_code, f"Airflow refused the decision: {asked.text}")
        run = asked.json()["dag_run_id"]
        for _ in range(int(WAIT_SECONDS / POLL_SECONDS)):
            await asyncio.sleep(POLL_SECONDS)
            found = await client.get(f"{DECISIONS}/{quote(run, safe='')}")
            state = found.json().get("state")
            if state == "success":
                return
            if state == "failed":
                raise HTTPException(409, f"The decision failed; the log of {run} says why.")
    raise HTTPException(504, f"The decision has not been carried out yet: {run} still runs.")


def note_reader(user: str, key: str, peer: str | None) -> None:
    """Record in the background who reads a report; the page does not wait for it."""
    from readmission.warehouse.audit.events import Action, ActorKind, AuditEvent

    if trail := audit_queue():
        trail.put(AuditEvent(user, ActorKind.AIRFLOW, Action.READ_REPORT, key, peer))


@cache
def audit_queue() -> "AuditQueue | None":
    """Return the queue of the audit trail, or None, logged once, if there is no trail."""
    import atexit
    import logging

    from readmission.settings import get_settings
    from readmission.warehouse.audit.log import AuditLog
    from readmission.warehouse.audit.queue import AuditQueue

    trail = AuditLog.from_settings(get_settings())
    if trail is None:
        logging.getLogger(__name__).warning("readers of reports are not audited: no audit trail")
        return None
    count_lost(0)  # A counter that starts at its first loss would show no increase.
    queue = AuditQueue(trail, count_lost)
    atexit.register(queue.close, CLOSING_SECONDS)
    return queue


def count_lost(events: int) -> None:
    """Count lost events in Airflow's metrics, as `airflow_audit_events_lost`."""
    from airflow.observability import stats

    stats.incr("audit_events_lost", events)


def read(key: str) -> bytes:
    """Return an object from the data docs bucket.

    Raises
    ------
    HTTPException
        404 if there is no such report, 503 if the object store cannot be read.
    """
    from airflow.sdk.exceptions import AirflowException
    from botocore.exceptions import BotoCoreError, ClientError
    from fastapi import HTTPException

    from readmission.errors import InvalidReportKey
    from readmission.quality.report.keys import parse_report_key
    from readmission.settings import get_settings

    try:
        key = parse_report_key(key)
    except InvalidReportKey:
        raise HTTPException(404, "There is no such page.") from None
    try:
        found = store().get_object(Bucket=get_settings().docs_bucket, Key=key)
        return found["Body"].read()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            raise HTTPException(404, EMPTY if key == HOME else f"There is no {key}.") from None
        raise unavailable(error) from error
    except (AirflowException, BotoCoreError) as error:
        raise unavailable(error) from error


def unavailable(error: Exception) -> Exception:
    """Log why the object store failed, and return the error for the reader."""
    import logging

    from fastapi import HTTPException

    logging.getLogger(__name__).warning("the data docs bucket cannot be read: %s", error)
    return HTTPException(
        503, "The object store is unavailable, so the reports cannot be shown. Try again later."
    )


@cache
def store() -> Any:
    """Return a client of the object store, with the same Airflow connection as the tasks."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from botocore.config import Config

    config = Config(connect_timeout=3, read_timeout=10, retries={"max_attempts": 1})
    return S3Hook("minio", config=config).get_conn()


class DataQuality(AirflowPlugin):
    """The pages and their entry in the navigation."""

    name = "data_quality"
    fastapi_apps = [{"app": app, "url_prefix": PREFIX, "name": "Data quality"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Data quality",
            # A relative address also works if Airflow is served under a path.
            "href": f"{PREFIX}/{HOME}".lstrip("/"),
            "url_route": "data-quality",
            "destination": "nav",
            "nav_top_level": True,
        }
    ]
