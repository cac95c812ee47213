"""Columns of the encoded matrix that several fields share."""

from pathlib import Path

import numpy as np
import pytest

from readmission.domain import schema
from readmission.domain.cleaning import clean, eligible, outcome
from readmission.domain.diagnoses import group_of
from readmission.domain.splitting import Split
from readmission.modelling.bundling import write_bundle
from readmission.modelling.encoder import DIAGNOSES
from readmission.modelling.fitting import Fit, fit
from readmission.serving.bundle import open_bundle
from readmission.serving.clean_rows import score
from readmission.serving.encoding_tables import EncodingTables
from readmission.serving.explainers import by_field
from readmission.serving.scorer import TABLES_FILE
from tests.api.models import bundle_of, raw_encounters, small_fit
from tests.signing import SIGNER, TRUSTED


@pytest.fixture(scope="module")
def fitted() -> Fit:
    return small_fit("xgboost")


@pytest.fixture(scope="module")
def tables(fitted: Fit) -> EncodingTables:
    return EncodingTables.read(bundle_of(fitted) / TABLES_FILE)


@pytest.mark.parametrize(
    ("codes", "owners"),
    [
        (("428", "401", "?"), ("diag_1",)),
        (("401", "?", "428.1"), ("diag_3",)),
        (("428", "428.9", "250"), ("diag_1", "diag_2")),
        (("401", "250", "?"), DIAGNOSES),
    ],
)
def test_a_shared_column_belongs_to_the_diagnoses_that_name_its_category(
    fitted: Fit, tables: EncodingTables, codes: tuple[str, ...], owners: tuple[str, ...]
) -> None:
    place = fitted.model.encoder.get_feature_names_out().tolist().index("category_428")

    found = tables.owners(schema.example() | dict(zip(DIAGNOSES, codes, strict=True)))

    assert tuple(found[place]) == owners
    others = [(own, fields) for own, fields in zip(found, tables.columns, strict=True)
              if len(fields) == 1]  # fmt: skip
    assert all(list(own) == list(fields) for own, fields in others)


def test_the_contribution_of_a_shared_column_is_divided_equally() -> None:
    cells = np.array([[3.0, 0.0], [1.0, -2.0]])

    assert by_field(cells, [("diag_1",), ("diag_1", "diag_2")]) == {
        "diag_1": [3.5, -1.0],
        "diag_2": [0.5, -1.0],
    }


def test_a_rare_category_sets_the_column_of_its_group_only(tables: EncodingTables) -> None:
    common, rare = (
        tables.encode([schema.example() | dict.fromkeys(DIAGNOSES, code)])[0]
        for code in ("428", "398")
    )

    alone = np.array([len(names) == 1 for names in tables.columns])
    np.testing.assert_array_equal(rare[alone], common[alone])
    assert np.isnan(rare[~alone]).all()
    assert np.nansum(common[~alone]) == 1


def test_rows_that_an_earlier_version_cleaned_give_a_model_that_can_be_served(
    tmp_path: Path,
) -> None:
    # given train and validation rows with the groups of their diagnoses only
    raw = raw_encounters(400)
    rows = clean(raw).assign(part=[Split.TRAIN, Split.VALIDATION] * 200, eligible=eligible(raw))
    rows[schema.TARGET] = outcome(raw)
    for name in DIAGNOSES:
        rows[name] = rows[name].map(group_of)

    # when
    fitted = fit("logistic_regression", rows, threads=1)
    folder = write_bundle(tmp_path / "bundle", fitted, {"batch_id": "batch-0001"}, SIGNER)

    # then
    scorer = open_bundle(folder, TRUSTED).scorer
    assert [names for names in scorer.tables.columns if len(names) > 1] == []
    np.testing.assert_allclose(score(scorer, clean(raw)), score(scorer, rows), atol=1e-6)
