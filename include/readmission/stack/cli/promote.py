"""The command `readmission promote`."""

from http import HTTPStatus
from typing import Annotated
from uuid import uuid4

import httpx
import typer

from readmission.stack.audit import record
from readmission.stack.cli.terminal import (
    ByOption,
    console,
    escape_markup,
    exit_on_error,
    open_stack,
)
from readmission.stack.errors import StackError
from readmission.stack.site.site import Site
from readmission.warehouse.audit.events import Action, by_os_user

TIMEOUT_SECONDS = 120
"""The API downloads the version, verifies it and loads it."""


def promote(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="The registered version.")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; it is kept.")],
    by: ByOption,
) -> None:
    """Put a registered version into production by hand, whatever its verdict.

    Use it to accept a version to which somebody moved the alias `production` in MLflow; that also
    resolves the alert *ProductionMovedByHand*. The API verifies the version's signature, digests
    and golden rows first, moves the aliases and stages as a promotion does, and records who asked
    for it and why.
    """
    with exit_on_error():
        stack = open_stack()
        if not stack.is_running:
            raise StackError("the stack is not running; start it with `readmission up`")
        found = request_promotion(stack.site, version, reason, by)
        console.print(escape_markup(found))


def request_promotion(site: Site, version: str, reason: str, by: str) -> str:
    """Have the API promote a version, and return what it did, in a sentence.

    The audit trail has two events with the same request id: the user of this machine, and the API
    key of the stack.

    Raises
    ------
    StackError
        If the API is down or refuses the version, or the audit trail cannot be written; the
        message says why.
    """
    request_id = uuid4().hex
    event = by_os_user(Action.PROMOTE, version, request_id=request_id, by=by, reason=reason)
    record(site, event)
    try:
        response = httpx.post(
            f"{site.settings.api_url}/promote",
            headers={"X-API-Key": site.credentials.api_admin_key, "X-Request-ID": request_id},
            json={"version": version, "reason": reason, "by": by},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )
    except httpx.TransportError as error:
        raise StackError(
            f"the API does not respond ({error}); `readmission status` shows what is running, and"
            " repeating the command is safe"
        ) from error
    body = response.json()
    if response.status_code != HTTPStatus.OK:
        raise StackError(body["message"])
    left = body["previous_version"]
    replaced = f"; it replaced version {left}" if left not in (None, version) else ""
    return f"version {body['model_version']} is in production{replaced}"
