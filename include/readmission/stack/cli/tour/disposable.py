"""A stack that exists for one command, with folders and ports of its own."""

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from readmission.settings import PREFIX, Settings
from readmission.stack.site.ports import free_ports
from readmission.stack.site.site import PORT_SETTINGS
from readmission.stack.stack import Stack
from readmission.stack.supervision.run_as import drop_root

FOLDER = "readmission-tour-"
STATE, DELIVERY = "state", "encounters.csv"
IN_USE = "in-use"
"""A file that is locked as long as the process that made the stack runs."""
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
KEPT = ("run_as", "cache_dir")
"""Settings of the caller that the disposable stack keeps."""


def settings_in(home: Path, given: Settings) -> Settings:
    """Return the settings of a small stack in a folder; those of the caller's stack do not hold.

    Parameters
    ----------
    home : Path
        The folder.
    given : Settings
        Those of the caller.
    """
    ports = dict(zip(PORT_SETTINGS, free_ports(len(PORT_SETTINGS)), strict=True))
    kept = {name: getattr(given, name) for name in KEPT if name in given.model_fields_set}
    own = {
        "state_dir": home / STATE,
        "dataset": home / DELIVERY,
        "offline": True,
        # Only deliveries of the tour start a run.
        "scheduled_runs": False,
        # One family and a rule without intervals: a few hundred rows prove nothing anyway.
        "families": given.families[:1],
        "promotion_rule": "weighted_f1",
    }
    return Settings.model_construct().model_copy(update=kept | own | ports)


@contextmanager
def disposable_stack(
    given: Settings, deleted: Callable[[Path], object] = lambda _home: None
) -> Iterator[Stack]:
    """Yield a stack that has not been started; delete it with all its data at the end.

    That holds after an error, Ctrl-C, SIGTERM and a closed terminal, too. What a killed process has
    left is deleted first. Until the end the variables of the caller's stack are removed from this
    process, because services inherit its environment.

    Parameters
    ----------
    given : Settings
        Those of the caller.
    deleted : callable
        Called with the folder of each stack that a killed process had left.
    """
    home = Path(tempfile.mkdtemp(prefix=FOLDER))
    home.chmod(0o711)  # PostgreSQL does not run as root, and must reach its folder.
    callers: dict[str, str] = {}
    former = {number: signal.signal(number, _interrupt) for number in ENDINGS}
    try:
        given = drop_root(given.model_copy(update={"state_dir": home}))
        callers = {name: os.environ.pop(name) for name in list(os.environ) if _is_ours(name)}
        for left in abandoned():
            _delete(left)
            deleted(left)
        stack = Stack(settings_in(home, given))
        with _in_use(home):
            try:
                yield stack
            finally:
                # A second Ctrl-C must not leave half of it behind.
                for number in ENDINGS:
                    signal.signal(number, signal.SIG_IGN)
                stack.reset()
    finally:
        shutil.rmtree(home, ignore_errors=True)
        os.environ |= callers
        for number, handler in former.items():
            signal.signal(number, handler)


def abandoned() -> list[Path]:
    """Return this user's folders of stacks whose process was killed before it deleted them."""
    found = sorted(Path(tempfile.gettempdir()).glob(f"{FOLDER}*/{IN_USE}"))
    return [file.parent for file in found if _is_abandoned(file)]


def _is_abandoned(file: Path) -> bool:
    with suppress(BlockingIOError, FileNotFoundError):  # In use, or deleted meanwhile.
        # Another user can make such a folder in /tmp, but it does not belong to this one.
        if any(path.lstat().st_uid != os.geteuid() for path in (file.parent, file)):
            return False
        with file.open() as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False


@contextmanager
def _in_use(home: Path) -> Iterator[None]:
    """Mark a folder as in use; the system removes the mark even from a process that is killed."""
    draft = home / f"{IN_USE}.new"
    with draft.open("w") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        draft.rename(home / IN_USE)  # Nobody sees it before it is locked.
        yield


def _delete(home: Path) -> None:
    Stack(Settings.model_construct().model_copy(update={"state_dir": home / STATE})).reset()
    shutil.rmtree(home, ignore_errors=True)


def _is_ours(variable: str) -> bool:
    return variable.startswith(PREFIX)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
