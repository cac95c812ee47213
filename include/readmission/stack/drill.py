"""Restore a backup into a second stack, and check that it predicts what this one predicts."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readmission.operations.sealing import BackupError, BackupKey, Seal
from readmission.stack import backup as backups
from readmission.stack.access import open_warehouses, predict_example
from readmission.stack.backup import Report
from readmission.stack.site.locking import one_at_a_time
from readmission.stack.site.ports import free_ports
from readmission.stack.site.site import PORT_SETTINGS
from readmission.stack.stack import Stack
from readmission.warehouse import reconciliation

SERVICES = {"api"}
"""With what it needs: the databases, the object store and MLflow."""


@dataclass(frozen=True)
class DrillResult:
    """A restore that succeeded.

    Parameters
    ----------
    made_at : str
        When the backup was made, in ISO format.
    rows : str
        Where the rows of RAW are, in words.
    version, current_version : str
        The version that predicts after the restore, and the one that predicts in the running stack.
    seconds : float
        How long it took until the restored stack predicted.
    """

    made_at: str
    rows: str
    version: str
    current_version: str
    seconds: float


def drill(stack: Stack, report: Report) -> DrillResult:
    """Back up a running stack with a key that is then forgotten, and restore that backup.

    Raises
    ------
    BackupError
        If the backup cannot be made or restored, rows are missing, predictions differ, or
        production changed so often meanwhile that they cannot be compared.
    """
    seal, text = Seal.make()
    before = predict_example(stack.site.settings.api_url)
    with tempfile.TemporaryDirectory(dir=stack.paths.home, prefix="drill-") as folder:
        made = backups.back_up(stack, Path(folder), report, seal)
        result = drill_with(stack, made, BackupKey(text), report, before)
    if result.version not in (before["model_version"], result.current_version):
        raise BackupError(
            f"version {result.version} was restored, but production moved during the drill from"
            f" {before['model_version']} to {result.current_version}; run it again"
        )
    return result


def drill_with(
    stack: Stack,
    backup: Path,
    key: BackupKey,
    report: Report,
    before: Mapping[str, Any] | None = None,
) -> DrillResult:
    """Restore a backup beside a running stack, compare the two, and delete the restored one.

    The restored API has compared its model with the model's golden rows before it predicts. If it
    serves the version that the running API serves, or served `before`, both must also return the
    same probabilities.

    Raises
    ------
    BackupError
        If the backup cannot be restored, rows are missing, or predictions differ.
    StackBusy
        If another drill of this stack runs.
    """
    with _second_stack(stack) as second:
        began = time.monotonic()
        manifest = backups.restore(second, backup, key, report)
        report("starting the restored API")
        second.up(only=SERVICES)
        restored = predict_example(second.site.settings.api_url)
        seconds = time.monotonic() - began
        with open_warehouses(second.site) as (raw, clean):
            rows = reconciliation.account(raw, clean, recount=True)
        current = predict_example(stack.site.settings.api_url)
    for running in filter(None, (before, current)):
        require_equal(restored, running)
    return DrillResult(
        manifest["made_at"],
        str(rows),
        restored["model_version"],
        current["model_version"],
        seconds,
    )


def require_equal(restored: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    """Compare the responses of both APIs to the same encounter, if one version predicted both.

    Raises
    ------
    BackupError
        If the probabilities differ.
    """
    version, same = restored["model_version"], restored["probabilities"] == current["probabilities"]
    if version == current["model_version"] and not same:
        raise BackupError(
            f"after the restore, version {version} predicts {restored['probabilities']} instead of"
            f" {current['probabilities']}"
        )


def second_home(stack: Stack) -> Path:
    """Return the state folder of the second stack.

    It is beside the first one, so that PostgreSQL's user can reach it if it can reach the other.
    """
    return stack.paths.home.with_name(f"{stack.paths.home.name}-drill")


@contextmanager
def _second_stack(stack: Stack) -> Iterator[Stack]:
    """Return a stack in a new folder on free ports, and delete it afterwards."""
    home = second_home(stack)
    ports = dict(zip(PORT_SETTINGS, free_ports(len(PORT_SETTINGS)), strict=True))
    settings = stack.settings.model_copy(
        update={"state_dir": home, "scheduled_runs": False, "wal_archive": None, **ports}
    )
    second = Stack(settings)
    with one_at_a_time(stack.paths.home / "drill.lock", "another drill"):
        second.reset()  # A killed drill may have left it.
        try:
            yield second
        finally:
            second.reset()
