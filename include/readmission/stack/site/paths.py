"""Where the local stack keeps things: everything under one folder."""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from readmission.files import write_whole
from readmission.stack.errors import StackError

MARKER = ".readmission-state"
LONGEST_SOCKET = 90
"""A unix socket's path has 108 bytes; supervisord appends its pid while it binds."""


@dataclass(frozen=True)
class Paths:
    """The layout of one state folder.

    Parameters
    ----------
    home : Path
        The state folder, absolute.
    """

    home: Path

    @property
    def credentials(self) -> Path:
        """Passwords and keys, readable by their owner alone."""
        return self.home / "credentials.json"

    @property
    def airflow_passwords(self) -> Path:
        """Airflow's users and passwords, in the form Airflow reads."""
        return self.home / "airflow-password.json"

    @property
    def internal_ports(self) -> Path:
        """Ports between the parts of one component, chosen once."""
        return self.home / "ports.json"

    @property
    def lock(self) -> Path:
        """Held while a command changes the stack."""
        return self.home / "lock"

    @property
    def logs(self) -> Path:
        """One log a service."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """Working directory of the services; sweeping recognises them by it."""
        return self.home / "run"

    @property
    def services(self) -> Path:
        """Command and environment of each service, secrets included."""
        return self.home / "services.json"

    @property
    def supervisor_config(self) -> Path:
        """Supervisor's configuration, generated."""
        return self.home / "supervisord.conf"

    @property
    def airflow_home(self) -> Path:
        """Airflow's own folder."""
        return self.home / "airflow"

    @property
    def object_store(self) -> Path:
        """Buckets and their index."""
        return self.home / "object-store"

    @property
    def prometheus(self) -> Path:
        """Prometheus' configuration and what it has recorded."""
        return self.home / "prometheus"

    @property
    def sockets(self) -> Path:
        """Folder of the unix sockets; outside `home` only if that path is too long."""
        if len(str(self.run)) + len("/supervisor.sock") <= LONGEST_SOCKET:
            return self.run
        return Path(tempfile.gettempdir()) / f"readmission-{os.getuid()}-{self.fingerprint}"

    @property
    def supervisor_socket(self) -> Path:
        """Where supervisord listens."""
        return self.sockets / "supervisor.sock"

    @property
    def fingerprint(self) -> str:
        """Short name of this state folder, for what must live elsewhere."""
        return hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]

    def log(self, service: str) -> Path:
        """Return the log of a service."""
        return self.logs / f"{service}.log"

    @property
    def exists(self) -> bool:
        """Whether this folder was made by the local stack."""
        return (self.home / MARKER).exists()

    def create(self) -> None:
        """Make the folder, or adopt the one this stack made before.

        Raises
        ------
        StackError
            If the folder holds something else.
        """
        if not self.exists and self.home.is_dir() and any(self.home.iterdir()):
            raise StackError(
                f"{self.home} is not empty and was not made by this stack; "
                "set READMISSION_STATE_DIR to a folder of its own"
            )
        self.home.mkdir(parents=True, exist_ok=True)
        # Run by root, PostgreSQL lives in here under another user, who must get through.
        self.home.chmod(0o711 if os.getuid() == 0 else 0o700)
        (self.home / MARKER).touch()
        for folder in (self.logs, self.run, self.sockets, self.airflow_home, self.object_store):
            folder.mkdir(mode=0o700, exist_ok=True)
        if self.sockets.lstat().st_uid != os.getuid():
            raise StackError(f"{self.sockets} belongs to somebody else; remove it")

    def remove(self) -> None:
        """Delete everything, if this stack made it."""
        if not self.exists:
            return
        shutil.rmtree(self.sockets, ignore_errors=True)
        shutil.rmtree(self.home)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read and that survives a crash of the machine."""
    write_whole(path, text, durable=True)
