"""A compiled model scores CLEAN rows like the pipeline that it was compiled from."""

import numpy as np
import pandas as pd
import pytest

from readmission.domain import schema
from readmission.domain.cleaning import clean
from readmission.modelling.families import FAMILIES
from readmission.serving.clean_rows import score
from tests.api.models import loaded, raw_encounters, small_fit

TOLERANCE = 1e-6
ROWS = 1_000


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_clean_rows_get_the_probabilities_of_the_pipeline(family: str) -> None:
    # given a model, and rows with values that it was not trained on
    fitted = small_fit(family)
    rows = clean(raw_encounters(ROWS, seed=3))
    rows["medical_specialty"] = rows["medical_specialty"].where(rows.index % 3 > 0, "Podiatry-2030")
    rows = rows.sample(frac=1, random_state=1)  # Neither order nor index matters.

    # when
    probabilities = score(loaded("1", fitted).bundle.scorer, rows)

    # then
    assert probabilities.shape == (ROWS, len(schema.CLASSES))
    np.testing.assert_allclose(probabilities, fitted.model.score(rows), atol=TOLERANCE)


def test_no_rows_get_no_probabilities() -> None:
    rows = pd.DataFrame({name: [] for name in schema.FEATURE_NAMES})

    assert score(loaded("1", small_fit()).bundle.scorer, rows).shape == (0, 3)
