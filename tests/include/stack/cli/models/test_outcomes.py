"""`readmission outcomes` shows figures with their intervals, and differences with a sign."""

from rich.console import Console

from readmission.stack.cli.models.outcomes import figures_table
from readmission.warehouse.predictions.live_figures import LiveFigure


def test_counts_values_and_differences_are_told_apart() -> None:
    console = Console(width=200, record=True)

    console.print(
        figures_table(
            [
                LiveFigure("3", "", "", "", "outcomes", 1200),
                LiveFigure("3", "", "gender", "Female", "log_loss", 0.9, 0.85, 0.95),
                LiveFigure("4", "3", "", "", "log_loss", -0.01, -0.02, 0.001),
            ]
        )
    )

    lines = [" ".join(line.split()) for line in console.export_text().splitlines()]
    assert lines == [
        "version against patients figure value 95 % interval",
        "3 - all outcomes 1,200",
        "3 - gender: Female log_loss 0.9000 0.8500 to 0.9500",
        "4 3 all log_loss -0.0100 -0.0200 to +0.0010",
    ]
