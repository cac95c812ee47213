"""The layout of the state folder, which contains all files of the local stack."""

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
"""The limit is 108 bytes, and supervisord appends its process id while it binds."""


@dataclass(frozen=True)
class StatePaths:
    """Paths of all files in one state folder.

    Parameters
    ----------
    home : Path
        The state folder, as an absolute path.
    """

    home: Path

    @property
    def credentials(self) -> Path:
        """Passwords and keys; only the owner can read the file."""
        return self.home / "credentials.json"

    @property
    def airflow_passwords(self) -> Path:
        """Airflow's users and passwords, in Airflow's format."""
        return self.home / "airflow-password.json"

    @property
    def backup_seal(self) -> Path:
        """The part of the backup key that makes backups; it cannot open them."""
        return self.home / "backup-seal.json"

    @property
    def restoring(self) -> Path:
        """Present while a backup is restored, and after a restore that was interrupted."""
        return self.home / "restoring"

    @property
    def mlflow_passwords(self) -> Path:
        """MLflow's users for people, and their passwords."""
        return self.home / "mlflow-password.json"

    @property
    def internal_ports(self) -> Path:
        """The internal ports of the object store, chosen once."""
        return self.home / "ports.json"

    @property
    def lock(self) -> Path:
        """Locked while a command changes the stack."""
        return self.home / "lock"

    @property
    def logs(self) -> Path:
        """Folder of the logs, one for each service."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """Working directory of the services, by which orphaned processes are found."""
        return self.home / "run"

    @property
    def services(self) -> Path:
        """Command and environment of each service, including secrets."""
        return self.home / "services.json"

    @property
    def settings(self) -> Path:
        """The settings of the last start, without secrets."""
        return self.home / "settings.json"

    @property
    def wanted(self) -> Path:
        """Names of the services that should run; missing when the stack should not."""
        return self.home / "wanted.json"

    @property
    def supervisor_config(self) -> Path:
        """The generated configuration of supervisord."""
        return self.home / "supervisord.conf"

    @property
    def airflow_home(self) -> Path:
        """Airflow's home folder."""
        return self.home / "airflow"

    @property
    def object_store(self) -> Path:
        """Data of the object store."""
        return self.home / "object-store"

    @property
    def data_docs(self) -> Path:
        """The reports of the gates, unless the settings name another folder."""
        return self.home / "data-docs"

    @property
    def prometheus(self) -> Path:
        """Configuration and data of Prometheus."""
        return self.home / "prometheus"

    @property
    def prometheus_login(self) -> Path:
        """Prometheus' password and the configuration that requires it."""
        return self.prometheus / "login"

    @property
    def alertmanager(self) -> Path:
        """Configuration and data of Alertmanager."""
        return self.home / "alertmanager"

    @property
    def alert_log(self) -> Path:
        """The alerts of this stack, one line each."""
        return self.home / "alerts.log"

    @property
    def grafana(self) -> Path:
        """Configuration, password and data of Grafana."""
        return self.home / "grafana"

    @property
    def sockets(self) -> Path:
        """Folder of the Unix sockets; outside `home` only if its path is too long."""
        if len(str(self.run)) + len("/supervisor.sock") <= LONGEST_SOCKET:
            return self.run
        return Path(tempfile.gettempdir()) / f"readmission-{os.getuid()}-{self.fingerprint}"

    @property
    def supervisor_socket(self) -> Path:
        """The socket on which supervisord listens."""
        return self.sockets / "supervisor.sock"

    @property
    def fingerprint(self) -> str:
        """Short hash of this state folder's path; names the folders that must be elsewhere."""
        return hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]

    def log(self, service: str) -> Path:
        """Return the path of a service's log."""
        return self.logs / f"{service}.log"

    @property
    def exists(self) -> bool:
        """Whether the local stack created this folder."""
        return (self.home / MARKER).exists()

    def create(self) -> None:
        """Create the folder, or reuse the one that a stack created before.

        Raises
        ------
        StackError
            If the folder contains other files.
        """
        if not self.exists and self.home.is_dir() and any(self.home.iterdir()):
            raise StackError(
                f"{self.home} is not empty and was not created by the stack; "
                "set READMISSION_STATE_DIR to a new folder"
            )
        self.home.mkdir(parents=True, exist_ok=True)
        # If root runs the stack, PostgreSQL's user must be able to enter this folder.
        self.home.chmod(0o711 if os.getuid() == 0 else 0o700)
        (self.home / MARKER).touch()
        for folder in (self.logs, self.run, self.sockets, self.airflow_home, self.object_store):
            folder.mkdir(mode=0o700, exist_ok=True)
        self.data_docs.mkdir(exist_ok=True)
        self.data_docs.chmod(0o750)
        if self.sockets.lstat().st_uid != os.getuid():
            raise StackError(f"{self.sockets} belongs to another user; delete it")

    def remove(self) -> None:
        """Delete the folder, if the stack created it."""
        if not self.exists:
            return
        shutil.rmtree(self.sockets, ignore_errors=True)
        try:
            shutil.rmtree(self.home)
        except PermissionError:
            # With READMISSION_RUN_AS, the parent may belong to root: an empty folder remains.
            if any(self.home.iterdir()):
                raise


def write_private(path: Path, text: str) -> None:
    """Write a file atomically and durably, readable only by its owner."""
    write_whole(path, text, durable=True)
