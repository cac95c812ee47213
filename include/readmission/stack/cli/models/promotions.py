"""The command `readmission promotions`: list what changed production, or recompute a verdict."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from readmission.stack.cli.terminal import (
    JsonOption,
    console,
    error_console,
    escape_markup,
    open_stack_warehouses,
    print_json,
)

if TYPE_CHECKING:
    from readmission.pipeline.promotion.recompute import Recomputed, Value

app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode="markdown",
    help="List verdicts, approvals, rollbacks, moves by hand and pins, or **recompute** a verdict.",
)


@app.callback()
def promotions(context: typer.Context, as_json: JsonOption = False) -> None:
    """List what decided about production, oldest first, or **recompute** a verdict.

    These are verdicts, approvals, rollbacks, moves and promotions by hand, removed pins, and the
    pin that stands. With `--json` each has its kind as `entry`. The time of an approval is when a
    person was asked. If MLflow is unavailable, the command lists what CLEAN holds, and says so.
    """
    if context.invoked_subcommand is not None:
        return
    with open_stack_warehouses() as (site, _raw, clean):
        from readmission.stack.cli.models import decision_history as history

        found = history.decision_history(site, clean)
        pins = [found.pin] if found.pin else []
        for sentence in found.missing:
            error_console.print(escape_markup(f"warning: {sentence}"))
        if as_json:
            print_json([history.to_dict(one) for one in (*found.decisions, *pins)])
            return
        console.print(history.history_table(found.decisions))
        if pins or not found.missing:
            console.print(escape_markup(str(found.pin or "no version is pinned")))


@app.command()
def recompute(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Number of the verdict.")],
) -> None:
    """Score both versions of a verdict again, on the rows and with the seed stored with it.

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
        if found.warning:
            console.print(escape_markup(f"warning: {found.warning}"))
        if found.different:
            raise typer.Exit(1)


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
