"""Compare the challenger with the champion on the same test rows, and record the verdict."""

from readmission.pipeline.order import PROMOTED, find_newer, promoted
from readmission.pipeline.promotion.champion import find_champion
from readmission.pipeline.promotion.comparison import Metrics, Rows, Scored, figures_of
from readmission.quality.gates import Gatekeeper
from readmission.registry import CHALLENGER, Registry
from readmission.serving.signature import TrustedKeys
from readmission.warehouse import CleanWarehouse, ModelHistory, Promotion
from readmission.warehouse.clean.judged_rows import JudgedRowLog, JudgedRows

REFUSED = "refused"
FIRST_MODEL = "first model"
NONE_OPENS = "no promoted version can be opened any longer"
LATE = "late:"
"""How the reason of a late verdict begins."""


def decide(
    challenger: Metrics,
    champion: Metrics | None,
    log_loss_tolerance: float,
    without_champion: str = FIRST_MODEL,
) -> tuple[str, str]:
    """Return the verdict and the reason for it.

    A challenger is promoted if its weighted F1 is better and its log-loss is not worse by more than
    the tolerance: better decisions must not cost worse probabilities.

    Parameters
    ----------
    challenger, champion : dict
        Metrics on the same test rows; the first challenger has no champion to beat.
    log_loss_tolerance : float
        Absolute difference.
    without_champion : str
        Why there is no champion, for the reason.
    """
    if champion is None:
        return PROMOTED, f"{without_champion}, weighted F1 {challenger['weighted_f1']:.4f}"
    compared = (
        f"weighted F1 {challenger['weighted_f1']:.4f} against {champion['weighted_f1']:.4f},"
        f" log-loss {challenger['log_loss']:.4f} against {champion['log_loss']:.4f}"
    )
    if challenger["weighted_f1"] <= champion["weighted_f1"]:
        return REFUSED, f"not better: {compared}"
    if challenger["log_loss"] > champion["log_loss"] + log_loss_tolerance:
        return REFUSED, f"probabilities got worse: {compared}"
    return PROMOTED, f"better: {compared}"


def judge(
    batch_id: str,
    warehouse: CleanWarehouse,
    history: ModelHistory,
    registry: Registry,
    trusted: TrustedKeys,
    gatekeeper: Gatekeeper,
    log_loss_tolerance: float,
) -> Promotion:
    """Compare the candidate of a batch with the champion, and record the verdict.

    The candidate gets the alias ``challenger``.

    Both are opened from their signed bundles, so no code or pickle from the registry runs here.
    They are scored on the test rows of the batches up to the candidate's own, however many have
    arrived since; which rows these are is stored with the verdict, so that it can be recomputed.
    A candidate is judged once. If an earlier try was killed after it had recorded the verdict, that
    verdict is returned. A candidate that comes after the model of a newer batch is refused as late.

    Raises
    ------
    BundleRefused
        If the candidate is not signed with a trusted key.
    GateFailed
        If the candidate's predictions on the test split are not plausible.
    """
    candidate = history.candidate(batch_id)
    known = history.verdict(batch_id, candidate.version)
    if known is not None:
        return known
    registry.set_alias(CHALLENGER, candidate.version)
    encounters = warehouse.test_encounters(batch_id)
    rows = Rows.read(warehouse, encounters)
    challenger = Scored(registry.open(candidate.version, trusted), rows)
    gatekeeper.predictions(
        warehouse, batch_id, challenger.predictions, rows.outcomes, challenger.metrics
    )
    found = find_champion(history, registry, trusted)
    champion = Scored(found, rows) if found else None
    without_champion = NONE_OPENS if promoted(history) else FIRST_MODEL
    verdict, reason = decide(
        challenger.metrics,
        champion.metrics if champion else None,
        log_loss_tolerance,
        without_champion,
    )
    if (newer := find_newer(batch_id, warehouse, history, registry)) is not None:
        verdict, reason = REFUSED, f"{LATE} {newer} is newer, and its model came first"
    promotion = Promotion(
        batch_id=batch_id,
        challenger_version=candidate.version,
        incumbent_version=champion.version if champion else None,
        verdict=verdict,
        reason=reason,
        figures=dict(figures_of(challenger, champion)),
    )
    judged = JudgedRows(encounters, len(encounters), rows.content_sha256, seed_of(rows))
    return JudgedRowLog(warehouse).record(promotion, judged)


def seed_of(rows: Rows) -> int:
    """Return the seed of the bootstrap: it follows from the rows, so nobody can choose it."""
    return int(rows.content_sha256[:8], 16)
