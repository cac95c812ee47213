"""The command `score`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from readmission.stack.audit import record
from readmission.stack.cli.data.synth import S3, use_own_store
from readmission.stack.cli.models.promote import running_site
from readmission.stack.cli.terminal import console, error_console, exit_on_error
from readmission.stack.errors import StackError
from readmission.warehouse.audit.events import Action, by_os_user

if TYPE_CHECKING:
    from readmission.serving.model import ServedModel
    from readmission.stack.site.site import Site


def score(
    source: Annotated[
        str,
        typer.Option("--input", metavar="PLACE", help="A file, a folder or s3://bucket/prefix."),
    ],
    output: Annotated[
        str,
        typer.Option(metavar="FOLDER", help="A folder or s3://bucket/prefix for the predictions."),
    ],
) -> None:
    """Predict any number of encounters with the model in production, in memory that does not grow.

    The input is read like a delivery: CSV, also packed, Excel or Parquet. It needs all columns of
    an encounter that a model reads. The columns `encounter_id`, `patient_nbr` and `id` are copied
    to the predictions, and an outcome is ignored.

    The output is one Parquet file for about 250,000 encounters. A row that cannot be read is in
    the file `*.errors.csv` beside it, with the reasons. A patient who died has no prediction: the
    column `eligible` is false. The column `follow_up` says whether the risk reaches the stored
    threshold, and `note` what was interpreted, such as a code of ICD-10.

    Columns of earlier stays, such as `earlier_stays`, are used as in a file sent to the API. Unlike
    the API, this command does not look up a patient's stays by `patient_nbr`; the column `history`
    says so for each row.

    The command can be interrupted and repeated: parts that are in the manifest are kept, and the
    files are the same in the end. A new file in the input folder adds its parts. Predictions of
    two model versions, or with two thresholds, never share a folder, and neither do encounters and
    their predictions.

    The model is read from MLflow and its signature is verified; nothing in it is executed. With
    s3://, the same variables name the store as for `readmission synth`.

    Examples:

    - `readmission score --input encounters.csv --output predictions`

    - `readmission score --input s3://encounters/2026 --output s3://predictions/2026`
    """
    with exit_on_error():
        # Importing Arrow and MLflow takes seconds.
        from readmission.pipeline.scoring.scorer import score_all

        if source.startswith(S3) or output.startswith(S3):
            use_own_store()
        site = running_site()
        model, threshold = _champion(site), _threshold(site)
        record(site, by_os_user(Action.SCORE_FILE, model.registered.version))
        columns = (SpinnerColumn(), TextColumn("{task.completed:,} encounters"))
        with Progress(*columns, TimeElapsedColumn(), console=error_console) as shown:
            task = shown.add_task("encounters", total=None)
            place = source if source.startswith(S3) else Path(source)
            parts = score_all(
                place, output, model, lambda rows: shown.advance(task, rows), threshold
            )
        rows, wrong = sum(part.rows for part in parts), sum(part.wrong_rows for part in parts)
        if model.bundle.scorer.tables.takes_history:
            console.print(
                "Earlier stays count for rows that have their fields, and are not looked up by"
                " patient_nbr; the column history says which rows were blank"
            )
        console.print(
            f"{output} holds the predictions of {rows - wrong:,} of {rows:,} encounters by version"
            f" {model.registered.version}; {wrong:,} cannot be read, see *.errors.csv"
        )


def _champion(site: "Site") -> "ServedModel":
    """Return the model that the API serves.

    Raises
    ------
    StackError
        If no version is in production.
    BundleRefused
        If it cannot be trusted.
    """
    from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR

    from readmission.registry import Registry
    from readmission.serving.signature import TrustedKeys

    MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)

    registry = Registry(site.settings)
    version = registry.served_version()
    if version is None:
        raise StackError("no version is in production yet; `readmission demo` trains the first")
    return registry.open(version, TrustedKeys.parse(site.settings.trusted_signing_keys))


def _threshold(site: "Site") -> float | None:
    """Return the stored threshold of follow-up."""
    import psycopg

    from readmission.stack.services import postgres
    from readmission.warehouse.predictions import thresholds

    try:
        with psycopg.connect(postgres.dsn(site, "predictions"), connect_timeout=10) as connection:
            stored = thresholds.newest(connection)
    except psycopg.OperationalError as error:
        raise StackError(f"PostgreSQL is unavailable: {error}") from error
    return stored.threshold if stored else None
