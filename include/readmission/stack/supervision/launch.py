"""Start one service: read its command, environment and user from a private file, then exec.

supervisord starts every service through this script, so that no secret appears in a command line
or in supervisord's configuration.
"""

import json
import os
import pwd
import sys
from contextlib import suppress
from pathlib import Path


def launch(services: Path, name: str) -> None:
    """Replace this process with the service.

    Parameters
    ----------
    services : Path
        JSON file: each service's ``command``, ``environment``, ``folder`` and ``user``.
    name : str
        The service to start.
    """
    _end_predecessor(services.parent, name)
    service = json.loads(services.read_text())[name]
    os.environ.update(service["environment"])
    os.chdir(service["folder"])
    # Other users of the machine must not read what services write, such as the reports.
    os.umask(0o027)
    if service["user"]:
        entry = pwd.getpwnam(service["user"])
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    os.execvpe(service["command"][0], service["command"], os.environ)  # noqa: S606


def _end_predecessor(home: Path, name: str) -> None:
    """End the processes that an earlier, killed process of this service left behind.

    Otherwise the workers of a killed Airflow scheduler would keep running, and finish tasks that
    the new scheduler has started again. supervisord gives each service a process group; a file
    stores the id of the group while supervisord runs.
    """
    record = home / "run" / f"{name}.group"
    # A full disk leaves an empty record; the service starts anyway.
    group = None
    with suppress(OSError, ValueError):
        group = int(record.read_text())
    if group is not None:
        # Imported lazily because the import takes longer than the rest of this script.
        from readmission.stack.supervision import processes

        left = processes.stack_processes(home, [home / "run"])
        processes.terminate(
            [process for process in left if processes.process_group(process) == group], 1
        )
    with suppress(OSError):
        record.write_text(str(os.getpgrp()))


if __name__ == "__main__":
    launch(Path(sys.argv[1]), sys.argv[2])
