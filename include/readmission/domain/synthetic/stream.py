"""A stream of synthetic encounters of any length, in memory that does not grow with it.

Each chunk is drawn from the seed and its number alone. Hence a longer stream begins with a
shorter one of the same seed, so that a file can grow.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from readmission.domain import schema
from readmission.domain.columns import MISSING
from readmission.domain.synthetic.encounters import SEED, drawn, finished

CHUNK_ROWS = 10_000
NEW_PATIENTS = 7_000
"""Patients of a chunk who were not seen before. The UCI file has 0.70 patients per encounter."""
DRIFT_ROWS = 100_000
"""Encounters from one end of the drift to the other, about as many as the UCI file has."""
PAYER_MISSING = (1.0, 0.14)
"""Share of encounters without a payer at each end: in UCI's first and last 15,000 rows."""
STAYED_HOME = (0.0, 0.36)
"""Share of outcomes that become NO at each end: that of NO rises by 15 points, as UCI's does."""


def stream(rows: int, seed: int = SEED) -> Iterator[pa.Table]:
    """Yield synthetic encounters in chunks of at most `CHUNK_ROWS`.

    They drift like the UCI file within every `DRIFT_ROWS` encounters, to and fro: payers become
    known, and fewer patients are readmitted. Three of ten encounters are of a patient who was seen
    before, at any time.

    Parameters
    ----------
    rows : int
        How many encounters.
    seed : int
        The same seed gives the same encounters.
    """
    for number in range(-(-rows // CHUNK_ROWS)):
        first = number * CHUNK_ROWS
        yield _chunk(number, seed).slice(0, min(CHUNK_ROWS, rows - first))


def _chunk(number: int, seed: int) -> pa.Table:
    random = np.random.default_rng([seed, number])
    first = number * CHUNK_ROWS
    progress = _progress(first + np.arange(CHUNK_ROWS))
    columns = drawn(CHUNK_ROWS, random)
    is_unknown = random.random(CHUNK_ROWS) < _between(PAYER_MISSING, progress)
    columns["payer_code"] = np.where(is_unknown, MISSING, columns["payer_code"])
    table = finished(columns, first, _patients(number, random), random)
    stays_home = random.random(CHUNK_ROWS) < _between(STAYED_HOME, progress)
    outcomes = np.where(stays_home, schema.CLASSES[0], table[schema.TARGET].to_numpy())
    place = table.schema.get_field_index(schema.TARGET)
    return table.set_column(place, schema.TARGET, pa.array(outcomes.tolist(), pa.string()))


def _patients(number: int, random: np.random.Generator) -> np.ndarray:
    """Return the patients of a chunk: new ones in order, and any of those before them."""
    is_new = np.zeros(CHUNK_ROWS, dtype=bool)
    is_new[random.choice(CHUNK_ROWS, NEW_PATIENTS, replace=False)] = True
    seen = number * NEW_PATIENTS + np.cumsum(is_new)
    returning = 1 + (random.random(CHUNK_ROWS) * np.maximum(seen, 1)).astype(np.int64)
    return np.where(is_new, seen, returning)


def _progress(rows: np.ndarray) -> np.ndarray:
    """Return how far the drift is at each row, from 0 to 1 and back."""
    return np.asarray((1 - np.cos(np.pi * rows / DRIFT_ROWS)) / 2)


def _between(ends: tuple[float, float], progress: np.ndarray) -> np.ndarray:
    return ends[0] + (ends[1] - ends[0]) * progress
