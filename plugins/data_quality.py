"""Adds "Data quality" to Airflow's navigation: the gates' reports, read from their bucket.

Airflow loads plugins in every process, so this module imports what the pages need at the first
request. Airflow does not authenticate requests to a plugin's app, so the app itself requires a
session of Airflow.

The pages are shown in a frame with Airflow's origin. A script in them could do whatever the
signed-in user may do, so the response headers forbid scripts.
"""

import mimetypes
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

    from readmission.warehouse.audit.queue import AuditQueue

PREFIX = "/data-quality"
HOME = "index.html"
EMPTY = "No gate has run yet. The first gate that runs publishes the reports."
CLOSING_SECONDS = 5.0
"""How long a server that stops tries to record who read reports."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}


async def app(scope: "Scope", receive: "Receive", send: "Send") -> None:
    """Pass a request to the application, which is built at the first request."""
    await pages()(scope, receive, send)


@cache
def pages() -> "FastAPI":
    """Return the application that serves the report pages."""
    from fastapi import Depends, FastAPI, Request
    from fastapi.responses import PlainTextResponse, Response
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
