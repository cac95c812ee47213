"""The metrics by group of patients; small groups are left out."""

import numpy as np
import pandas as pd
import pytest

from readmission.domain import schema
from readmission.modelling.evaluation.metrics import SOON
from readmission.modelling.evaluation.subgroups import ATTRIBUTES, MINIMUM_ROWS, evaluate_subgroups

LARGE, SMALL = 4 * MINIMUM_ROWS, MINIMUM_ROWS - 1


@pytest.fixture
def rows() -> pd.DataFrame:
    """Two large groups of each attribute and a small one; one in four is readmitted soon."""
    sizes = (LARGE, LARGE, SMALL)
    outcome = np.where(np.arange(sum(sizes)) % 4 == 0, SOON, 0)
    columns = {
        "race": np.repeat(["Asian", "Hispanic", "Other"], sizes),
        "gender": np.repeat(["Female", "Male", "Unknown/Invalid"], sizes),
        "age": np.repeat([65, 75, 95], sizes),
    }
    return pd.DataFrame({**columns, schema.TARGET: outcome})


def probabilities(rows: pd.DataFrame, risk: np.ndarray) -> np.ndarray:
    return np.column_stack([(1 - risk) / 2, (1 - risk) / 2, risk])


def test_each_group_has_its_own_metrics(rows: pd.DataFrame) -> None:
    # given a model that is perfect for the first group and useless for the second
    soon = (rows[schema.TARGET] == SOON).to_numpy()
    risk = np.where(rows["race"] == "Asian", np.where(soon, 0.9, 0.1), 0.25)

    # when
    found = evaluate_subgroups(rows, probabilities(rows, risk))["race"]

    # then
    assert found["Asian"]["auroc_under_30"] == 1
    assert found["Hispanic"]["auroc_under_30"] == 0.5
    assert found["Asian"]["recall_top_20"] == 1
    assert found["Asian"]["calibration_gap_under_30"] == pytest.approx(0.3 - 0.25)
    assert found["Hispanic"]["calibration_gap_under_30"] == pytest.approx(0)


def test_groups_have_the_names_that_the_file_uses(rows: pd.DataFrame) -> None:
    found = evaluate_subgroups(rows, probabilities(rows, np.linspace(0, 1, len(rows))))

    assert tuple(found) == ATTRIBUTES
    assert set(found["age"]) == {"[60-70)", "[70-80)"}
    assert set(found["gender"]) == {"Female", "Male"}
    assert found["gender"]["Male"]["rows"] == LARGE


def test_a_group_too_small_or_of_one_outcome_is_left_out(rows: pd.DataFrame) -> None:
    rows.loc[rows["race"] == "Hispanic", schema.TARGET] = 0

    found = evaluate_subgroups(rows, probabilities(rows, np.linspace(0, 1, len(rows))))

    assert set(found["race"]) == {"Asian"}
