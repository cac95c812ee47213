"""The rows of a training of which this process holds a sample only."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer

from readmission.domain.splitting import Split
from readmission.modelling.family import Family
from readmission.modelling.fitting import parts as steps
from readmission.modelling.fitting.parts import Part
from readmission.modelling.fitting.samples import sampled_patients

OfEach = Callable[..., Sequence[pd.DataFrame]]
"""Runs a step of `readmission.modelling.fitting.parts` on each part, and returns what it made."""


@dataclass(frozen=True, eq=False)
class PartedRows(ABC):
    """The train and validation rows of a training, in parts.

    Parameters
    ----------
    parts : sequence of callable
        Each reads the rows of one batch.
    counts : sequence of int
        Number of train rows in each part.
    sample : DataFrame
        Train and validation rows of the sampled patients: all rows if they fit.
    rows : int
        Number of train and validation rows.
    limit : int
        Largest number of rows in a sample.
    """

    parts: Sequence[Part]
    counts: Sequence[int]
    sample: pd.DataFrame
    rows: int
    limit: int

    @property
    def is_sampled(self) -> bool:
        """Whether the sample lacks rows."""
        return len(self.sample) < self.rows

    @cached_property
    def train_rows(self) -> int:
        """Number of train rows in all parts."""
        return sum(self.counts)

    @property
    @abstractmethod
    def engine(self) -> str:
        """What fits a model: the value of a run's tag ``engine``."""

    @abstractmethod
    def can_fit(self, family: Family) -> bool:
        """Whether a family is fitted on all rows; otherwise it is fitted on the sample."""

    @abstractmethod
    def fit(self, family: Family, estimator: Any, encoder: ColumnTransformer) -> None:
        """Fit an estimator of such a family on all train rows.

        Parameters
        ----------
        family : Family
            What the estimator is.
        estimator : classifier
            Unfitted; it becomes what its `fit` would make of it.
        encoder : ColumnTransformer
            Fitted, with sparse output.
        """


def survey(parts: Sequence[Part], of_each: OfEach, limit: int) -> dict[str, Any]:
    """Count the rows of all parts and read the sample: the fields of `PartedRows`.

    To draw it, patient, outcome and split of every row come first: up to 70 bytes a row.
    """
    outcomes = of_each(steps.outcomes, parts)
    counts = [int((rows["part"] == Split.TRAIN).sum()) for rows in outcomes]
    everyone = pd.concat(outcomes, ignore_index=True)
    patients = steps.Patients(sampled_patients(everyone, limit))
    sample = pd.concat(of_each(steps.rows, parts, patients), ignore_index=True)
    found = {"parts": parts, "counts": counts, "sample": sample}
    return found | {"rows": len(everyone), "limit": limit}
