"""Kill the processes of a running stack at random times, and count what was lost.

It starts a stack of its own on free ports, and delivers batches of synthetic encounters and
requests predictions throughout. At random times it kills a service, a task that Airflow runs, a
worker of its executor, the supervisor or everything at once with SIGKILL, takes all connections of
the prediction log's role, or fills the disk. It names the services and the kinds of tasks that
it had no time to kill. After the faults, it waits until every batch has been judged, and compares
source, RAW, CLEAN, candidates, verdicts and prediction log with its own records. It exits with 1 if
a row or a prediction was lost, changed or doubled, or anything is out of order.

    .venv/bin/python -m load.benchmarks.chaos --seconds 300 --seed 7

Filling the disk needs root, to mount a file system for it; without root it is skipped.
"""

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from load.benchmarks.chaos.client import Deliveries, Predictions
from load.benchmarks.chaos.faults import (
    DAGS,
    FAULTS,
    Chance,
    kinds_of_tasks,
    recover,
    running_services,
)
from load.benchmarks.chaos.findings import Finding, compare, is_finished
from readmission.settings import get_settings
from readmission.stack.access import open_airflow
from readmission.stack.errors import StackError
from readmission.stack.site.ports import free_ports
from readmission.stack.site.site import PORT_SETTINGS
from readmission.stack.stack import Stack

PAUSES = (2.0, 12.0)
"""Shortest and longest time between two faults, in seconds."""
ENDING = 900
"""Seconds for the batches to finish after the last fault."""
DISK_MEGABYTES = 4_096


@contextlib.contextmanager
def own_file_system(folder: Path) -> Iterator[None]:
    """Mount an empty file system in memory on a folder until the block ends, if root runs this."""
    folder.mkdir()
    if os.geteuid() != 0:
        yield
        return
    size = f"size={DISK_MEGABYTES}m,mode=711"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=True)  # noqa: S603, S607
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S603, S607


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds; give up after `ENDING` seconds."""
    ends = time.monotonic() + ENDING
    while not condition():
        if time.monotonic() > ends:
            raise SystemExit(f"gave up after {ENDING} s waiting for {what}")
        time.sleep(0.5)


def break_things(
    stack: Stack, chance: Chance, seconds: float, console: Console
) -> list[tuple[str, float | None]]:
    """Cause faults until the time is over; return each with its recovery time."""
    faults: list[tuple[str, float | None]] = []
    kinds, weights = zip(*FAULTS, strict=True)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(chance.uniform(*PAUSES))
        (fault,) = chance.choices(kinds, weights)
        what = fault(stack, chance)
        took = recover(stack)
        faults.append((what, took))
        result = "not recovered" if took is None else f"recovered in {took:.1f} s"
        console.print(f"{what}: {result}")
    return faults


def run(
    stack: Stack,
    source: Path,
    batch_rows: int,
    batches: int,
    seconds: float,
    seed: int,
    console: Console,
) -> list[Finding]:
    """Break a running stack for some seconds, let it finish, and compare.

    Parameters
    ----------
    stack : Stack
        A healthy stack whose dataset is `source`.
    source : Path
        The file to which encounters are appended.
    batch_rows, batches : int
        Encounters in a batch, and the largest number of batches to deliver.
    seconds : float
        How long to cause faults.
    seed : int
        Determines the faults and their times.
    console : Console
        Shows the faults.
    """
    open_airflow(stack.site).wait_for_dags(DAGS)
    chance = Chance(seed)
    with (
        Deliveries(stack.site, source, batch_rows, batches) as deliveries,
        Predictions(stack.site) as predictions,
    ):
        # Before the first model, there are no predictions to lose.
        wait_until(lambda: bool(predictions.logged), "the first prediction")
        faults = break_things(stack, chance, seconds, console)
        predictions.stop()
        deliveries.stop_new()
        ends = time.monotonic() + ENDING
        while not is_finished(stack.site, deliveries) and time.monotonic() < ends:
            time.sleep(2)
    show_recovery(faults, console)
    show_unharmed(stack, chance, console)
    return compare(stack.site, deliveries, predictions)


def show_recovery(faults: Sequence[tuple[str, float | None]], console: Console) -> None:
    """Print how often each fault occurred, and how long recovery took."""
    table = Table("fault", "times", "recovered in, median s", "longest s", "not recovered")
    table.columns[0].overflow = "fold"
    for name in sorted({name for name, _ in faults}):
        times = sorted(s for other, s in faults if other == name and s is not None)
        count = sum(other == name for other, _ in faults)
        shown = (f"{times[len(times) // 2]:.1f}", f"{times[-1]:.1f}") if times else ("", "")
        table.add_row(name, str(count), *shown, str(count - len(times)))
    console.print(table)


def show_unharmed(stack: Stack, chance: Chance, console: Console) -> None:
    """Print the services and kinds of tasks that were never killed."""
    with contextlib.suppress(StackError):
        left = {*running_services(stack), *kinds_of_tasks(stack)} - set(chance.chosen)
        console.print(f"never killed: {', '.join(sorted(left)) or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=300, help="how long to cause faults")
    parser.add_argument("--seed", type=int, help="repeats a series of faults; random by default")
    parser.add_argument("--batch-rows", type=int, default=1_000)
    parser.add_argument(
        "--batches", type=int, default=100, help="largest number of batches to deliver"
    )
    arguments = parser.parse_args()
    seed = random.randrange(10_000) if arguments.seed is None else arguments.seed
    console = Console(highlight=False)
    console.print(f"seed {seed}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o711)
        ports = dict(zip(PORT_SETTINGS, free_ports(len(PORT_SETTINGS)), strict=True))
        changes = {
            "state_dir": folder / "disk" / "state", "dataset": folder / "encounters.csv",
            "scheduled_runs": False, "sweep_grace_seconds": 5, **ports,
            "promotion_rule": "weighted_f1",  # Small batches cannot prove that a model is better.
        }  # fmt: skip
        stack = Stack(get_settings().model_copy(update=changes))
        with own_file_system(folder / "disk"):
            stack.up()
            try:
                findings = run(
                    stack, folder / "encounters.csv", arguments.batch_rows, arguments.batches,
                    arguments.seconds, seed, console,
                )  # fmt: skip
            finally:
                stack.reset()
    for finding in findings:
        console.print(f"{'ok  ' if finding.ok else 'LOST'} {finding.sentence}")
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


if __name__ == "__main__":
    main()
