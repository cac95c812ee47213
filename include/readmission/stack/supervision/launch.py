"""Become one service: read its command, environment and user from a private file, and exec.

Supervisor starts every service through this file, so that secrets stand neither in a
command line nor in supervisor's own configuration.
"""

import json
import os
import pwd
import sys
from pathlib import Path


def launch(services: Path, name: str) -> None:
    """Replace this process by the service.

    Parameters
    ----------
    services : Path
        JSON object: service name to ``command``, ``environment``, ``folder`` and ``user``.
    name : str
        Which one to become.
    """
    _end_predecessor(services.parent, name)
    service = json.loads(services.read_text())[name]
    os.environ.update(service["environment"])
    os.chdir(service["folder"])
    if service["user"]:
        entry = pwd.getpwnam(service["user"])
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    os.execvpe(service["command"][0], service["command"], os.environ)  # noqa: S606


def _end_predecessor(home: Path, name: str) -> None:
    """End what a killed predecessor of this service left behind.

    Workers of a killed Airflow scheduler would wait for it for ever, and finish tasks
    that the new one has started again. Supervisor gives each service a process group;
    a file keeps its number for as long as supervisor runs.
    """
    record = home / "run" / f"{name}.group"
    if record.exists():
        # Only now: importing takes longer than the rest of this file.
        from readmission.stack.supervision import processes

        group = int(record.read_text())
        left = processes.members(home, [home / "run"])
        processes.end([process for process in left if processes.group(process) == group], 1)
    record.write_text(str(os.getpgrp()))


if __name__ == "__main__":
    launch(Path(sys.argv[1]), sys.argv[2])
