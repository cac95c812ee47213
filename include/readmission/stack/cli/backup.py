"""The commands `backup` and `restore`."""

from pathlib import Path
from typing import Annotated

import typer

from readmission.stack.cli.terminal import console, error_console, exit_on_error, open_stack
from readmission.stack.errors import StackError

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
        with error_console.status("backing up") as shown:
            made = job.back_up(stack, folder, lambda part: shown.update(f"backing up {part}"))
        size = sum(file.stat().st_size for file in made.iterdir()) / 2**20
        console.print(f"{made} holds {size:.1f} MiB; `readmission restore` brings it back")


def restore(
    backup: Annotated[Path, typer.Argument(help="A folder that `readmission backup` has made.")],
    key: Annotated[Path, typer.Option("--key", help="The file with the backup key.")],
) -> None:
    """Restore a backup into a new state folder, on this machine or another.

    The signature and every checksum are verified first. An existing stack is never overwritten:
    delete it with `readmission reset`, or set `READMISSION_STATE_DIR` to a new folder.
    """
    with exit_on_error():
        from readmission.operations.sealing import BackupKey
        from readmission.stack import backup as job

        try:
            opened = BackupKey(key.read_text())
        except (OSError, UnicodeDecodeError) as error:
            raise StackError(f"the backup key cannot be read: {error}") from error
        stack = open_stack()
        with error_console.status("restoring") as shown:
            manifest = job.restore(
                stack, backup, opened, lambda part: shown.update(f"restoring {part}")
            )
        console.print(
            f"restored the backup of {manifest['made_at']} into {stack.paths.home};"
            " start it with `readmission up`"
        )
