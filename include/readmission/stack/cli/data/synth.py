"""The command `synth`."""

import os
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from readmission.stack.cli.terminal import console, error_console, exit_on_error, open_stack

S3 = "s3://"


def synthesise(
    rows: Annotated[int, typer.Option(min=1, help="How many encounters.")],
    out: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="A file or s3://bucket/key that ends in .csv, .csv.gz, .zip or .parquet.",
        ),
    ],
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives other encounters.")] = 296,
) -> None:
    """Write synthetic encounters, any number of them, in memory that does not grow.

    They satisfy the same contract as the UCI file and say nothing about real patients. Like it,
    they drift: payers become known and fewer patients are readmitted within 100,000 encounters, and
    back within the next 100,000. Three of ten encounters are of a patient who was seen before.

    The same seed gives the same encounters, and a longer file begins with a shorter one: write the
    file again with more rows to see how a growing file is ingested.

    With s3://, `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` name the store
    and its keys; without them, it is the object store of the stack on this machine.

    Examples:

    - `readmission synth --rows 1000000 --out /tmp/encounters.csv`, then
      `READMISSION_DATASET=/tmp/encounters.csv readmission demo`

    - `readmission synth --rows 10000000 --out s3://encounters/synthetic.parquet --seed 7`
    """
    with exit_on_error():
        from readmission.domain.synthetic.writing import write  # Importing Arrow takes a moment.

        if out.startswith(S3):
            use_own_store()
        columns = (TextColumn("encounters"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=error_console) as shown:
            task = shown.add_task("encounters", total=rows)
            write(rows, out, seed, lambda done: shown.update(task, completed=done))
        console.print(f"{out} holds {rows:,} synthetic encounters (seed {seed})")


def use_own_store() -> None:
    """Name the object store of this machine, unless the environment names one."""
    stack = open_stack()
    if "AWS_ENDPOINT_URL" not in os.environ and stack.paths.exists:
        os.environ |= {
            "AWS_ENDPOINT_URL": stack.site.s3_endpoint,
            "AWS_ACCESS_KEY_ID": stack.site.credentials.s3_access_key,
            "AWS_SECRET_ACCESS_KEY": stack.site.credentials.s3_secret_key,
        }
