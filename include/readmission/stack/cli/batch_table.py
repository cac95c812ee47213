"""The live table of the progress of each batch."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from readmission.quality.catalogue import Stage
from readmission.stack.cli.batch_progress import BatchProgress, StageProgress, StageStatus

STYLES = {
    StageStatus.WAITING: "dim",
    StageStatus.RUNNING: "yellow",
    StageStatus.DONE: "green",
    StageStatus.STOPPED: "bold red",
    StageStatus.FAILED: "bold red",
}


class BatchTable:
    """A live table with one row a batch; without a terminal, one line for each change."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: dict[tuple[str, Stage], StageProgress] = {}
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

    def show(self, batches: Sequence[BatchProgress]) -> None:
        """Show the current progress of the batches."""
        if self._console.is_terminal:
            self._live.update(self._table(batches))
            return
        for batch in batches:
            for stage, progress in batch.stages.items():
                if progress.status is not StageStatus.WAITING:
                    self._print_change(batch.batch_id, stage, progress)

    def _print_change(self, batch_id: str, stage: Stage, progress: StageProgress) -> None:
        known = self._shown.get((batch_id, stage))
        if known is None or (known.status, known.text) != (progress.status, progress.text):
            self._shown[batch_id, stage] = progress
            text = f": {progress.text}" if progress.text else ""
            self._console.print(f"{batch_id} {stage} {progress.status}{text}")

    def _table(self, batches: Sequence[BatchProgress]) -> Table:
        table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
        table.add_column("batch")
        for stage in Stage:
            table.add_column(stage)
        for batch in batches:
            table.add_row(batch.batch_id, *map(self._cell, batch.stages.values()))
        return table

    def _cell(self, progress: StageProgress) -> Spinner | Text:
        if progress.status is StageStatus.RUNNING:
            return Spinner("dots", text=Text(progress.text), style="yellow")
        word = progress.text or ("·" if progress.status is StageStatus.WAITING else progress.status)
        return Text(word, STYLES[progress.status])
