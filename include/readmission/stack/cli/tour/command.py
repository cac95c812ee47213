"""The command `tour`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from readmission.settings import Settings
from readmission.stack.cli.boot_display import start_stack
from readmission.stack.cli.terminal import console, exit_on_error


def tour(
    pause: Annotated[
        bool, typer.Option("--pause", help="Wait for Enter after each chapter, to open the pages.")
    ] = False,
) -> None:
    """Show in a few minutes what the system does when something goes wrong.

    On synthetic data: a bad batch, the gate, its report, the alert and its runbook, the quarantine,
    a fix, its replay, a promotion and a rollback. Uses a stack of its own, on free ports and in a
    temporary folder, and deletes it at the end, also after Ctrl-C. If it is killed (SIGKILL), the
    next tour deletes what it left. A stack that runs already is not touched.
    """
    with exit_on_error():
        # Importing pandas and MLflow takes seconds.
        from readmission.stack.cli.tour.chapters import GOOD, Tour
        from readmission.stack.cli.tour.delivery import Hospital
        from readmission.stack.cli.tour.disposable import DELIVERY, disposable_stack
        from readmission.stack.cli.tour.narration import Narrator

        narrator = Narrator(console, _wait_for_enter if pause else lambda: None)
        started = time.monotonic()

        def deleted(home: Path) -> None:
            narrator.say(f"An earlier tour was killed; its stack in {home} is deleted now.")

        try:
            with disposable_stack(Settings.from_environment(), deleted) as stack:
                home = stack.paths.home.parent
                narrator.say(f"This tour has a stack of its own in {home}; starting it.")
                hospital = Hospital(home / DELIVERY)
                hospital.send(GOOD)
                start_stack(stack)
                Tour(stack.site, hospital, narrator).run()
                narrator.chapter("The end")
                minutes = (time.monotonic() - started) / 60
                narrator.say(f"That took {minutes:.1f} minutes. Deleting {home} and its services.")
        # A prompt turns Ctrl-C, and the end of its input, into Abort.
        except (KeyboardInterrupt, typer.Abort):
            narrator.say("The tour was interrupted; its stack and its data are deleted.")
            raise typer.Exit(130) from None


def _wait_for_enter() -> None:
    typer.prompt("Enter continues", default="", show_default=False, prompt_suffix=" ")
