"""What every command needs: the consoles, error handling and the stack to work on."""

import errno
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from readmission import __version__
from readmission.errors import ReadmissionError
from readmission.settings import Settings
from readmission.stack.errors import StackError
from readmission.stack.stack import Stack
from readmission.stack.supervision.run_as import drop_root
from readmission.warehouse.audit.events import os_user

if TYPE_CHECKING:
    from readmission.stack.site.site import Site
    from readmission.warehouse import CleanWarehouse, RawWarehouse

PIPED_WIDTH = 10_000
"""Width of tables that another program reads: no line wraps and no cell is cut."""
UNWRITABLE = (errno.EACCES, errno.EDQUOT, errno.ENOSPC, errno.EPERM, errno.EROFS)
"""Errors of a disk that is full, read-only or another user's; all others are our mistakes."""

console = Console(
    highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_WIDTH
)
error_console = Console(stderr=True, highlight=False, soft_wrap=True)

ByOption = Annotated[
    str,
    typer.Option(
        "--by",
        default_factory=os_user,
        show_default="your user name",
        help="The person who decided; kept in the history.",
    ),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


def print_json(found: Sequence[Any]) -> None:
    """Print data classes or mappings as a JSON array on standard output; times are in ISO 8601."""
    rows = [dict(one) if isinstance(one, Mapping) else asdict(one) for one in found]
    typer.echo(json.dumps(rows, default=_json_text, indent=2, ensure_ascii=False))


def _json_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def print_version(wanted: bool) -> None:
    """Print the version and end, if `--version` was given."""
    if wanted:
        typer.echo(f"readmission {__version__}")
        raise typer.Exit


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Print an error as one message instead of a traceback, and exit with code 1."""
    try:
        yield
    except ReadmissionError as error:
        error_console.print(f"[bold red]error:[/] {escape_markup(str(error))}")
        raise typer.Exit(1) from None
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        where = f"{error.filename}: " if error.filename else ""
        cure = "make room, or choose a folder that this user may write to (READMISSION_STATE_DIR)"
        text = escape_markup(f"{where}{error.strerror}; {cure}")
        error_console.print(f"[bold red]error:[/] {text}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        error_console.print("interrupted; `readmission status` shows what is running")
        raise typer.Exit(130) from None


def escape_markup(text: str) -> str:
    """Escape brackets, so that rich prints them instead of reading them as markup."""
    return text.replace("[", r"\[")


def open_stack() -> Stack:
    """Return the stack that the environment describes; drop root's rights if it says so."""
    return Stack(drop_root(Settings.from_environment()))


@contextmanager
def open_stack_warehouses() -> Iterator[tuple["Site", "RawWarehouse", "CleanWarehouse"]]:
    """Yield the site and the warehouses of the running stack; exit on an error."""
    with exit_on_error():
        from readmission.stack.access import open_warehouses  # Importing pandas takes seconds.

        stack = open_stack()
        if not stack.is_running:
            raise StackError("the stack is not running; start it with `readmission up`")
        site = stack.site
        with open_warehouses(site) as (raw, clean):
            yield site, raw, clean
