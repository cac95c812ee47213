"""Compare the challenger with the champion on the same test rows, and record the verdict."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from readmission.domain import schema
from readmission.domain.splitting import Split
from readmission.modelling.evaluation import evaluate_twice
from readmission.modelling.model import PROBABILITY_COLUMNS
from readmission.modelling.subgroups import evaluate_subgroups
from readmission.quality.gates import Gatekeeper
from readmission.registry import PRODUCTION, LoadedModel, Registry
from readmission.warehouse import CleanWarehouse, ModelHistory, Promotion

PROMOTED = "promoted"
REFUSED = "refused"

Metrics = dict[str, float]


def decide(
    challenger: Metrics, champion: Metrics | None, log_loss_tolerance: float
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
    """
    if champion is None:
        return PROMOTED, f"first model, weighted F1 {challenger['weighted_f1']:.4f}"
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
    gatekeeper: Gatekeeper,
    log_loss_tolerance: float,
) -> Promotion:
    """Compare the candidate of a batch with the champion, and record the verdict.

    A candidate is judged once. If an earlier try was killed after it had recorded the verdict, that
    verdict is returned.

    Raises
    ------
    GateFailed
        If the candidate's predictions on the test split are not plausible.
    """
    candidate = history.candidate(batch_id)
    known = history.verdict(batch_id, candidate.version)
    if known is not None:
        return known
    rows = warehouse.read_parts((Split.TEST,))
    challenger = registry.load_version(candidate.version)
    probabilities = challenger.model.score(rows)
    metrics = _metrics(challenger, rows, probabilities)
    outcomes = rows[schema.TARGET].to_numpy()
    predictions = _predictions(challenger, probabilities)
    gatekeeper.predictions(warehouse, batch_id, predictions, outcomes, metrics)
    champion_version = registry.version_of(PRODUCTION)
    champion_metrics = None
    if champion_version:
        champion = registry.load_version(champion_version)
        champion_metrics = _metrics(champion, rows, champion.model.score(rows))
    verdict, reason = decide(metrics, champion_metrics, log_loss_tolerance)
    return history.record_promotion(
        Promotion(
            batch_id=batch_id,
            challenger_version=candidate.version,
            incumbent_version=champion_version,
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


def _metrics(
    loaded: LoadedModel, rows: pd.DataFrame, probabilities: npt.NDArray[np.float64]
) -> Metrics:
    metrics = evaluate_twice(
        rows[schema.TARGET].to_numpy(),
        probabilities,
        loaded.model.weights,
        rows["eligible"].to_numpy(),
    )
    return {name: float(value) for name, value in metrics.items()}


def _predictions(loaded: LoadedModel, probabilities: npt.NDArray[np.float64]) -> pd.DataFrame:
    predictions = pd.DataFrame(probabilities, columns=list(PROBABILITY_COLUMNS))
    return predictions.assign(prediction=loaded.model.decide(probabilities))
