"""Extrapolate the measured figures to a thousand million encounters, on many machines.

Assumptions, none of which favours a side:

- every figure grows as it did between the two largest sizes that were measured;
- ingestion, gates and processing are one stream: RAW and CLEAN are one PostgreSQL each, and a batch
  waits for the previous one, so more machines do not help them;
- reading a training set, fitting and scoring divide by the number of machines, each as fast as the
  one that was measured, and nothing is lost between them;
- a batch stays at 15,000 rows.
"""

from collections.abc import Mapping, Sequence
from math import log10

TARGET = 1_000_000_000


def extrapolate(sizes: Sequence[int], values: Sequence[float], rows: int = TARGET) -> float:
    """Return a value at more rows, if it grows for each tenfold as it did last."""
    if len(sizes) < 2:
        return values[-1] * rows / sizes[-1]
    exponent = log10(values[-1] / values[-2]) / log10(sizes[-1] / sizes[-2])
    return values[-1] * (rows / sizes[-1]) ** exponent


def divided(seconds: float, nodes: int) -> float:
    """Return the hours of work that divides by machines."""
    return seconds / nodes / 3_600


def lines(
    sizes: Sequence[int],
    together: Mapping[str, Sequence[float]],
    apart: Mapping[str, Sequence[float]],
    nodes: int,
) -> list[str]:
    """Return a sentence for each stage.

    Parameters
    ----------
    sizes : sequence of int
        The numbers of encounters that were measured, ascending.
    together, apart : mapping of str to sequence of float
        Seconds for all encounters at each size: of stages that one machine does, and of those that
        many share.
    nodes : int
        Number of machines.
    """
    alone = {name: divided(extrapolate(sizes, found), 1) for name, found in together.items()}
    shared = {name: divided(extrapolate(sizes, found), nodes) for name, found in apart.items()}
    return [
        *(f"{name}: {hours:,.1f} hours on one machine" for name, hours in alone.items()),
        *(f"{name}: {hours:,.1f} hours on {nodes} machines" for name, hours in shared.items()),
    ]
