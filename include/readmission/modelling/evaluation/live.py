"""Metrics of predictions that were made before their outcome was known."""

import numpy as np
import numpy.typing as npt

from readmission.modelling.evaluation.bootstrap import Difference, PairedBootstrap
from readmission.modelling.evaluation.calibration import error_interval
from readmission.modelling.evaluation.criteria import LabelledRows, Predicted
from readmission.modelling.evaluation.subgroups import is_enough


def evaluate_live(rows: LabelledRows, model: Predicted, seed: int) -> dict[str, Difference]:
    """Return the metrics of one model, each with its interval; none if there are too few rows.

    Parameters
    ----------
    rows : LabelledRows
        Outcomes, patients and groups.
    model : Predicted
        What was predicted for them.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    dict
        ``log_loss``, ``weighted_f1``, ``auroc_under_30``, ``recall_top_20``,
        ``calibration_error_under_30`` and ``calibration_gap_under_30`` (mean risk minus the share
        readmitted within 30 days), without those that are undefined.
    """
    if not is_enough(rows.positive):
        return {}
    bootstrap = PairedBootstrap(rows.patients, seed)
    losses = model.losses(rows.outcomes)
    found = bootstrap.of_one(rows.outcomes, model.decided, rows.positive, model.risk, losses)
    found["calibration_error_under_30"] = error_interval(bootstrap, rows.positive, model.risk)
    found["calibration_gap_under_30"] = bootstrap.mean(model.risk - rows.positive)
    return {name: one for name, one in found.items() if _is_known(one)}


def members_of(
    rows: LabelledRows, model: Predicted, members: npt.NDArray[np.bool_]
) -> tuple[LabelledRows, Predicted]:
    """Return the rows of one group, and what was predicted for them."""
    own = LabelledRows(rows.outcomes[members], rows.patients[members], {})
    return own, Predicted(model.probabilities[members], model.decided[members])


def _is_known(one: Difference) -> bool:
    return bool(np.isfinite([one.figure, one.low, one.high]).all())
