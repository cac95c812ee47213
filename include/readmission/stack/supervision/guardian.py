"""Watch supervisord and start the stack again when supervisord has ended unexpectedly.

The guardian imports only the standard library, so it needs 10 MB, and it writes no file, so a full
disk does not end it.
"""

import json
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

POLL_SECONDS = 1.0
LONGEST_PAUSE = 60.0


def watch(pid: int, wanted: Path, restart: list[str]) -> None:
    """Wait until supervisord ends; start the stack again until that succeeds.

    Parameters
    ----------
    pid : int
        The process id of supervisord.
    wanted : Path
        Names of the services that should run, as JSON; `readmission down` deletes the file first.
    restart : list of str
        The command, without the names, that ends what the dead supervisord left behind and starts
        these services again, with a new guardian.
    """
    wait_for_end(pid)
    pause = POLL_SECONDS
    # A person's command may already be stopping or starting the stack.
    time.sleep(pause)
    while wanted.exists():
        # If no process can be started now, try again later; the guardian itself must not end.
        with suppress(OSError, ValueError):
            command = [*restart, *json.loads(wanted.read_text())]
            done = subprocess.run(  # noqa: S603
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
            )
            if done.returncode == 0:
                return
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def wait_for_end(pid: int) -> None:
    """Wait until a process has ended, even if its parent has not noticed that yet."""
    if sys.platform == "linux":
        with suppress(ProcessLookupError):
            select.select([os.pidfd_open(pid)], [], [])
        return
    with suppress(ProcessLookupError):
        while True:
            os.kill(pid, 0)
            time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    watch(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
