"""The command `readmission`: start, inspect and stop the stack, and run the demo."""

import json
import subprocess
import sys
import time
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from readmission.stack.audit import read
from readmission.stack.cli import patient
from readmission.stack.cli.boot_display import (
    print_addresses,
    print_prometheus_hint,
    start_stack,
    status_table,
)
from readmission.stack.cli.data import backup, score, synth
from readmission.stack.cli.decisions import corrections, quarantine, warnings
from readmission.stack.cli.models import outcomes, promote, promotions, retrain, trace
from readmission.stack.cli.terminal import (
    JsonOption,
    console,
    error_console,
    escape_markup,
    exit_on_error,
    open_stack,
    print_json,
    print_version,
)
from readmission.stack.cli.tour import command as tour
from readmission.stack.cli.tour.disposable import abandoned
from readmission.stack.errors import StackError
from readmission.stack.services import wal_archive
from readmission.stack.stack import Stack
from readmission.warehouse.audit.events import Action

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Run the readmission system on this machine: PostgreSQL, an object store, MLflow,
Airflow, the prediction API and the clinicians' page. It needs neither Docker nor root.

Start with `readmission demo`, which runs the whole pipeline once, or with `readmission up`, which
only starts the services.

All data, models, logs and passwords are in one folder (`READMISSION_STATE_DIR`, by default `.state`
in the checkout). Services listen on 127.0.0.1 only.

If a port is taken, set another one before `readmission up`: `READMISSION_AIRFLOW_PORT` (8080),
`READMISSION_MLFLOW_PORT` (5000), `READMISSION_API_PORT` (8000), `READMISSION_UI_PORT` (8501),
`READMISSION_S3_PORT` (9000), `READMISSION_POSTGRES_PORT` (5433), `READMISSION_EXPORTER_PORT`
(9108), `READMISSION_AIRFLOW_METRICS_PORT` (9102), `READMISSION_PROMETHEUS_PORT` (9091),
`READMISSION_GRAFANA_PORT` (3000).""",
)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(corrections.app, name="corrections")
app.add_typer(warnings.app, name="warnings")
app.add_typer(patient.app, name="patient")
app.command("backup")(backup.back_up)
app.command("restore")(backup.restore)
app.command("drill")(backup.drill)
app.command("synth")(synth.synthesise)
app.command("score")(score.score)
app.command("tour")(tour.tour)
app.command("retrain")(retrain.retrain)
app.command("trace")(trace.trace)
app.command("outcomes")(outcomes.outcomes)
app.command("promote")(promote.promote)
app.command("rollback")(promote.roll_back)
app.command("unpin")(promote.unpin)
app.add_typer(promotions.app, name="promotions")


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


ServiceNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SERVICE",
        help="Services to start, together with those they need (default: all).",
    ),
]


class KeyRole(StrEnum):
    """The roles of the prediction API."""

    predict = "predict"
    admin = "admin"


@app.command()
def up(services: ServiceNames = None) -> None:
    """Start all services, or the ones you name, and print the addresses of the pages.

    Safe to repeat: running services stay as they are, and leftovers of a crash are cleaned up.
    Settings of the last start hold until a variable says otherwise.
    """
    with exit_on_error():
        stack = open_stack()
        start_stack(stack, services)
        print_addresses(stack)


@app.command()
def demo() -> None:
    """Run the whole pipeline on every batch of the dataset, then ask for a prediction.

    Starts the services and has Airflow ingest the remaining batches. Waits until the
    new model of each batch is promoted or refused; fails if a gate stops a batch. Then prints a
    summary: rows, gates, models, the champion, one prediction and the addresses of the pages.

    Takes minutes. The stack stays up. Safe to repeat: batches that are done are not run again.
    """
    with exit_on_error():
        from readmission.stack.cli import demo as job  # Importing pandas and MLflow takes seconds.

        started = time.monotonic()
        stack = open_stack()
        if str(stack.settings.dataset).startswith(synth.S3):
            start_stack(stack)  # The files may be in its own object store.
            synth.use_own_store()
            arrivals = job.find_dataset(stack.settings, console)
        else:
            arrivals = job.find_dataset(stack.settings, console)
            start_stack(stack)
        job.ingest_all_batches(stack.site, arrivals, console)
        job.print_summary(stack.site, console)
        console.print(
            f"\ndone in {(time.monotonic() - started) / 60:.1f} minutes; the stack stays up"
        )


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Show state, memory and address of each service; exit with 1 unless all are healthy.

    RSS counts shared memory once for every process. PSS divides it among the processes that share
    it, so the sum of PSS is the memory the stack really uses.
    """
    with exit_on_error():
        stack = open_stack()
        for home in abandoned():
            error_console.print(
                f"a tour was killed and left its stack in {home}; `readmission tour` deletes it"
            )
        if not stack.is_running:
            raise StackError(_why_down(stack))
        if installed := stack.installed_since():
            # Without this, installing Prometheus would make a healthy stack look broken.
            stack.up(installed)
            error_console.print(f"started what was installed since: {', '.join(installed)}")
        statuses = stack.status()
        if as_json:
            print_json(statuses)
        else:
            console.print(status_table(statuses))
            print_prometheus_hint(stack)
        if not stack.is_guarded:
            error_console.print("nothing watches the supervisor; run `readmission up`")
        if failure := wal_archive.failure(stack.site):
            error_console.print(escape_markup(failure))
        if not all(status.healthy for status in statuses):
            raise typer.Exit(1)


def _why_down(stack: Stack) -> str:
    """Describe a stack without a supervisor, by the processes that are really there."""
    left = stack.processes() if stack.paths.exists else []
    if not left:
        return "the stack is not running; start it with `readmission up`"
    cure = (
        "its guardian starts the stack again within a minute"
        if stack.is_guarded
        else "`readmission up` ends these processes and starts the stack again"
    )
    return f"the supervisor has ended, but {len(left)} processes of the stack still run; {cure}"


@app.command()
def logs(
    service: Annotated[
        str | None, typer.Argument(help="A service, as `status` names it (default: all).")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing new lines until you press Ctrl+C.")
    ] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", help="How many lines of each log to print.")
    ] = 40,
) -> None:
    """Print the last lines of the services' logs.

    The logs of Airflow's tasks are on the pages of Airflow.
    """
    with exit_on_error():
        stack = open_stack()
        available = sorted(path.stem for path in stack.paths.logs.glob("*.log"))
        if not available:
            raise StackError("no logs yet; start the stack with `readmission up`")
        if service and service not in available:
            raise StackError(f"no log of {service!r}; there are logs of {', '.join(available)}")
        files = [str(stack.paths.log(name)) for name in ([service] if service else available)]
        command = ["tail", "-n", str(lines), *(["-F"] if follow else []), *files]
        raise typer.Exit(subprocess.call(command))  # noqa: S603


@app.command()
def key(
    role: Annotated[KeyRole, typer.Argument(help="The role that the key grants.")] = KeyRole.admin,
) -> None:
    """Print an API key for the prediction API.

    Reloading the model and rolling back need the admin key. On this machine, predictions need no
    key.
    """
    with exit_on_error():
        stack = open_stack()
        if not stack.paths.exists:
            raise StackError(
                "no stack has been set up yet; `readmission up` creates it and its keys"
            )
        typer.echo(getattr(stack.site.credentials, f"api_{role.value}_key"))


@app.command()
def audit(
    since: Annotated[datetime | None, typer.Option(help="Only events since this UTC time.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only events of this key id or user.")] = None,
    action: Annotated[Action | None, typer.Option(help="Only events with this action.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many events to print, newest last.")] = 100,
) -> None:
    """Print who did what, when and from where; predictions are in the prediction log."""
    with exit_on_error():
        for event in read(open_stack().site, since, actor, action, limit):
            facts = (event.subject, event.peer, event.request_id, json.dumps(event.detail))
            shown = "  ".join(fact or "-" for fact in facts)
            console.print(
                escape_markup(
                    f"{event.at:%Y-%m-%d %H:%M:%S}  {event.actor} ({event.actor_kind})"
                    f"  {event.action}  {shown}"
                )
            )


@app.command()
def down() -> None:
    """Stop all services; data, models and logs are kept."""
    with exit_on_error():
        stack = open_stack()
        with console.status("stopping all services"):
            stack.down()
        console.print(
            "all services are stopped; `readmission up` starts them again with the same data"
        )


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Stop all services and delete all data, models, logs and passwords."""
    with exit_on_error():
        stack = open_stack()
        if not stack.paths.exists:
            console.print(f"nothing to delete in {stack.paths.home}")
            return
        if not yes:
            question = f"Delete all data, models, logs and passwords in {stack.paths.home}?"
            typer.confirm(question, abort=True)
        with console.status("stopping all services and deleting their data"):
            stack.reset()
        console.print(f"deleted {stack.paths.home}")


if __name__ == "__main__":
    sys.exit(app())
