"""Commands of which only one may run at a time on one stack."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from readmission.stack.errors import StackBusy


@contextmanager
def one_at_a_time(lock: Path, what: str) -> Iterator[None]:
    """Hold a lock until the block ends; the system frees it even if the process is killed.

    Parameters
    ----------
    lock : Path
        A file, which is created if it is missing.
    what : str
        What runs, for the message: ``another backup``.

    Raises
    ------
    StackBusy
        If another process holds it.
    """
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackBusy(f"{what} of {lock.parent} is running; wait for it to finish") from None
        yield
