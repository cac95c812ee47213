"""One column per common ICD-9 category, which all diagnoses of an encounter share."""

import numpy as np
import pandas as pd
import pytest

from readmission.modelling.diagnosis_categories import DiagnosisCategories

FAILURE, KIDNEY, RARE = "circulatory/428", "genitourinary/585", "other/42"
HEADINGS = ["diag_1", "diag_2", "diag_3"]


def diagnoses(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=HEADINGS, index=[7 * i for i in range(len(rows))])


TRAINING = diagnoses(
    *[(FAILURE, KIDNEY, "Unknown")] * 400,
    *[("circulatory", KIDNEY, KIDNEY)] * 99,
    (RARE, RARE, "Unknown"),
)


@pytest.mark.parametrize("sparse", [True, False])
def test_a_category_counts_once_whichever_diagnosis_names_it(sparse: bool) -> None:
    # given that one of 500 rows names a category, which is too rare
    encoder = DiagnosisCategories(sparse_output=sparse).fit(TRAINING)

    # when
    encoded = encoder.transform(
        diagnoses(
            (FAILURE, "Unknown", "Unknown"),
            ("Unknown", "Unknown", FAILURE),
            (FAILURE, FAILURE, KIDNEY),
            ("circulatory", "Unknown", "other/38"),
            (RARE, "other/999", KIDNEY),
        )
    )

    # then
    assert hasattr(encoded, "toarray") is sparse
    dense = encoded.toarray() if sparse else encoded
    assert encoder.get_feature_names_out().tolist() == ["category_428", "category_585"]
    np.testing.assert_array_equal(dense, [[1, 0], [1, 0], [1, 1], [0, 0], [0, 1]])


def test_training_rows_of_an_earlier_version_leave_no_columns() -> None:
    # given that one row in ten has the groups of its diagnoses only
    mixed = diagnoses(
        *[(FAILURE, KIDNEY, "Unknown")] * 90, *[("circulatory", "genitourinary", "Unknown")] * 10
    )

    encoder = DiagnosisCategories().fit(mixed)

    assert encoder.transform(mixed).shape == (100, 0)
    assert encoder.get_feature_names_out().tolist() == []
