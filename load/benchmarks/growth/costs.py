"""Time and memory of a stage, measured in a process of its own, and how they grow."""

import math
import multiprocessing
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil


@dataclass(frozen=True)
class Cost:
    """What a stage took.

    Parameters
    ----------
    seconds : dict of str to float
        By what was measured.
    peak_mib : float
        Peak memory of its process.
    """

    seconds: Mapping[str, float]
    peak_mib: float


def peak_of_children() -> float:
    """Return the MiB of the peaks of all processes that this one has started, together."""
    return sum(_peak(child.pid) for child in psutil.Process().children(recursive=True))


def _peak(process: int | str) -> float:
    # Unlike getrusage, this does not count the process that started this one.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def _measured(stage: Callable[..., Cost | dict[str, float]], given: Sequence[Any]) -> Cost:
    found = stage(*given)
    if isinstance(found, Cost):
        return Cost(found.seconds, found.peak_mib + _peak("self"))
    return Cost(found, _peak("self"))


def apart(stage: Callable[..., Cost | dict[str, float]], *given: Any) -> Cost:
    """Run a stage in a process of its own; a `Cost` has the memory of other processes."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_measured, stage, given).result()


def growth(sizes: Sequence[int], values: Sequence[float]) -> str:
    """Return by how much a value grew from the first size to the last, for each tenfold."""
    if len(sizes) < 2 or sizes[0] == sizes[-1]:
        return "-"
    tenfolds = math.log10(sizes[-1] / sizes[0])
    return f"{(values[-1] / values[0]) ** (1 / tenfolds):.2f} x"
