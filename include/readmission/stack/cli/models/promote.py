"""The commands `readmission promote`, `rollback` and `unpin`: change what is in production."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import httpx
import typer
from pydantic import SecretStr

from readmission.stack.audit import record
from readmission.stack.cli.terminal import (
    ByOption,
    console,
    escape_markup,
    exit_on_error,
    open_stack,
    open_stack_warehouses,
)
from readmission.stack.errors import StackError
from readmission.stack.site.site import Site
from readmission.warehouse.audit.events import Action, by_os_user

if TYPE_CHECKING:
    from readmission.warehouse import CleanWarehouse

TIMEOUT_SECONDS = 120
"""The API downloads the version, verifies it and loads it."""

ReasonOption = Annotated[str, typer.Option("--reason", "-r", help="The reason; it is kept.")]


def promote(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="The registered version.")],
    reason: ReasonOption,
    by: ByOption,
) -> None:
    """Put a registered version into production by hand, whatever its verdict.

    Use it to accept a version to which somebody moved the alias `production` in MLflow; that also
    resolves the alert *ProductionMovedByHand*. The API verifies the version's signature, digests
    and golden rows first, moves the aliases and stages as a promotion does, and records who
    requested it and why. It is refused while a rollback has pinned a version.
    """
    with exit_on_error():
        console.print(escape_markup(request_promotion(running_site(), version, reason, by)))


def roll_back(
    reason: ReasonOption,
    by: ByOption,
    to: Annotated[
        str | None, typer.Option("--to", metavar="VERSION", help="By default the previous version.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="DATE",
            help="When promotion may replace the version again: a date, which begins at 00:00 UTC,"
            " or a time such as 2027-01-31T18:00Z. By default after `readmission unpin`.",
        ),
    ] = None,
) -> None:
    """Put an earlier version into production and keep it there.

    The version is verified before the alias moves, and this waits until the API serves it. While
    it is pinned, promotion judges every challenger, and moves no alias.
    """
    with open_stack_warehouses() as (site, _raw, clean):
        found = request_rollback(
            site, clean, {"reason": reason, "by": by, "to": to, "until": until}
        )
        console.print(escape_markup(found))


def unpin(reason: ReasonOption, by: ByOption) -> None:
    """Let promotion replace the version that a rollback has pinned, from the next batch on.

    Nothing changes at once: verdicts that were recorded meanwhile are not carried out.
    """
    with exit_on_error():
        console.print(escape_markup(request_unpin(running_site(), reason, by)))


def request_promotion(site: Site, version: str, reason: str, by: str) -> str:
    """Have the API promote a version, and return what it did, in a sentence.

    Raises
    ------
    StackError
        If the API is down or refuses the version, or the audit trail cannot be written; the
        message says why.
    """
    body = {"version": version, "reason": reason, "by": by}
    found = _request(site, "promote", Action.PROMOTE, version, body)
    left = found["previous_version"]
    replaced = f"; it replaced version {left}" if left not in (None, version) else ""
    return f"version {found['model_version']} is in production{replaced}"


def request_rollback(site: Site, clean: "CleanWarehouse", wanted: Mapping[str, str | None]) -> str:
    """Have the API roll back, wait until it serves the version, and return what was done.

    Raises
    ------
    StackError, DecisionRefused
        If the API is down, or refuses; the message says why.
    """
    from readmission.pipeline.promotion.rollback import roll_back as have_rolled_back
    from readmission.registry import Registry
    from readmission.warehouse import ModelHistory

    request_id = _record(site, Action.ROLL_BACK, wanted["to"], wanted)
    key = SecretStr(site.credentials.api_admin_key)
    settings = site.settings.model_copy(update={"api_key": key})
    with api_expected():
        history, registry = ModelHistory(clean.connection), Registry(settings)
        return have_rolled_back(wanted, request_id, history, registry, settings)


def request_unpin(site: Site, reason: str, by: str) -> str:
    """Have the API remove the pin, and return which one it was.

    Raises
    ------
    StackError
        If the API is down or no version is pinned.
    """
    found = _request(site, "unpin", Action.UNPIN, None, {"reason": reason, "by": by})
    return f"removed: {found['was']}"


def _request(
    site: Site, path: str, action: Action, version: str | None, body: Mapping[str, str]
) -> dict[str, Any]:
    """Return the API's response to a change, which is audited before."""
    request_id = _record(site, action, version, body)
    with api_expected():
        response = httpx.post(
            f"{site.settings.api_url}/{path}",
            headers={"X-API-Key": site.credentials.api_admin_key, "X-Request-ID": request_id},
            json=body,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )
    return result_of(response)


def result_of(response: httpx.Response) -> dict[str, Any]:
    """Return what the API returned.

    Raises
    ------
    StackError
        With the API's message, if it refused.
    """
    found: dict[str, Any] = response.json()
    if response.status_code != HTTPStatus.OK:
        raise StackError(found["message"])
    return found


def _record(site: Site, action: Action, version: str | None, body: Mapping[str, str | None]) -> str:
    """Record the user of this machine in the audit trail, and return the id of the request.

    The API records its key under the same id.
    """
    request_id = uuid4().hex
    facts = {name: body[name] for name in ("by", "reason")}
    record(site, by_os_user(action, version, request_id=request_id, **facts))
    return request_id


def running_site() -> Site:
    """Return the site of the running stack.

    Raises
    ------
    StackError
        If it does not run.
    """
    stack = open_stack()
    if not stack.is_running:
        raise StackError("the stack is not running; start it with `readmission up`")
    return stack.site


@contextmanager
def api_expected() -> Iterator[None]:
    """Turn a connection error of the API into one that says what to do."""
    try:
        yield
    except httpx.TransportError as error:
        raise StackError(
            f"the API does not respond ({error}); `readmission status` shows what is running, and"
            " repeating the command is safe"
        ) from error
