"""The commands `readmission promote` and `readmission promotions`."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import httpx
import typer
from rich.table import Table

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
    from readmission.pipeline.promotion.recompute import Recomputed, Value
    from readmission.warehouse import Promotion

TIMEOUT_SECONDS = 120
"""The API downloads the version, verifies it and loads it."""

verdicts = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode="markdown",
    help="List the verdicts on all challengers, or **recompute** one of them.",
)


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


@verdicts.callback()
def promotions(context: typer.Context) -> None:
    """List the verdicts on all challengers, oldest first, or **recompute** one of them."""
    if context.invoked_subcommand is not None:
        return
    with open_stack_warehouses() as (_site, _raw, clean):
        from readmission.warehouse import ModelHistory

        console.print(verdict_table(ModelHistory(clean.connection).promotions()))


@verdicts.command()
def recompute(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Number of the verdict.")],
) -> None:
    """Score both versions of a verdict again, on the rows and with the seed that it stored.

    Prints the stored and the recomputed figures, and exits with 1 if any of them differ.
    """
    with open_stack_warehouses() as (site, _raw, clean):
        from readmission.pipeline.promotion.recompute import recompute as score_again
        from readmission.registry import Registry
        from readmission.serving.signature import TrustedKeys

        trusted = TrustedKeys.parse(site.settings.trusted_signing_keys)
        found = score_again(number, clean, Registry(site.settings), trusted)
        console.print(figures_table(found))
        console.print(escape_markup(conclusion(found)))
        if found.different:
            raise typer.Exit(1)


def verdict_table(found: list["Promotion"]) -> Table:
    """Return the verdicts as a table, one line each."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("number", "version", "champion", "batch", "verdict", "reason"):
        table.add_column(heading, overflow="fold")
    for one in found:
        champion = one.champion_version or "none"
        line = (str(one.promotion_id), one.challenger_version, champion, one.batch_id, one.verdict)
        table.add_row(*line, escape_markup(one.reason))
    return table


def figures_table(found: "Recomputed") -> Table:
    """Return stored and recomputed figures as a table, with those that differ in bold."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("figure", "stored", "recomputed"):
        table.add_column(heading, overflow="fold")
    different = set(found.different)
    for name, stored, now in found.lines:
        style = "bold" if name in different else None
        table.add_row(escape_markup(name), _shown(stored), _shown(now), style=style)
    return table


def conclusion(found: "Recomputed") -> str:
    """Return how many figures differ, and why if that is known."""
    number, different = len(found.lines), len(found.different)
    counted = (
        f"{different} of {number} figures differ" if different else f"all {number} figures agree"
    )
    promotion = found.promotion
    verdict = f"verdict {promotion.promotion_id}, {promotion.verdict}: {counted}"
    return f"{verdict}; {found.explanation}" if found.explanation else verdict


def _shown(value: "Value") -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    return "-" if value is None else escape_markup(str(value))
