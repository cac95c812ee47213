"""Time and memory of a stage, measured in a process of its own, and how they grow."""

import math
import multiprocessing
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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


def _measured(stage: Callable[..., dict[str, float]], given: Sequence[Any]) -> Cost:
    seconds = stage(*given)
    # Unlike getrusage, this does not count the process that started this one.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return Cost(seconds, int(found[1]) / 1024 if found else 0.0)


def apart(stage: Callable[..., dict[str, float]], *given: Any) -> Cost:
    """Run a stage in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_measured, stage, given).result()


def growth(sizes: Sequence[int], values: Sequence[float]) -> str:
    """Return by how much a value grew from the first size to the last, for each tenfold."""
    if len(sizes) < 2 or sizes[0] == sizes[-1]:
        return "-"
    tenfolds = math.log10(sizes[-1] / sizes[0])
    return f"{(values[-1] / values[0]) ** (1 / tenfolds):.2f} x"
