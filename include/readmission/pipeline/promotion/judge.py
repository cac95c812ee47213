"""Compare the challenger with the champion on the same test rows, and record the verdict."""

import logging
from collections.abc import Sequence

from readmission.modelling.evaluation import criteria
from readmission.modelling.evaluation.newest_batch import alarm_note
from readmission.pipeline.outcomes.shadow import ShadowComparison
from readmission.pipeline.promotion.champion import (
    earlier_champions,
    find_champion,
    try_to_open,
)
from readmission.pipeline.promotion.comparison import ComparisonRows, Scored, figures_of
from readmission.pipeline.promotion.leaks import find_leaks, highest_metrics
from readmission.pipeline.promotion.order import PROMOTED, find_newer, not_denied
from readmission.pipeline.promotion.rule import (
    FIRST_MODEL,
    HELD,
    LATE,
    NONE_OPENS,
    REFUSED,
    Rule,
    decide,
)
from readmission.quality.gates import Gatekeeper
from readmission.registry import CHALLENGER, Registry
from readmission.serving.signature import TrustedKeys
from readmission.settings.lock import lock_sha256
from readmission.warehouse import Candidate, CleanWarehouse, ModelHistory, Promotion
from readmission.warehouse.clean.judged_rows import JudgedRowLog, JudgedRows

log = logging.getLogger(__name__)


def judge(
    batch_id: str,
    warehouse: CleanWarehouse,
    history: ModelHistory,
    registry: Registry,
    trusted: TrustedKeys,
    gatekeeper: Gatekeeper,
    rule: Rule,
    in_shadow: Sequence[ShadowComparison] = (),
) -> Promotion:
    """Compare the candidate of a batch with the champion, and record the verdict.

    The candidate gets the alias ``challenger``.

    Both are opened from their signed bundles, so no code or pickle from the registry runs here.
    They are scored on the test rows of the batches up to the candidate's own, however many have
    arrived since; which rows these are is stored with the verdict, so that it can be recomputed.
    While a rollback has pinned a version, a candidate that would be promoted is refused as held.
    A refused version that proved better than the champion in shadow (`in_shadow`) is named in the
    reason; with enough outcomes for the rule, the candidate must not be worse than that version.
    A candidate is judged once. If an earlier try was killed after it had recorded the verdict, that
    verdict is returned. A candidate that comes after the model of a newer batch is refused as late.

    Raises
    ------
    BundleRefused
        If the candidate is not signed with a trusted key.
    GateFailed
        If the candidate's predictions on the test split are not plausible. If they are too good,
        the message names the columns that explain it.
    """
    candidate = history.candidate(batch_id)
    known = history.verdict(batch_id, candidate.version)
    if known is not None:
        return known
    registry.set_alias(CHALLENGER, candidate.version)
    encounters = warehouse.test_encounters(batch_id)
    rows = ComparisonRows.read(warehouse, encounters, batch_id)
    challenger = Scored(registry.open(candidate.version, trusted), rows)
    metrics = highest_metrics(challenger, warehouse)
    suspects = find_leaks(challenger, metrics, warehouse, batch_id)
    gatekeeper.predictions(
        warehouse, batch_id, challenger.predictions, rows.outcomes, metrics, suspects
    )
    champion, earlier = _rivals(challenger, history, registry, trusted)
    proven = _proven(in_shadow, champion, history)
    others = [one.challenger for one in proven if rule.uses_shadow(one.outcomes)]
    opened = [try_to_open(version, registry, trusted) for version in others]
    better = [Scored(model, rows) for model in opened if model is not None]
    figures = figures_of(challenger, champion, earlier, rows.seed, better) | {
        "rule": rule.to_dict(),
        "basis": _basis(candidate, rows),
        "proven_in_shadow": [one.to_dict() for one in proven],
    }
    for criterion in figures["criteria"]:
        log.info("%s: %s", criterion["verdict"], criteria.sentence(criterion))
    without_champion = NONE_OPENS if not_denied(history, registry) else FIRST_MODEL
    verdict, reason = decide(figures, rule, without_champion)
    if (newer := find_newer(batch_id, warehouse, history, registry)) is not None:
        verdict, reason = REFUSED, f"{LATE} {newer} is newer, and its model came first"
    if verdict == PROMOTED and (pin := registry.production().pin) is not None:
        verdict, reason = REFUSED, f"{HELD} {pin}; without the pin: {reason}"
    for one in proven:
        reason += f"; {one.sentence}"
    if figures["newest_batch"] and figures["newest_batch"]["alarm"]:
        reason += f"; {alarm_note(figures['newest_batch'])}"
    promotion = Promotion(
        batch_id=batch_id,
        challenger_version=candidate.version,
        champion_version=champion.version if champion else None,
        verdict=verdict,
        reason=reason,
        figures=figures,
    )
    judged = JudgedRows(encounters, len(encounters), rows.content_sha256, rows.seed)
    return JudgedRowLog(warehouse).record(promotion, judged)


def _proven(
    in_shadow: Sequence[ShadowComparison], champion: Scored | None, history: ModelHistory
) -> list[ShadowComparison]:
    """Return the refused versions that are better than the champion by its live outcomes."""
    verdicts = history.promotions(figures=False)
    refused = {one.challenger_version for one in verdicts if one.verdict == REFUSED}
    return [
        one
        for one in in_shadow
        if champion and one.champion == champion.version and one.challenger in refused
        if one.is_better
    ]


def _basis(candidate: Candidate, rows: ComparisonRows) -> dict[str, str | int]:
    """Return what the figures follow from, besides the models, so that they can be traced."""
    return {
        "seed": rows.seed,
        "lock_sha256": lock_sha256(),
        "rows_sha256": rows.content_sha256,
        "training_data_sha256": candidate.data_sha256,
    }


def _rivals(
    challenger: Scored, history: ModelHistory, registry: Registry, trusted: TrustedKeys
) -> tuple[Scored | None, list[Scored]]:
    """Return the champion and earlier champions, each with its probabilities for the rows."""
    champion = find_champion(history, registry, trusted)
    if champion is None:
        return None, []
    own = (challenger.version, champion.registered.version)
    earlier = earlier_champions(history, registry, trusted, *own)
    return Scored(champion, challenger.rows), [Scored(one, challenger.rows) for one in earlier]
