"""Prints the tour: chapters, sentences, and links to pages."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from readmission.stack.cli.terminal import escape_markup


class Narrator:
    """Prints the tour.

    Parameters
    ----------
    console : Console
        Where to print.
    pause : callable
        Called at the end of each chapter.
    """

    def __init__(self, console: Console, pause: Callable[[], object] = lambda: None) -> None:
        self.console = console
        self._pause = pause
        self._chapter = 0

    def chapter(self, title: str) -> None:
        """Begin a chapter, once the reader has finished the last one."""
        if self._chapter:
            self._pause()
        self._chapter += 1
        self.console.print()
        heading = f"{self._chapter}. {title}"
        # A rule of rich is as wide as a table that is piped: ten thousand characters.
        self.console.print(f"[bold]{escape_markup(heading)}\n{'─' * len(heading)}[/]")

    def say(self, text: str) -> None:
        """Print a paragraph as it is, brackets included."""
        self.console.print(escape_markup(text))

    def command(self, text: str) -> None:
        """Print the command with which a reader does the same on another stack."""
        self.console.print(f"  [bold cyan]$ readmission {escape_markup(text)}[/]")

    def link(self, title: str, address: str | Path) -> None:
        """Print the address of a page, or of a file."""
        shown = address.as_uri() if isinstance(address, Path) else address
        self.console.print(f"  [dim]{escape_markup(title)}:[/] {escape_markup(shown)}")
