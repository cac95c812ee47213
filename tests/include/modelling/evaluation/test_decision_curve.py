"""Net benefit, and the LACE-like score with which a model is compared."""

import numpy as np
import pandas as pd
import pytest

from readmission.modelling.evaluation.decision_curve import (
    THRESHOLDS,
    decision_curve,
    lace_like,
    net_benefit,
)


def stays(**columns: object) -> pd.DataFrame:
    """Return one CLEAN stay of no points but for the given columns."""
    nothing = {
        "time_in_hospital": 0, "admission_type_id": "3", "number_emergency": 0,
        "diag_1": "other/780", "diag_2": "Unknown", "diag_3": "Unknown",
    }  # fmt: skip
    return pd.DataFrame([nothing | columns])


@pytest.mark.parametrize(
    ("columns", "points"),
    [
        ({}, 0),
        ({"time_in_hospital": 3}, 3),
        ({"time_in_hospital": 6}, 4),
        ({"time_in_hospital": 14}, 7),
        ({"admission_type_id": "1"}, 3),
        ({"number_emergency": 9}, 4),
        ({"diag_1": "circulatory/428"}, 2),
        ({"diag_1": "circulatory/428", "diag_2": "diabetes/250.4"}, 5),
        ({"diag_1": "diabetes/250.0"}, 1),
        ({"diag_3": "neoplasms/197"}, 5),
    ],
)
def test_the_score_has_the_points_of_lace(columns: dict[str, object], points: int) -> None:
    assert lace_like(stays(**columns)).tolist() == [points]


def test_net_benefit_weighs_follow_ups_in_vain_at_the_rate_of_the_threshold() -> None:
    positive = np.array([True, True, False, False])
    flagged = np.array([True, False, True, False])

    assert net_benefit(positive, flagged, 0.2) == pytest.approx(0.25 - 0.25 * 0.25)
    assert net_benefit(positive, ~flagged & ~positive, 0.5) == -0.25


def test_a_model_that_knows_the_outcome_has_the_highest_benefit_at_every_threshold() -> None:
    random = np.random.default_rng(0)
    positive = random.uniform(size=500) < 0.1
    rows = pd.concat([stays(time_in_hospital=days) for days in random.integers(1, 15, 500)])

    curve = decision_curve(positive, positive.astype(float), rows)

    assert [point["threshold"] for point in curve] == list(THRESHOLDS)
    assert all(point["model"] == pytest.approx(positive.mean()) for point in curve)
    assert all(point["model"] > max(point["all"], point["lace"]) for point in curve)
