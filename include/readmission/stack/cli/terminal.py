"""What all commands share: where they print, how they fail, which stack they are about."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from readmission.errors import ReadmissionError
from readmission.settings import Settings
from readmission.stack.stack import Stack

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def spoken() -> Iterator[None]:
    """Say an error in words and leave with exit code 1."""
    try:
        yield
    except ReadmissionError as error:
        errors.print(f"[bold red]error:[/] {plain(str(error))}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        errors.print("stopped; `readmission status` says what runs")
        raise typer.Exit(130) from None


def plain(text: str) -> str:
    """Return a text such that its brackets are no markup."""
    return text.replace("[", r"\[")


def open_stack() -> Stack:
    """Return the stack that the environment describes."""
    return Stack(Settings.from_environment())
