"""A sample of patients: whole patients, the same shares, and smaller ones within larger ones."""

import numpy as np
import pandas as pd
import pytest

from readmission.domain import schema
from readmission.modelling.fitting.samples import of_patients, sampled_patients


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Encounters of 6,000 patients, who come back with the numbers of UCI's outcomes."""
    random = np.random.default_rng(5)
    patients = random.integers(0, 6_000, 10_000) * 9 + 4
    split = np.where(patients % 7 < 5, "train", "val")
    outcomes = random.choice(3, len(patients), p=[0.54, 0.35, 0.11])
    return pd.DataFrame({schema.PATIENT: patients, schema.TARGET: outcomes, "part": split})


def test_rows_that_fit_are_not_sampled(rows: pd.DataFrame) -> None:
    assert sampled_patients(rows, len(rows)) is None
    assert of_patients(rows, None) is rows


@pytest.mark.parametrize("limit", [500, 2_000, 9_000])
def test_a_sample_has_whole_patients_and_the_shares_of_all(rows: pd.DataFrame, limit: int) -> None:
    # when
    sample = of_patients(rows, sampled_patients(rows, limit))

    # then it nearly has the size
    assert 0.97 * limit - 12 <= len(sample) <= limit
    # and all rows of its patients
    others = rows.drop(sample.index)
    assert not set(sample[schema.PATIENT]) & set(others[schema.PATIENT])
    # and the shares of splits and of patients' most serious outcomes
    for column in ("part", "worst"):
        shares = worst(sample)[column].value_counts(normalize=True)
        difference = shares - worst(rows)[column].value_counts(normalize=True)
        assert difference.abs().max() < 0.01, column


def worst(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(worst=rows.groupby(schema.PATIENT)[schema.TARGET].transform("max"))


def test_a_smaller_sample_is_part_of_a_larger_one_in_any_order_of_rows(rows: pd.DataFrame) -> None:
    large = sampled_patients(rows, 4_000)
    small = sampled_patients(rows.sample(frac=1, random_state=1), 1_000)

    assert large is not None
    assert small is not None
    assert set(small) < set(large)
