"""A registered version, opened and able to answer, explain and describe itself."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from readmission.domain import schema
from readmission.serving.bundle import Bundle
from readmission.serving.encoding_tables import Encounter
from readmission.serving.explainers import PROBABILITY, Explainer, by_field
from readmission.serving.scorers import CompiledScorer

_SOON = schema.CLASSES.index("<30")


@dataclass(frozen=True)
class RegisteredVersion:
    """What the registry says of one version.

    Parameters
    ----------
    name, version, run_id : str
        Which model it is.
    data_source : str
        Whose encounters it was trained on: ``uci``, ``file`` or ``synthetic``.
    tags : mapping of str to str
        Verdict and figures of its promotion, among others.
    """

    name: str
    version: str
    run_id: str
    data_source: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Prediction:
    """One answer.

    Parameters
    ----------
    predicted_class : str
        One of `schema.CLASSES`: the largest weighted probability.
    probabilities : sequence of 3 floats
        In the order of `schema.CLASSES`.
    risk_percentile : int
        How many of 100 validation patients, whom the model has not learned from, have a lower
        risk of <30 days.
    """

    predicted_class: str
    probabilities: Sequence[float]
    risk_percentile: int


@dataclass(frozen=True)
class Explanation:
    """What each field of one encounter adds to each class.

    Parameters
    ----------
    unit : str
        ``log-odds`` or ``probability``.
    base : sequence of 3 floats
        The score before anything is known of the patient.
    contributions : mapping of str to sequence of 3 floats
        One field each; with `base` they add up to the model's own score, for log-odds but
        for a shift that is the same for all classes.
    """

    unit: str
    base: Sequence[float]
    contributions: Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class ServedModel:
    """One version with its verified bundle; immutable, so one request meets one model."""

    registered: RegisteredVersion
    bundle: Bundle

    def predict(self, encounter: Encounter) -> Prediction:
        """Answer one encounter that the contract has accepted."""
        return self._prediction(self.bundle.scorer.predict_one(encounter))

    def predict_many(self, encounters: Sequence[Encounter]) -> list[Prediction]:
        """Answer many encounters at once."""
        rows = self.bundle.scorer.predict_proba(encounters).tolist()
        return [self._prediction(probabilities) for probabilities in rows]

    def explain(self, encounter: Encounter) -> Explanation:
        """Tell what drove the answer to an encounter."""
        unit, tables = self._explainer.unit, self.bundle.tables
        base, cells = self._explainer.contributions(tables.encode((encounter,))[0])
        if unit != PROBABILITY:
            base, cells = _centred(base), _centred(cells)
        return Explanation(unit, base.tolist(), by_field(cells, tables.columns))

    def _prediction(self, probabilities: list[float]) -> Prediction:
        weighted = [p * w for p, w in zip(probabilities, self._weights, strict=True)]
        label = schema.CLASSES[weighted.index(max(weighted))]
        # The first quantile is the lowest risk of all: above it, nobody is below yet.
        passed = bisect_left(self._quantiles, probabilities[_SOON])
        return Prediction(label, probabilities, max(passed - 1, 0))

    @cached_property
    def is_quick(self) -> bool:
        """Whether one encounter is answered in less time than it takes to hand it to a thread."""
        return self.bundle.scorer.runtime == CompiledScorer.runtime

    @cached_property
    def _weights(self) -> Sequence[float]:
        return tuple(self.bundle.manifest.weights)

    @cached_property
    def _quantiles(self) -> Sequence[float]:
        return tuple(self.bundle.manifest.risk_quantiles)

    @cached_property
    def _explainer(self) -> Explainer:
        return self.bundle.make_explainer()

    @property
    def card(self) -> Mapping[str, Any]:
        """The model's card, as `readmission.serving.card.ModelCard` has it."""
        return self.bundle.card


def _centred(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Take out what is common to all classes.

    It changes no probability, and without it the sign of a contribution says whether it
    speaks for a class or against it.
    """
    return scores - scores.mean(axis=-1, keepdims=True)
