"""A training set in parts, and the model that one process fits on all of it."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import pytest

from readmission.domain import schema
from readmission.domain.splitting import Split
from readmission.modelling.decision import decide
from readmission.modelling.evaluation.bootstrap import PairedBootstrap
from readmission.modelling.fitting import Fit, fit
from readmission.modelling.fitting.parts import Part
from readmission.pipeline.source import Dataset
from tests.include.conftest import cleaned

ROWS, PARTS = 4_000, 3
UNDER_30 = schema.CLASSES.index("<30")


@pytest.fixture(scope="module")
def rows(dataset: Dataset) -> pd.DataFrame:
    """A few thousand encounters, in the order of their parts."""
    known = cleaned(dataset.encounters.slice(0, ROWS).to_pandas())
    return known[known["part"] != Split.TEST].reset_index(drop=True)


@pytest.fixture(scope="module")
def parts(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Part]:
    """The same rows in files that all processes can read; one has no train rows."""
    folder, readers = tmp_path_factory.mktemp("parts"), []
    size = -(-len(rows) // PARTS)
    for number, start in enumerate(range(0, len(rows), size)):
        file = folder / f"{number}.parquet"
        rows.iloc[start : start + size].to_parquet(file)
        readers.append(partial(pd.read_parquet, file))
    empty = folder / "empty.parquet"
    rows.iloc[:0].to_parquet(empty)
    return [*readers, partial(pd.read_parquet, empty)]


@pytest.fixture(scope="module")
def local(rows: pd.DataFrame) -> Fit:
    return fit("xgboost", rows, threads=1)


def assert_agrees(parted: Fit, local: Fit) -> None:
    """Compare a fit on parts with one of the same rows, within its metrics' intervals."""
    # given the intervals of the local model's metrics, over the patients of its validation rows
    draws = PairedBootstrap(local.rows[schema.PATIENT].to_numpy(), seed=1, draws=300)

    def losses(found: Fit) -> np.ndarray:
        return -np.log(found.probabilities[np.arange(len(found.outcomes)), found.outcomes])

    intervals = draws.of_one(
        local.outcomes,
        decide(local.probabilities, local.model.weights),
        local.outcomes == UNDER_30,
        local.probabilities[:, UNDER_30],
        losses(local),
    )

    # then the other one has seen the same rows, and its metrics are within
    pd.testing.assert_frame_equal(parted.rows, local.rows)
    for name in ("weighted_f1", "log_loss", "auroc_under_30"):
        assert intervals[name].low <= parted.metrics[name] <= intervals[name].high, name
    # and the estimators are the same kind, with the same parameters
    assert parted.model.estimator.get_params() == local.model.estimator.get_params()
    assert np.abs(parted.probabilities - local.probabilities).mean() < 0.02
