"""Challenger against incumbent on the same rows: decide, record, carry out, see it served."""

import time

import httpx
import numpy as np
import numpy.typing as npt
import pandas as pd

from readmission import schema
from readmission.errors import ServingMismatch
from readmission.modelling.evaluation import evaluate_twice
from readmission.modelling.model import PROBABILITY_COLUMNS
from readmission.modelling.subgroups import evaluate_subgroups
from readmission.quality.gates import Gatekeeper
from readmission.registry import PRODUCTION, LoadedModel, Registry
from readmission.settings import Settings
from readmission.splitting import Part
from readmission.warehouse import CleanWarehouse, ModelHistory, Promotion

PROMOTED = "promoted"
REFUSED = "refused"

Figures = dict[str, float]

_TAGGED = ("weighted_f1", "macro_f1", "log_loss", "auroc_under_30", "recall_top_20")
"""Figures shown as tags in the registry; the promotion's row keeps all of them."""


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


def carry_out(promotion: Promotion, history: ModelHistory, registry: Registry) -> None:
    """Do what a verdict says; safe to repeat, and never undoes a later promotion."""
    registry.tag_version(promotion.challenger_version, _tags(promotion))
    promoted = [p for p in history.promotions() if p.verdict == PROMOTED]
    if promoted and promoted[-1].promotion_id == promotion.promotion_id:
        registry.promote(promotion.challenger_version)


def see_served(registry: Registry, settings: Settings, timeout: float = 60) -> str:
    """Tell the API to load what is in production, and return the version it then serves.

    A reload reaches one of several processes; the others find out by themselves in seconds,
    for which this waits.

    Raises
    ------
    httpx.HTTPError
        If the API cannot be reached; the promotion stands and a retry tells it again.
    ServingMismatch
        If it goes on serving another version.
    """
    key = settings.api_key
    headers = {"X-API-Key": key.get_secret_value()} if key else {}
    deadline = time.monotonic() + timeout
    with httpx.Client(base_url=settings.api_url, timeout=timeout, headers=headers) as api:
        reloaded = api.post("/reload_model")
        while True:
            served = api.get("/").raise_for_status().json()["model_version"]
            expected = registry.version_of(PRODUCTION)
            if served == expected:
                return str(served)
            if reloaded.is_error or time.monotonic() > deadline:
                break
            time.sleep(0.5)
    raise ServingMismatch(
        f"version {expected} is in production and the API serves {served};"
        f" its answer to /reload_model was {reloaded.status_code} {reloaded.text[:300]}"
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


def _tags(promotion: Promotion) -> dict[str, object]:
    sides = {
        "test": promotion.figures["challenger"],
        "incumbent_test": promotion.figures["incumbent"],
    }
    figures = {
        f"{side}_{name}": f"{metrics[name]:.4f}"
        for side, metrics in sides.items()
        for name in _TAGGED
        if metrics and name in metrics
    }
    decided_at = promotion.created_at.isoformat(timespec="seconds") if promotion.created_at else ""
    return {
        "decided_at": decided_at,
        "verdict": promotion.verdict,
        "verdict_reason": promotion.reason,
        "compared_with": promotion.incumbent_version or "none",
        **figures,
    }
