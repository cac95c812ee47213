"""The table that shows where each batch is."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from readmission.quality.catalogue import Stage
from readmission.stack.cli.batch_progress import Journey, Progress, Step

STYLES = {
    Progress.WAITING: "dim",
    Progress.RUNNING: "yellow",
    Progress.DONE: "green",
    Progress.STOPPED: "bold red",
    Progress.FAILED: "bold red",
}


class JourneyDisplay:
    """A live table, one row a batch; one line a change where the output is no terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: dict[tuple[str, Stage], Step] = {}
        self._live = Live(console=console, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, journeys: Sequence[Journey]) -> None:
        """Show how far the batches have come."""
        if self._console.is_terminal:
            self._live.update(self._table(journeys))
            return
        for journey in journeys:
            for stage, step in journey.steps.items():
                if step.progress is not Progress.WAITING:
                    self._say(journey.batch_id, stage, step)

    def _say(self, batch_id: str, stage: Stage, step: Step) -> None:
        known = self._shown.get((batch_id, stage))
        if known is None or (known.progress, known.text) != (step.progress, step.text):
            self._shown[batch_id, stage] = step
            text = f": {step.text}" if step.text else ""
            self._console.print(f"{batch_id} {stage} {step.progress}{text}")

    def _table(self, journeys: Sequence[Journey]) -> Table:
        table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
        table.add_column("batch")
        for stage in Stage:
            table.add_column(stage)
        for journey in journeys:
            table.add_row(journey.batch_id, *map(self._cell, journey.steps.values()))
        return table

    def _cell(self, step: Step) -> Spinner | Text:
        if step.progress is Progress.RUNNING:
            return Spinner("dots", text=Text(step.text), style="yellow")
        word = step.text or ("·" if step.progress is Progress.WAITING else step.progress)
        return Text(word, STYLES[step.progress])
