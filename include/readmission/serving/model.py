"""A registered version, loaded for serving: it predicts and explains."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from readmission.domain import schema
from readmission.domain.columns import earlier_stays
from readmission.serving.bundle import Bundle
from readmission.serving.encoding_tables import Encounter
from readmission.serving.explainers import PROBABILITY, Explainer, by_field

_SOON = schema.CLASSES.index("<30")


@dataclass(frozen=True)
class RegisteredVersion:
    """A model version as described by the registry.

    Parameters
    ----------
    name, version, run_id : str
        Registered model, its version, and the MLflow run that made it.
    data_source : str
        Origin of its training encounters: ``uci``, ``file`` or ``synthetic``.
    tags : mapping of str to str
        Its tags, among them verdict and figures of its promotion.
    """

    name: str
    version: str
    run_id: str
    data_source: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Prediction:
    """The prediction for one encounter.

    Parameters
    ----------
    predicted_class : str
        The class with the largest weighted probability, one of `schema.CLASSES`.
    probabilities : sequence of 3 floats
        In the order of `schema.CLASSES`.
    risk_percentile : int
        Percentage of validation patients with a lower risk of <30 days. The model was not
        trained on them.
    """

    predicted_class: str
    probabilities: Sequence[float]
    risk_percentile: int


def is_eligible(encounter: Encounter) -> bool:
    """Whether the patient left alive and so can be readmitted at all."""
    return encounter["discharge_disposition_id"] not in schema.DIED


@dataclass(frozen=True)
class Explanation:
    """The contribution of each field of one encounter to each class.

    Parameters
    ----------
    unit : str
        ``log-odds`` or ``probability``.
    base : sequence of 3 floats
        The score before any field is considered; if the encounter has no fields of earlier stays,
        with what their absence adds.
    contributions : mapping of str to sequence of 3 floats
        Contributions by field. Together with `base` they add up to the model's score. Log-odds
        may differ from it by a constant that is the same for all classes.
    """

    unit: str
    base: Sequence[float]
    contributions: Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class ServedModel:
    """One version with its verified bundle; immutable, so a request uses a single model."""

    registered: RegisteredVersion
    bundle: Bundle

    def predict(self, encounter: Encounter) -> Prediction | None:
        """Predict one validated encounter; None if it is not eligible."""
        if not is_eligible(encounter):
            return None
        return self._prediction(self.bundle.scorer.predict_one(encounter))

    def predict_each(self, encounters: Sequence[Encounter]) -> list[Prediction | None]:
        """Predict a few validated encounters, each with the digits that `predict` returns."""
        if len(encounters) > 1 and self.bundle.scorer.estimator.rows_are_independent:
            return self.predict_many(encounters)
        return [self.predict(encounter) for encounter in encounters]

    def predict_many(self, encounters: Sequence[Encounter]) -> list[Prediction | None]:
        """Predict many validated encounters at once; None for those that are not eligible."""
        eligible = [encounter for encounter in encounters if is_eligible(encounter)]
        if not eligible:
            return [None] * len(encounters)
        rows = iter(self.bundle.scorer.predict_proba(eligible).tolist())
        return [self._prediction(next(rows)) if is_eligible(e) else None for e in encounters]

    def explain(self, encounter: Encounter) -> Explanation:
        """Explain the prediction for an encounter."""
        unit, tables = self._explainer.unit, self.bundle.scorer.tables
        base, cells = self._explainer.contributions(tables.encode((encounter,))[0])
        if unit != PROBABILITY:
            base, cells = _centred(base), _centred(cells)
        contributions = by_field(cells, tables.owners(encounter))
        if earlier_stays.KNOWN not in encounter:
            # Without these fields, what the model adds for their absence is part of the base.
            for name in contributions.keys() & earlier_stays.BY_NAME.keys():
                base = base + contributions.pop(name)
        return Explanation(unit, base.tolist(), contributions)

    def _prediction(self, probabilities: list[float]) -> Prediction:
        weighted = [p * w for p, w in zip(probabilities, self._weights, strict=True)]
        label = schema.CLASSES[weighted.index(max(weighted))]
        # The first quantile is the lowest risk, below which there are 0 % of the patients.
        below = bisect_left(self._quantiles, probabilities[_SOON])
        return Prediction(label, probabilities, max(below - 1, 0))

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
        """The fields of the model's `readmission.serving.card.ModelCard`."""
        return self.bundle.card


def _centred(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Subtract the mean over the classes.

    This changes no probability, and a contribution becomes positive if it speaks for a class and
    negative if it speaks against it.
    """
    return scores - scores.mean(axis=-1, keepdims=True)
