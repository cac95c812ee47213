"""Decide about a challenger from the figures: by the criteria, or by weighted F1 alone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from readmission.domain.production import CriterionStatus
from readmission.modelling.evaluation import criteria
from readmission.pipeline.promotion.order import PROMOTED
from readmission.settings import Settings

REFUSED = "refused"
FIRST_MODEL = "first model"
NONE_OPENS = "no promoted version can be opened any longer"
LATE = "late:"
"""Start of the reason of a late verdict."""
HELD = "held:"
"""Start of the reason of a verdict that only a pinned version has made a refusal."""

Name = Literal["criteria", "weighted_f1"]


@dataclass(frozen=True)
class Rule:
    """How it is decided whether a challenger is promoted.

    Parameters
    ----------
    name : str
        ``criteria``, or ``weighted_f1`` for the plain comparison.
    log_loss_tolerance : float
        By how much log-loss may be worse in the plain comparison, as an absolute difference.
    shadow_outcomes : int
        Live outcomes from which a challenger must not be worse than a refused version that proved
        better in shadow; 0 is never.
    """

    name: Name = "criteria"
    log_loss_tolerance: float = 0.005
    shadow_outcomes: int = 0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the rule of the settings."""
        return cls(
            settings.promotion_rule,
            settings.log_loss_tolerance,
            settings.promotion_shadow_outcomes,
        )

    def uses_shadow(self, outcomes: int) -> bool:
        """Whether a comparison in shadow with so many outcomes may decide."""
        return 0 < self.shadow_outcomes <= outcomes

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as the verdict stores it."""
        return asdict(self)


def decide(
    figures: Mapping[str, Any], rule: Rule, without_champion: str = FIRST_MODEL
) -> tuple[str, str]:
    """Return the verdict and the reason for it.

    Parameters
    ----------
    figures : mapping
        Metrics of both models on the same test rows, as ``challenger`` and ``champion``, and the
        ``criteria``. The first challenger has no champion to beat.
    rule : Rule
        How to decide.
    without_champion : str
        Why there is no champion, for the reason.
    """
    challenger, champion = figures["challenger"], figures["champion"]
    if champion is None:
        return PROMOTED, f"{without_champion}, weighted F1 {challenger['weighted_f1']:.4f}"
    compared = (
        f"weighted F1 {challenger['weighted_f1']:.4f} against {champion['weighted_f1']:.4f},"
        f" log-loss {challenger['log_loss']:.4f} against {champion['log_loss']:.4f}"
    )
    if rule.name == "criteria":
        return _by_criteria(figures["criteria"], compared)
    if challenger["weighted_f1"] <= champion["weighted_f1"]:
        return REFUSED, f"not better: {compared}"
    if challenger["log_loss"] > champion["log_loss"] + rule.log_loss_tolerance:
        return REFUSED, f"probabilities got worse: {compared}"
    return PROMOTED, f"better: {compared}"


def _by_criteria(found: list[Mapping[str, Any]], compared: str) -> tuple[str, str]:
    failed = [one for one in found if one["verdict"] == CriterionStatus.FAILED]
    sentence = criteria.sentence(criteria.deciding(found))
    if not failed:
        return PROMOTED, f"better: {sentence}; {compared}"
    others = f"; {len(failed) - 1} more failed" if len(failed) > 1 else ""
    name = "not better" if failed[0]["name"] == criteria.LOG_LOSS else "criterion failed"
    return REFUSED, f"{name}: {sentence}{others}; {compared}"
