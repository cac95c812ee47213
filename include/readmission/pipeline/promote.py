"""Compare the challenger with the champion on the same test rows, and record the verdict."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from readmission.domain import schema
from readmission.domain.splitting import Part
from readmission.modelling.evaluation import evaluate_twice
from readmission.modelling.model import PROBABILITY_COLUMNS
from readmission.modelling.subgroups import evaluate_subgroups
from readmission.quality.gates import Gatekeeper
from readmission.registry import PRODUCTION, LoadedModel, Registry
from readmission.warehouse import CleanWarehouse, ModelHistory, Promotion

PROMOTED = "promoted"
REFUSED = "refused"

Figures = dict[str, float]


def decide(
    challenger: Figures, incumbent: Figures | None, log_loss_tolerance: float
) -> tuple[str, str]:
    """Return the verdict and why.

    A challenger is promoted if its weighted F1 is better and its log-loss is not worse
    beyond the tolerance: better decisions must not be paid for with worse probabilities.

    Parameters
    ----------
    challenger, incumbent : dict
        Metrics on the same test rows; there is no incumbent the first time.
    log_loss_tolerance : float
        Absolute.
    """
    if incumbent is None:
        return PROMOTED, f"first model, weighted F1 {challenger['weighted_f1']:.4f}"
    compared = (
        f"weighted F1 {challenger['weighted_f1']:.4f} against {incumbent['weighted_f1']:.4f},"
        f" log-loss {challenger['log_loss']:.4f} against {incumbent['log_loss']:.4f}"
    )
    if challenger["weighted_f1"] <= incumbent["weighted_f1"]:
        return REFUSED, f"not better: {compared}"
    if challenger["log_loss"] > incumbent["log_loss"] + log_loss_tolerance:
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
    """Compare the candidate of a batch with what is in production, and record the verdict.

    The verdict on a candidate is taken once: a promotion that was killed after it
    finds it again here and only carries it out.

    Raises
    ------
    GateFailed
        If the candidate's answers on the test part must not be trusted.
    """
    candidate = history.candidate(batch_id)
    known = history.verdict(batch_id, candidate.version)
    if known is not None:
        return known
    rows = warehouse.read_parts((Part.TEST,))
    challenger = registry.load_version(candidate.version)
    probabilities = challenger.model.score(rows)
    figures = _figures(challenger, rows, probabilities)
    outcomes = rows[schema.TARGET].to_numpy()
    answers = _answers(challenger, probabilities)
    gatekeeper.predictions(warehouse, batch_id, answers, outcomes, figures)
    serving = registry.version_of(PRODUCTION)
    incumbent = registry.load_version(serving) if serving else None
    others = _figures(incumbent, rows, incumbent.model.score(rows)) if incumbent else None
    verdict, reason = decide(figures, others, log_loss_tolerance)
    return history.record_promotion(
        Promotion(
            batch_id=batch_id,
            challenger_version=candidate.version,
            incumbent_version=serving,
            verdict=verdict,
            reason=reason,
            figures={
                "challenger": figures,
                "incumbent": others,
                "test_rows": len(rows),
                "subgroups": evaluate_subgroups(rows, probabilities),
            },
        )
    )


def _figures(
    loaded: LoadedModel, rows: pd.DataFrame, probabilities: npt.NDArray[np.float64]
) -> Figures:
    metrics = evaluate_twice(
        rows[schema.TARGET].to_numpy(),
        probabilities,
        loaded.model.weights,
        rows["eligible"].to_numpy(),
    )
    return {name: float(value) for name, value in metrics.items()}


def _answers(loaded: LoadedModel, probabilities: npt.NDArray[np.float64]) -> pd.DataFrame:
    answers = pd.DataFrame(probabilities, columns=list(PROBABILITY_COLUMNS))
    return answers.assign(prediction=loaded.model.decide(probabilities))
