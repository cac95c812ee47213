"""The command `readmission outcomes`: metrics of each version on outcomes that are known by now."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from readmission.stack.cli.models.promote import running_site
from readmission.stack.cli.terminal import (
    JsonOption,
    console,
    escape_markup,
    exit_on_error,
    print_json,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from readmission.warehouse.predictions.feedback import FeedbackOutcomes
    from readmission.warehouse.predictions.live_figures import LiveFigure

CARD_HEADINGS = ("card", "reason", "cards", "known outcomes", "readmitted within 30 days")
HEADINGS = ("version", "against", "patients", "figure", "value", "95 % interval")


def outcomes(
    days: Annotated[int, typer.Option(min=1, help="Largest age of the predictions.")] = 30,
    cards: Annotated[
        bool, typer.Option("--cards", help="Only what became of the patients of CDS Hooks' cards.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show how each model version did on outcomes that became known after its predictions.

    Figures of groups of patients follow those of all. For a challenger in shadow, the champion is
    named under *against*, and the figures are differences, challenger minus champion.

    If users reported what they did with cards of CDS Hooks, a second table shows how many of these
    patients came back within 30 days. Whoever accepts a card may prevent a readmission, so the rows
    do not compare the users' judgement with the model's.
    """
    with exit_on_error():
        # Importing pandas and scikit-learn takes seconds.
        import psycopg

        from readmission.pipeline.outcomes.live import measure_live
        from readmission.stack.errors import StackError
        from readmission.stack.services import postgres
        from readmission.warehouse.migrations import require_current
        from readmission.warehouse.predictions.feedback import feedback_outcomes

        try:
            connection = psycopg.connect(postgres.dsn(running_site(), "predictions"))
        except psycopg.OperationalError as error:
            raise StackError(f"PostgreSQL is unavailable: {error}") from error
        with connection:
            require_current(connection, "predictions")
            found = [] if cards else measure_live(connection, days)
            answered = feedback_outcomes(connection, days)
        if as_json:
            print_json(answered if cards else found)
            return
        if found:
            console.print(figures_table(found))
        elif not cards:
            console.print(f"no predictions of the last {days} days have a known outcome yet")
        if answered:
            console.print(cards_table(answered))
        elif cards:
            console.print(f"there is no feedback about cards of the last {days} days")


def figures_table(figures: "Sequence[LiveFigure]") -> Table:
    """Return the figures as a table."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    for one in figures:
        group = f"{one.attribute}: {one.patient_group}" if one.attribute else "all"
        table.add_row(
            one.model_version, one.against or "-", escape_markup(group), one.metric, *_shown(one)
        )
    return table


def cards_table(answered: "Sequence[FeedbackOutcomes]") -> Table:
    """Return what became of the patients of cards, as a table."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in CARD_HEADINGS:
        table.add_column(heading, overflow="fold")
    for one in answered:
        share = f" ({one.under_30 / one.known:.1%})" if one.known else ""
        reason = escape_markup(one.reason or "all")
        counts = f"{one.cards:,}", f"{one.known:,}", f"{one.under_30:,}{share}"
        table.add_row(one.outcome, reason, *counts)
    return table


def _shown(one: "LiveFigure") -> tuple[str, str]:
    if one.is_count or one.low is None or one.high is None:
        return f"{one.figure:,.0f}", ""
    sign = "+" if one.against else ""
    return f"{one.figure:{sign}.4f}", f"{one.low:{sign}.4f} to {one.high:{sign}.4f}"
