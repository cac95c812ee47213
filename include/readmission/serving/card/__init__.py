"""The model card: what users should know about a model, written at training."""

from dataclasses import dataclass, field
from typing import Any

from readmission import __version__

FILE = "card.json"

INTENDED_USE = (
    "Helps a clinical team to choose which adult patients with diabetes to follow up after a "
    "hospital stay. It supports a decision and does not take one."
)
LIMITS = (
    "It learned from 130 US hospitals in 1999-2008. Check it on your own patients before use.",
    "It misses most patients who are readmitted within 30 days: a low risk is still a risk.",
    "It shows what tends to occur together, not what causes a readmission.",
    "Patients who died get no prediction; those who went to a hospice are scored like all others.",
)
"""Shown to people who base decisions on the model."""


@dataclass(frozen=True)
class ModelCard:
    """The card of one model.

    Parameters
    ----------
    family, title : str
        Name of the model family, and its display name.
    trained_at : str
        ISO 8601, UTC.
    data : dict
        Lineage: newest batch, number of batches and rows, hash, origin.
    metrics : dict of str to float
        On validation rows.
    decision_weights : dict of str to float
        Factor of each class's probability; the largest product decides.
    importance : dict of str to float
        Share of each field, largest first.
    capacity : list of dict
        What a follow-up of the riskiest patients would catch, as returned by
        `readmission.modelling.bundling.capacity`.
    report : dict
        Intervals, subgroups, calibration, decision curve and more, as returned by
        `readmission.modelling.evaluation.report.evaluation_report`; an older card has none.
    release : str
        The release of this project that trained the model.
    """

    family: str
    title: str
    trained_at: str
    data: dict[str, Any]
    metrics: dict[str, float]
    decision_weights: dict[str, float]
    importance: dict[str, float]
    capacity: list[dict[str, float]]
    intended_use: str = INTENDED_USE
    limits: tuple[str, ...] = field(default=LIMITS)
    report: dict[str, Any] = field(default_factory=dict)
    release: str = __version__
