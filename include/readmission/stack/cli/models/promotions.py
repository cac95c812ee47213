"""The command `readmission promotions`: list the verdicts and rollbacks, or recompute a verdict."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from readmission.stack.cli.terminal import (
    JsonOption,
    console,
    escape_markup,
    open_stack_warehouses,
    print_json,
)

if TYPE_CHECKING:
    from readmission.domain.production import Rollback
    from readmission.pipeline.promotion.recompute import Recomputed, Value
    from readmission.warehouse import Promotion

app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode="markdown",
    help="List the verdicts on all challengers and the rollbacks, or **recompute** a verdict.",
)


@app.callback()
def promotions(context: typer.Context, as_json: JsonOption = False) -> None:
    """List verdicts and rollbacks, oldest first, or **recompute** a verdict."""
    if context.invoked_subcommand is not None:
        return
    with open_stack_warehouses() as (_site, _raw, clean):
        from readmission.warehouse import ModelHistory
        from readmission.warehouse.clean.rollback_log import RollbackLog

        verdicts = ModelHistory(clean.connection).promotions()
        if as_json:
            print_json(verdicts)
            return
        console.print(history_table(verdicts, RollbackLog(clean.connection).rollbacks()))


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


def history_table(verdicts: list["Promotion"], rollbacks: list["Rollback"]) -> Table:
    """Return verdicts and rollbacks as a table, one line each, oldest first."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("number", "version", "champion", "batch", "verdict", "computed from", "reason"):
        table.add_column(heading, overflow="fold")
    lines = [(one.created_at, _verdict_line(one)) for one in verdicts]
    lines += [(one.at, _rollback_line(one)) for one in rollbacks]
    for _, (*cells, reason) in sorted(lines, key=lambda line: str(line[0])):
        table.add_row(*cells, escape_markup(reason))
    return table


def _verdict_line(one: "Promotion") -> tuple[str, ...]:
    champion, number = one.champion_version or "none", str(one.promotion_id)
    basis = _basis(one.figures.get("basis") or {})
    return number, one.challenger_version, champion, one.batch_id, one.verdict, basis, one.reason


def _basis(basis: Mapping[str, Any]) -> str:
    """Return hashes of rows and lock, shortened, and the seed; `--json` has all of them."""
    hashes = [f"{name} {str(basis[f'{name}_sha256'])[:8]}" for name in ("rows", "lock") if basis]
    return ", ".join([*hashes, f"seed {basis['seed']}"] if basis else [])


def _rollback_line(one: "Rollback") -> tuple[str, ...]:
    until = f" until {one.until:%Y-%m-%d %H:%M} UTC" if one.until else ""
    pinned = f", pinned{until}" if one.pinned else ""
    reason = f": {one.reason}" if one.reason else ""
    return "", one.back, one.left, "", "rolled back", "", f"by {one.by}{pinned}{reason}"


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
