"""Drops root's rights at the start of a command, so that no service ever has them."""

import os
import pwd
import sys
from collections.abc import Iterator
from pathlib import Path

from readmission.settings import CHECKOUT, Settings
from readmission.stack.errors import StackError
from readmission.stack.site.paths import MARKER, StatePaths
from readmission.stack.supervision.processes import stack_processes

SETTING = "READMISSION_RUN_AS"


def drop_root(settings: Settings) -> Settings:
    """Continue as the user that the settings name; return the settings with that user's folders.

    Root's state folder is handed over to the user first. Without `READMISSION_RUN_AS`, or if that
    user runs this process already, nothing changes.

    Raises
    ------
    StackError
        If the user does not exist, cannot use this checkout, or this process cannot become it.
    """
    if settings.run_as is None:
        return settings
    user, paths = _entry(settings.run_as), StatePaths(settings.state_dir.expanduser().resolve())
    if user.pw_uid != os.getuid():
        if os.getuid() != 0:
            raise StackError(
                f"only root can continue as {SETTING}={settings.run_as}; unset it, or run this"
                " command as root or as that user"
            )
        _hand_over(paths, user)
        _become(user, paths.home)
    if "cache_dir" in settings.model_fields_set:
        return settings
    # The default was in the home folder of root.
    return settings.model_copy(update={"cache_dir": paths.home / "cache"})


def _entry(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise StackError(
            f"{SETTING} is {name!r}, and this machine has no such user; create one with"
            f" `useradd --system {name}`"
        ) from None


def _hand_over(paths: StatePaths, user: pwd.struct_passwd) -> None:
    """Make the user the owner of the state folder, unless it is another's or in use."""
    marker = paths.home / MARKER
    if not paths.home.exists():
        paths.home.mkdir(mode=0o700, parents=True)
    elif not marker.exists() and any(paths.home.iterdir()):
        return  # Not a state folder; the command will refuse it.
    elif marker.exists() and marker.stat().st_uid == user.pw_uid:
        return
    elif marker.exists() and marker.stat().st_uid != 0:
        raise StackError(f"{paths.home} belongs to another user than {user.pw_name}")
    elif left := stack_processes(paths.home, [paths.run]):
        raise StackError(
            f"root runs {len(left)} processes of this stack; stop it first with"
            f" `env -u {SETTING} readmission down`"
        )
    for path in _contents(paths.home):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def _contents(home: Path) -> Iterator[Path]:
    """Yield a folder and all that is in it, and the same of PostgreSQL's folder elsewhere."""
    yield home
    yield from home.rglob("*")
    linked = home / "postgres"
    if linked.is_symlink():
        yield from _contents(linked.resolve())


def _become(user: pwd.struct_passwd, home: Path) -> None:
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    # Programs write below the home folder, which a system's user may not have.
    os.environ["HOME"] = user.pw_dir if os.access(user.pw_dir, os.W_OK) else str(home)
    for path in (Path(sys.executable), CHECKOUT / "include", home):
        if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
            raise StackError(
                f"{user.pw_name} ({SETTING}) cannot read {path.resolve()}: choose a checkout, a"
                " Python and a state folder in folders that this user may enter, e.g. below /opt"
            )
