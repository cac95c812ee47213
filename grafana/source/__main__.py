"""Writes every dashboard: `python -m grafana.source`."""

from collections.abc import Callable
from pathlib import Path

from grafana.source.board import Board
from grafana.source.dashboards import pipeline, predictions, quality, slo

BOARDS: tuple[Callable[[], Board], ...] = (
    predictions.board,
    pipeline.board,
    quality.board,
    slo.board,
)
FOLDER = Path(__file__).parents[1] / "dashboards"


def write(folder: Path) -> None:
    """Write every dashboard as ``<name>.json`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for make in BOARDS:
        board = make()
        (folder / f"{board.name}.json").write_text(board.json())


if __name__ == "__main__":
    write(FOLDER)
