"""Golden rows: encounters whose predictions are stored at training and checked at every load.

They are synthetic, so a model contains no patient data.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from readmission.errors import BundleRefused
from readmission.serving.encoding_tables import Encounter
from readmission.serving.scorer import CompiledScorer
from readmission.serving.signature import ROLL_BACK

FILE = "golden.json"
TOLERANCE = 1e-5
"""Largest allowed change of a probability since training; that of float32 trees is 1e-6."""


@dataclass(frozen=True)
class GoldenRows:
    """Encounters and the probabilities that the pipeline predicted, shape (n, 3)."""

    encounters: Sequence[Encounter]
    probabilities: npt.NDArray[np.float64]

    def check(self, scorer: CompiledScorer, weights: Sequence[float]) -> None:
        """Compare a scorer's predictions with the stored ones.

        Raises
        ------
        BundleRefused
            If a probability is off by more than `TOLERANCE`, or a class differs.
        """
        predicted = scorer.predict_proba(self.encounters)
        worst = float(np.max(np.abs(predicted - self.probabilities)))
        decided, expected = (
            np.argmax(p * np.asarray(weights), axis=1) for p in (predicted, self.probabilities)
        )
        changed = int(np.count_nonzero(decided != expected))
        if not worst <= TOLERANCE or changed:
            raise BundleRefused(
                f"the model does not reproduce its golden rows: {changed} of"
                f" {len(expected)} classes differ, and probabilities are off by up to {worst:.2g};"
                f" {ROLL_BACK}"
            )

    def write(self, path: Path) -> None:
        """Write the rows as JSON."""
        rows = [dict(encounter) for encounter in self.encounters]
        path.write_text(
            json.dumps({"encounters": rows, "probabilities": self.probabilities.tolist()})
        )

    @classmethod
    def read(cls, path: Path) -> "GoldenRows":
        """Read rows that `write` has written."""
        content = json.loads(path.read_text())
        return cls(content["encounters"], np.array(content["probabilities"], dtype=np.float64))
