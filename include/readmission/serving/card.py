"""What people should know of a model, as it was at training: the text and figures of its card."""

from dataclasses import dataclass, field
from typing import Any

FILE = "card.json"

INTENDED_USE = (
    "Helps a clinical team to choose which adult patients with diabetes to follow up after a "
    "hospital stay. It supports a decision and does not take one."
)
LIMITS = (
    "Learnt from 130 US hospitals in 1999-2008: check it on your own patients before use.",
    "Most patients who come back within 30 days are not recognised: low risk is not no risk.",
    "It tells what tends to go together, not what causes a readmission.",
    "Patients who died or left for a hospice are scored like all others.",
)
"""Sentences for people who decide with it."""


@dataclass(frozen=True)
class ModelCard:
    """A model's card.

    Parameters
    ----------
    family, title : str
        Kind of model, as a key and for people.
    trained_at : str
        ISO 8601, UTC.
    data : dict
        Lineage: newest batch, batches, rows, hash, source.
    metrics : dict of str to float
        On validation rows.
    decision_weights : dict of str to float
        Multiplies each class's probability before the largest decides.
    importance : dict of str to float
        Share of each field, largest first.
    capacity : list of dict
        For each share of patients that could be followed up, from the riskiest: the threshold
        on the probability of <30 days, and the share of those patients it catches.
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
