"""What every command needs: the consoles, error handling and the stack to work on."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from readmission.errors import ReadmissionError
from readmission.settings import Settings
from readmission.stack.stack import Stack

console = Console(highlight=False, soft_wrap=True)
error_console = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Print an error as one message instead of a traceback, and exit with code 1."""
    try:
        yield
    except ReadmissionError as error:
        error_console.print(f"[bold red]error:[/] {escape_markup(str(error))}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        error_console.print("interrupted; `readmission status` shows what is running")
        raise typer.Exit(130) from None


def escape_markup(text: str) -> str:
    """Escape brackets, so that rich prints them instead of reading them as markup."""
    return text.replace("[", r"\[")


def open_stack() -> Stack:
    """Return the stack that the environment variables describe."""
    return Stack(Settings.from_environment())
