"""Write the JSON of every dashboard, and the runbooks as a page: `python -m grafana.source`."""

from collections.abc import Callable
from pathlib import Path

from grafana.source import runbooks
from grafana.source.board import Board
from grafana.source.dashboards import home, pipeline, predictions, quality, slo

BOARDS: tuple[Callable[[], Board], ...] = (
    home.board,
    predictions.board,
    pipeline.board,
    quality.board,
    slo.board,
)
FOLDER = Path(__file__).parents[1] / "dashboards"


def write(folder: Path) -> None:
    """Write each dashboard to ``<name>.json`` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for build in BOARDS:
        board = build()
        (folder / f"{board.name}.json").write_text(board.json())


if __name__ == "__main__":
    write(FOLDER)
    runbooks.write(runbooks.FOLDER)
