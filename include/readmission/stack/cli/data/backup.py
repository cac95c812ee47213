"""The commands `backup`, `restore` and `drill`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from readmission.stack.audit import record
from readmission.stack.cli.terminal import console, error_console, exit_on_error, open_stack
from readmission.stack.errors import StackError
from readmission.warehouse.audit.events import Action, by_os_user

if TYPE_CHECKING:
    from readmission.operations.sealing import BackupKey
    from readmission.stack.recovery import Recovery

KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--new-key",
        metavar="FILE",
        help="Make a new backup key first, and write it to this new file. Needed once.",
    ),
]


def back_up(
    folder: Annotated[Path, typer.Argument(help="Where to put the backup, e.g. another disk.")],
    new_key: KeyFile = None,
) -> None:
    """Back up databases, models, reports and secrets, encrypted, while the stack runs.

    The backup is a new folder that only the backup key opens. Keep that key away from this machine:
    without it no backup can be read. With `--new-key` again, later backups are made for a new key;
    earlier ones still need the old one.
    """
    with exit_on_error():
        from readmission.stack import backup as job  # Importing boto3 takes half a second.

        stack = open_stack()
        if not stack.is_running:
            raise StackError("the stack is not running; start it with `readmission up`")
        if new_key is not None:
            job.new_seal(stack.paths, new_key)
            console.print(f"the backup key is in {new_key}; move it away from this machine")
        record(stack.site, by_os_user(Action.BACK_UP, None))
        with error_console.status("backing up") as shown:
            made = job.back_up(stack, folder, lambda part: shown.update(f"backing up {part}"))
        size = sum(file.stat().st_size for file in made.iterdir()) / 2**20
        console.print(f"{made} holds {size:.1f} MiB; `readmission restore` brings it back")


def restore(
    backup: Annotated[Path, typer.Argument(help="A folder that `readmission backup` has made.")],
    key: Annotated[Path, typer.Option("--key", help="The file with the backup key.")],
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Recover the databases to this time, e.g. 2026-11-28T14:30:00+00:00; UTC without a"
            " zone. Needs the WAL archive.",
        ),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The WAL archive; by default READMISSION_WAL_ARCHIVE."),
    ] = None,
) -> None:
    """Restore a backup into a new state folder, on this machine or another.

    The signature and every checksum are verified first. An existing stack is never overwritten:
    delete it with `readmission reset`, or set `READMISSION_STATE_DIR` to a new folder.
    """
    with exit_on_error():
        from readmission.stack import backup as job

        opened, stack = _read_key(key), open_stack()
        to = _recovery(until, archive or stack.settings.wal_archive, opened)
        with error_console.status("restoring") as shown:
            manifest = job.restore(
                stack, backup, opened, lambda part: shown.update(f"restoring {part}"), to
            )
        console.print(
            f"restored the backup of {manifest['made_at']} into {stack.paths.home};"
            " start it with `readmission up`"
        )


def drill(
    backup: Annotated[
        Path | None,
        typer.Argument(help="A folder that `readmission backup` has made; by default a new one."),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="The file with the backup key of that folder.")
    ] = None,
) -> None:
    """Test a restore: it must return the same prediction. The running stack is not changed.

    The backup is restored into a second stack on other ports, beside the state folder. The rows are
    counted, its API predicts an example, and the second stack is deleted. That takes about a
    minute, 1.5 GB of memory and twice the disk space. Without a folder, a backup is made for a key
    that is then forgotten.
    """
    with exit_on_error():
        from readmission.stack import drill as job

        if (backup is None) != (key is None):
            raise StackError("give both the folder of a backup and its --key, or neither")
        stack = open_stack()
        if not stack.is_running:
            raise StackError("the stack is not running; start it with `readmission up`")
        record(stack.site, by_os_user(Action.DRILL, None))
        with error_console.status("drill") as shown:

            def report(part: str) -> None:
                shown.update(f"drill: {part}")

            if backup is None or key is None:
                result = job.drill(stack, report)
            else:
                result = job.drill_with(stack, backup, _read_key(key), report)
        console.print(
            f"the backup of {result.made_at} was restored and predicted with version"
            f" {result.version} after {result.seconds:.0f} s; {result.rows}"
        )
        if result.version != result.current_version:
            console.print(
                f"the running stack serves version {result.current_version}, so the predictions"
                " were not compared; the restored model predicts its golden rows"
            )


def _recovery(until: str | None, archive: Path | None, key: "BackupKey") -> "Recovery | None":
    from readmission.stack.recovery import Recovery

    if until is None:
        return None
    if archive is None:
        raise StackError("--until needs --archive, the folder with the archived changes")
    try:
        moment = datetime.fromisoformat(until)
    except ValueError as error:
        raise StackError(f"--until: {until!r} is not a time like 2026-11-28T14:30:00") from error
    return Recovery(moment if moment.tzinfo else moment.replace(tzinfo=UTC), archive, key)


def _read_key(file: Path) -> "BackupKey":
    from readmission.operations.sealing import BackupKey

    try:
        return BackupKey(file.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"the backup key cannot be read: {error}") from error
