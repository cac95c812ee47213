"""Score models on the same test rows: when a challenger is judged, and when that is recomputed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from readmission.domain import schema
from readmission.modelling import decision
from readmission.modelling.evaluation import criteria
from readmission.modelling.evaluation.criteria import LabelledRows, Predicted
from readmission.modelling.evaluation.metrics import evaluate_twice
from readmission.modelling.evaluation.newest_batch import evaluate_newest
from readmission.modelling.evaluation.subgroups import evaluate_subgroups, groups_of
from readmission.modelling.model import PROBABILITY_COLUMNS
from readmission.serving.clean_rows import score
from readmission.serving.model import ServedModel
from readmission.warehouse import CleanWarehouse
from readmission.warehouse.sql.content import content_hash

Metrics = dict[str, float]
_WITHOUT_EFFECT = ["batch_id", "source_row", "part"]
"""Columns on which no criterion depends: a replay or a corrected file may change them."""


@dataclass(frozen=True)
class ComparisonRows:
    """The test rows of a comparison, in order of their encounter numbers.

    Parameters
    ----------
    frame : DataFrame
        CLEAN rows.
    content_sha256 : str
        SHA-256 of everything in them that the figures depend on: encounter and patient, outcome,
        eligibility and features.
    newest : str
        The batch up to which they go.
    """

    frame: pd.DataFrame
    content_sha256: str
    newest: str

    @classmethod
    def read(
        cls, warehouse: CleanWarehouse, encounters: Sequence[int], up_to: str
    ) -> "ComparisonRows":
        """Read the rows of some encounters as of a batch, without those that CLEAN has lost."""
        table = warehouse.read_encounters(encounters, up_to)
        return cls(table.to_pandas(), content_hash(table.drop_columns(_WITHOUT_EFFECT)), up_to)

    @property
    def outcomes(self) -> npt.NDArray[np.integer]:
        """Class codes."""
        return self.frame[schema.TARGET].to_numpy()

    @property
    def patients(self) -> npt.NDArray[np.integer]:
        """Number of each row's patient."""
        return self.frame[schema.PATIENT].to_numpy()

    @cached_property
    def labelled(self) -> LabelledRows:
        """What the criteria need to know about the rows."""
        return LabelledRows(self.outcomes, self.patients, groups_of(self.frame))

    @property
    def seed(self) -> int:
        """Seed of the bootstrap; it follows from the rows, so nobody can choose it."""
        return int(self.content_sha256[:8], 16)


@dataclass(frozen=True)
class Scored:
    """A model with its probabilities for the rows.

    Parameters
    ----------
    model : ServedModel
        The model.
    rows : ComparisonRows
        The rows that it scores.
    """

    model: ServedModel
    rows: ComparisonRows

    @property
    def version(self) -> str:
        """The registered version."""
        return self.model.registered.version

    @cached_property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """The probability of each class, shape (n, 3)."""
        return score(self.model.bundle.scorer, self.rows.frame)

    @cached_property
    def metrics(self) -> Metrics:
        """All metrics, over all rows and over eligible patients."""
        eligible = self.rows.frame["eligible"].to_numpy()
        found = evaluate_twice(self.rows.outcomes, self.probabilities, self.weights, eligible)
        return {name: float(value) for name, value in found.items()}

    @property
    def weights(self) -> tuple[float, float, float]:
        """The decision weights."""
        no, later, soon = self.model.bundle.manifest.weights
        return no, later, soon

    @property
    def predicted(self) -> Predicted:
        """What the criteria compare."""
        return Predicted(self.probabilities, decision.decide(self.probabilities, self.weights))

    @property
    def predictions(self) -> pd.DataFrame:
        """The predicted class and the probabilities of each row, as the predictions gate reads."""
        classes = np.array(schema.CLASSES)[self.predicted.decided]
        predictions = pd.DataFrame(self.probabilities, columns=list(PROBABILITY_COLUMNS))
        return predictions.assign(prediction=classes)

    @property
    def bundle_sha256(self) -> str:
        """SHA-256 of the signed manifest's content, which has the hash of every file."""
        content = json.dumps(asdict(self.model.bundle.manifest), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


def figures_of(
    challenger: Scored,
    champion: Scored | None,
    earlier: Sequence[Scored],
    seed: int,
    in_shadow: Sequence[Scored] = (),
) -> dict[str, Any]:
    """Return what a verdict stores: everything that can be recomputed from rows and versions.

    Parameters
    ----------
    challenger, champion : Scored
        The two models; there may be no champion.
    earlier : sequence of Scored
        Earlier champions, of which the best one is compared as well.
    seed : int
        Seed of the bootstrap.
    in_shadow : sequence of Scored
        Refused versions that proved better in shadow, which the challenger must not fall behind.
    """
    rows = challenger.rows
    newest = evaluate_newest(
        rows.labelled,
        challenger.predicted,
        rows.frame["batch_id"].to_numpy(dtype=object),
        rows.newest,
        seed,
    )
    found = _criteria(challenger, champion, earlier, seed)
    found["criteria"] += [
        criteria.no_worse_than_shadow(
            rows.labelled, challenger.predicted, one.predicted, one.version, seed
        ).to_dict()
        for one in in_shadow
    ]
    found["criteria"] += [one.to_dict() for one in (newest.criteria() if newest else ())]
    return {
        "challenger": challenger.metrics,
        "champion": champion.metrics if champion else None,
        "test_rows": len(rows.frame),
        "subgroups": evaluate_subgroups(rows.frame, challenger.probabilities),
        "bundles": {
            "challenger": challenger.bundle_sha256,
            "champion": champion.bundle_sha256 if champion else None,
        },
        "newest_batch": newest.to_dict() if newest else None,
        "in_shadow": [one.version for one in in_shadow],
        **found,
    }


def _criteria(
    challenger: Scored, champion: Scored | None, earlier: Sequence[Scored], seed: int
) -> dict[str, Any]:
    labelled_rows = challenger.rows.labelled
    if champion is None:
        found = criteria.calibration(labelled_rows, challenger.predicted, decides=False)
        return {"best": None, "criteria": [one.to_dict() for one in found]}
    best = max([champion, *earlier], key=lambda one: one.metrics["weighted_f1"])
    found = criteria.compare(
        labelled_rows,
        challenger.predicted,
        champion.predicted,
        best.predicted if best is not champion else None,
        seed,
    )
    return {
        "best": {
            "version": best.version,
            "weighted_f1": best.metrics["weighted_f1"],
            "earlier": [one.version for one in earlier],
        },
        "criteria": [one.to_dict() for one in found],
    }
