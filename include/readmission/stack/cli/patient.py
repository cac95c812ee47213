"""The commands `readmission patient export`, `erase` and `rekey`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import SecretStr

from readmission.settings import Settings
from readmission.stack.cli.terminal import (
    ByOption,
    error_console,
    escape_markup,
    exit_on_error,
    open_stack,
)
from readmission.stack.errors import StackError

if TYPE_CHECKING:
    from readmission.operations.patients.erasing import ErasurePlan

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Rights of a patient: **export** all rows of one patient, or **erase** them.
**rekey** follows a rotation of the key under which patients are logged.

The first two search every table of RAW, CLEAN and the prediction log. Give `-` in place of the
number to type it or pipe it in, so that your shell does not keep it.""",
)

NumberArgument = Annotated[
    str, typer.Argument(metavar="NUMBER", help="Number of the patient (patient_nbr), or -.")
]
ReasonOption = Annotated[
    str, typer.Option("--reason", "-r", help="The reason; kept, so do not name the patient.")
]


@app.command()
def export(
    number: NumberArgument,
    reason: ReasonOption,
    by: ByOption,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File that only you can read (default: print the rows)."),
    ] = None,
) -> None:
    """Write all rows of a patient as JSON, and the models that learned from them."""
    with exit_on_error():
        from readmission.operations.patients.commands import run_export

        run_export(_settings(), number, by, reason, out, _report)


@app.command()
def erase(
    number: NumberArgument,
    reason: ReasonOption,
    by: ByOption,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Delete all rows of a patient, and refuse those that arrive later. This cannot be undone.

    The ledger keeps how many rows of each batch were erased, when, by whom and why. If the command
    is interrupted, repeat it.
    """
    with exit_on_error():
        from readmission.operations.patients.commands import run_erase

        def confirmed(planned: "ErasurePlan") -> bool:
            for table, rows in planned.counts.items():
                _report(f"{rows:,} in {table}")
            return yes or typer.confirm("Erase these rows permanently?", err=True)

        if run_erase(_settings(), number, by, reason, _report, confirmed) is None:
            raise StackError("nothing was erased")


@app.command("rekey")
def rekey_all() -> None:
    """Replace the hashes of former keys, after the key of the prediction log was rotated."""
    with exit_on_error():
        from readmission.operations.patients.commands import run_rekey

        run_rekey(_settings(), _report)


def _settings() -> Settings:
    """Return the settings with the databases of the running stack and the key of its log."""
    from readmission.stack.services import postgres

    stack = open_stack()
    if not stack.is_running:
        raise StackError("the stack is not running; start it with `readmission up`")
    site = stack.site
    secrets = {
        "raw_dsn": postgres.dsn(site, "raw"),
        "clean_dsn": postgres.dsn(site, "clean"),
        "prediction_log_dsn": postgres.dsn(site, "predictions"),
        "prediction_log_key": site.credentials.prediction_log_key,
        "audit_dsn": postgres.dsn(site, postgres.AUDIT, postgres.AUDIT_WRITER),
    }
    return site.settings.model_copy(update={k: SecretStr(v) for k, v in secrets.items()})


def _report(sentence: str) -> None:
    error_console.print(escape_markup(sentence))
