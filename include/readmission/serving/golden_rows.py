"""Golden rows: encounters whose answers are known from training, asked again at every load.

They are synthetic, so no patient's data travels with a model.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from readmission.errors import BundleRefused
from readmission.serving.encoding_tables import Encounter
from readmission.serving.scorers import Scorer

FILE = "golden.json"
TOLERANCE = 1e-5
"""How far a probability may be from the one at training; float32 trees reach 1e-6."""


@dataclass(frozen=True)
class GoldenRows:
    """Encounters and the probabilities that the fitted pipeline gave them, shape (n, 3)."""

    encounters: Sequence[Encounter]
    probabilities: npt.NDArray[np.float64]

    def check(self, scorer: Scorer, weights: Sequence[float]) -> None:
        """Ask a scorer all rows.

        Raises
        ------
        BundleRefused
            If a probability is off by more than `TOLERANCE`, or a class differs.
        """
        answered = scorer.predict_proba(self.encounters)
        worst = float(np.max(np.abs(answered - self.probabilities)))
        decided, expected = (
            np.argmax(p * np.asarray(weights), axis=1) for p in (answered, self.probabilities)
        )
        changed = int(np.count_nonzero(decided != expected))
        if not worst <= TOLERANCE or changed:
            raise BundleRefused(
                f"the {scorer.runtime} model answers its golden rows otherwise than at training:"
                f" {changed} of {len(expected)} classes differ, a probability is off by {worst:.2g}"
            )

    def write(self, path: Path) -> None:
        """Write the rows as JSON."""
        rows = [dict(encounter) for encounter in self.encounters]
        path.write_text(
            json.dumps({"encounters": rows, "probabilities": self.probabilities.tolist()})
        )

    @classmethod
    def read(cls, path: Path) -> "GoldenRows":
        """Read what `write` wrote."""
        content = json.loads(path.read_text())
        return cls(content["encounters"], np.array(content["probabilities"], dtype=np.float64))
