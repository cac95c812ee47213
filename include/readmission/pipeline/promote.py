"""Compare the challenger with the champion on the same test rows, and record the verdict."""

import logging

import numpy as np
import numpy.typing as npt
import pandas as pd

from readmission.domain import schema
from readmission.domain.splitting import Split
from readmission.errors import BundleRefused, NoModel
from readmission.modelling import decision
from readmission.modelling.evaluation import evaluate_twice
from readmission.modelling.model import PROBABILITY_COLUMNS
from readmission.modelling.subgroups import evaluate_subgroups
from readmission.pipeline.order import PROMOTED, existing, find_newer, promoted
from readmission.quality.gates import Gatekeeper
from readmission.registry import CHALLENGER, Registry
from readmission.serving.clean_rows import score
from readmission.serving.model import ServedModel
from readmission.serving.signature import TrustedKeys
from readmission.warehouse import CleanWarehouse, ModelHistory, Promotion

log = logging.getLogger(__name__)

REFUSED = "refused"
FIRST_MODEL = "first model"
NONE_OPENS = "no promoted version can be opened any longer"

Metrics = dict[str, float]


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
    rows = warehouse.read_parts((Split.TEST,))
    challenger = registry.open(candidate.version, trusted)
    probabilities = score(challenger.bundle.scorer, rows)
    metrics = _metrics(challenger, rows, probabilities)
    outcomes = rows[schema.TARGET].to_numpy()
    predictions = _predictions(challenger, probabilities)
    gatekeeper.predictions(warehouse, batch_id, predictions, outcomes, metrics)
    champion = find_champion(history, registry, trusted)
    champion_metrics = (
        _metrics(champion, rows, score(champion.bundle.scorer, rows)) if champion else None
    )
    without_champion = NONE_OPENS if promoted(history) else FIRST_MODEL
    verdict, reason = decide(metrics, champion_metrics, log_loss_tolerance, without_champion)
    if (newer := find_newer(batch_id, warehouse, history, registry)) is not None:
        verdict, reason = REFUSED, f"late: {newer} is newer, and its model came first"
    return history.record_promotion(
        Promotion(
            batch_id=batch_id,
            challenger_version=candidate.version,
            incumbent_version=champion.registered.version if champion else None,
            verdict=verdict,
            reason=reason,
            figures={
                "challenger": metrics,
                "incumbent": champion_metrics,
                "test_rows": len(rows),
                "subgroups": evaluate_subgroups(rows, probabilities),
            },
        )
    )


def find_champion(
    history: ModelHistory, registry: Registry, trusted: TrustedKeys
) -> ServedModel | None:
    """Return the model that a challenger has to beat.

    That is the version that the API serves. If its alias or the version was deleted, or the version
    cannot be opened, it is the newest promoted version that can still be opened. So removing the
    champion does not let a challenger win.

    Returns
    -------
    ServedModel or None
        None if no version was ever promoted, or none of them can be opened any longer.
    """
    production = registry.production()
    first = (production.served(registry.follow), production.promoted_version)
    earlier = [p.challenger_version for p in reversed(existing(promoted(history), registry))]
    for version in dict.fromkeys(filter(None, (*first, *earlier))):
        try:
            return registry.open(version, trusted)
        except (BundleRefused, NoModel) as refused:
            log.warning("version %s cannot be the champion: %s", version, refused)
    return None


def _metrics(
    model: ServedModel, rows: pd.DataFrame, probabilities: npt.NDArray[np.float64]
) -> Metrics:
    metrics = evaluate_twice(
        rows[schema.TARGET].to_numpy(), probabilities, _weights(model), rows["eligible"].to_numpy()
    )
    return {name: float(value) for name, value in metrics.items()}


def _predictions(model: ServedModel, probabilities: npt.NDArray[np.float64]) -> pd.DataFrame:
    classes = np.array(schema.CLASSES)[decision.decide(probabilities, _weights(model))]
    predictions = pd.DataFrame(probabilities, columns=list(PROBABILITY_COLUMNS))
    return predictions.assign(prediction=classes)


def _weights(model: ServedModel) -> tuple[float, float, float]:
    no, later, soon = model.bundle.manifest.weights
    return no, later, soon
