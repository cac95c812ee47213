"""A fit of one process that reads its rows part by part."""

from collections.abc import Sequence

import pandas as pd
import pytest

from readmission.domain import schema
from readmission.domain.splitting import Split
from readmission.modelling.fitting import Fit, fit, streaming
from readmission.modelling.fitting.parts import Part, PartFailed
from tests.include.modelling.fitting.conftest import assert_agrees

ALL = 1_000_000


def test_a_fit_in_parts_agrees_with_one_of_all_rows_within_its_bootstrap_interval(
    local: Fit, parts: Sequence[Part]
) -> None:
    rows = streaming.read(parts, limit=ALL)

    streamed = fit("xgboost", rows, threads=1)

    assert_agrees(streamed, local)
    assert streamed.engine == "local, in parts, 1000000 rows sampled at most"
    assert streamed.extent["fitted_rows"] == streamed.extent["train_rows"] == rows.train_rows


def test_above_a_size_only_xgboost_sees_all_rows(parts: Sequence[Part], rows: pd.DataFrame) -> None:
    # given less room than there are rows
    small = streaming.read(parts, limit=2_000)
    assert len(small.sample) <= 2_000 < len(rows) == small.rows

    # when
    linear, boosted = (fit(name, small, threads=1) for name in ("logistic_regression", "xgboost"))

    # then
    seen = int((small.sample["part"] == Split.TRAIN).sum())
    assert linear.extent["fitted_rows"] == seen < boosted.extent["fitted_rows"]
    assert boosted.extent["fitted_rows"] == (rows["part"] == Split.TRAIN).sum()
    assert [step["rows"] for step in linear.learning_curve][-1] == seen
    assert boosted.learning_curve == []


def test_a_part_that_cannot_be_read_does_not_quote_its_rows(rows: pd.DataFrame) -> None:
    # given a part without outcomes
    broken = rows.drop(columns=schema.TARGET)

    with pytest.raises(PartFailed, match="could not be read or encoded: KeyError at"):
        streaming.read([broken.copy], limit=ALL)
