"""The command line: `readmission up`, `demo`, `quarantine`, `status`, `logs`, `down`, `reset`."""

import subprocess
import sys
import time
from enum import StrEnum
from typing import Annotated

import typer

from readmission.settings import Settings
from readmission.stack.cli import quarantine
from readmission.stack.cli.boot_display import BootDisplay, status_table
from readmission.stack.cli.terminal import console, open_stack, spoken
from readmission.stack.errors import StackError
from readmission.stack.services import airflow, prometheus
from readmission.stack.stack import Stack

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="""The readmission system on one machine: PostgreSQL, an object store, MLflow, Airflow,
the prediction API and the clinicians' page, without Docker and without root.

Everything is kept in one folder (`READMISSION_STATE_DIR`, by default `.state` in the checkout) and
listens on the loopback interface only. Each port is a setting: `READMISSION_AIRFLOW_PORT` (8080),
`READMISSION_MLFLOW_PORT` (5000), `READMISSION_API_PORT` (8000), `READMISSION_UI_PORT` (8501),
`READMISSION_S3_PORT` (9000), `READMISSION_POSTGRES_PORT` (5433), `READMISSION_EXPORTER_PORT`
(9108), `READMISSION_AIRFLOW_METRICS_PORT` (9102), `READMISSION_PROMETHEUS_PORT` (9091).""",
)
app.add_typer(quarantine.app, name="quarantine")

Services = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SERVICE]...", help="With those they need; all by default."),
]
PAGES = {
    airflow.API_SERVER: "Airflow",
    "mlflow": "MLflow",
    "api": "API",
    "ui": "Clinicians' page",
    prometheus.NAME: "Prometheus",
}


def bring_up(stack: Stack, services: list[str] | None = None) -> None:
    """Bring a stack up, showing how it comes along."""
    with BootDisplay(console) as display:
        stack.up(services or None, display.report)


class Role(StrEnum):
    """What a caller of the prediction API may do."""

    predict = "predict"
    admin = "admin"


@app.command()
def up(services: Services = None) -> None:
    """Start the stack, or what is missing of it; say where everything is.

    Safe to repeat: what runs stays as it is, what a crash left behind is cleared away.
    """
    with spoken():
        stack = open_stack()
        bring_up(stack, services)
        _say_addresses(stack)


def _say_addresses(stack: Stack) -> None:
    running = {status.service for status in stack.status() if status.healthy}
    for service in stack.services:
        if service.name in PAGES and service.name in running:
            console.print(f"{PAGES[service.name]:<17} {service.url}")
    if airflow.API_SERVER in running:
        console.print(
            f"Airflow's user is {airflow.USER}, the password is in {stack.paths.airflow_passwords}"
        )
    _say_what_is_missing(stack)


def _say_what_is_missing(stack: Stack) -> None:
    if prometheus.NAME not in {service.name for service in stack.services}:
        console.print(prometheus.ADVICE)


@app.command()
def demo() -> None:
    """Do the main job: every batch of the dataset, from the file to a served prediction.

    Starts what does not run, has Airflow ingest all batches that are left, follows each to
    its verdict, asks the API for a prediction and sums up. The stack stays up. Safe to repeat.
    """
    with spoken():
        from readmission.stack.cli import demo as job  # pandas and MLflow take seconds to import

        begun = time.monotonic()
        settings = Settings.from_environment()
        dataset = job.find_dataset(settings, console)
        stack = Stack(settings)
        bring_up(stack)
        job.ingest_everything(stack.site, dataset, console)
        job.sum_up(stack.site, console)
        console.print(
            f"\ndone in {(time.monotonic() - begun) / 60:.1f} minutes; the stack stays up"
        )


@app.command()
def status() -> None:
    """Show state, memory and address of each service; exit code 1 unless all are well.

    PSS divides memory that processes share among them, so its sum is what the stack takes.
    """
    with spoken():
        stack = open_stack()
        if not stack.is_running:
            raise StackError("the stack is down; start it with `readmission up`")
        statuses = stack.status()
        console.print(status_table(statuses))
        _say_what_is_missing(stack)
        if not all(one.healthy for one in statuses):
            raise typer.Exit(1)


@app.command()
def logs(
    service: Annotated[
        str | None, typer.Argument(help="One service; all of them by default.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on showing what is added.")
    ] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="Lines of each log.")] = 40,
) -> None:
    """Show the end of the logs.

    Logs of Airflow's tasks are in Airflow's own pages.
    """
    with spoken():
        stack = open_stack()
        there = sorted(path.stem for path in stack.paths.logs.glob("*.log"))
        if not there:
            raise StackError("no logs yet; start the stack with `readmission up`")
        if service and service not in there:
            raise StackError(f"no log of {service!r}; there are {', '.join(there)}")
        files = [str(stack.paths.log(name)) for name in ([service] if service else there)]
        command = ["tail", "-n", str(lines), *(["-F"] if follow else []), *files]
        raise typer.Exit(subprocess.call(command))  # noqa: S603


@app.command()
def key(
    role: Annotated[Role, typer.Argument(help="What the key is for.")] = Role.admin,
) -> None:
    """Print a key of the prediction API; reload and rollback need the one of an admin.

    On this machine predictions are answered without a key.
    """
    with spoken():
        stack = open_stack()
        if not stack.paths.exists:
            raise StackError("there is no stack yet; `readmission up` makes one and its keys")
        typer.echo(getattr(stack.site.credentials, f"api_{role.value}_key"))


@app.command()
def down() -> None:
    """Stop everything; data, models and logs stay."""
    with spoken():
        stack = open_stack()
        with console.status("stopping"):
            stack.down()
        console.print("everything is stopped; `readmission up` goes on where it was")


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop everything and delete all state: databases, models, logs, passwords."""
    with spoken():
        stack = open_stack()
        if not stack.paths.exists:
            console.print(f"nothing to delete at {stack.paths.home}")
            return
        if not yes:
            question = f"Delete all data, models, logs and passwords in {stack.paths.home}?"
            typer.confirm(question, abort=True)
        with console.status("stopping and deleting"):
            stack.reset()
        console.print(f"{stack.paths.home} is gone")


if __name__ == "__main__":
    sys.exit(app())
