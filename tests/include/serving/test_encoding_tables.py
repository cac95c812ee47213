"""Columns of the encoded matrix that several fields share."""

import json
import shutil
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
from readmission.serving import golden_rows, signature
from readmission.serving.bundle import MANIFEST, open_bundle, seal
from readmission.serving.clean_rows import score
from readmission.serving.encoding_tables import EncodingTables, Value
from readmission.serving.explainers import by_field
from readmission.serving.golden_rows import GoldenRows
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


def of_a_narrower_contract(tables: EncodingTables) -> EncodingTables:
    """Return tables from before the contract allowed a race and the longest stays."""
    new: dict[str, set[Value]] = {"race": {"Asian"}, "time_in_hospital": {13, 14}}
    entries = {
        name: {value: entry for value, entry in table.items() if value not in new.get(name, ())}
        for name, table in tables.entries.items()
    }
    return EncodingTables(tables.columns, tables.absent, entries)


def test_a_value_that_the_contract_has_gained_is_encoded(tables: EncodingTables) -> None:
    grown = of_a_narrower_contract(tables).with_new_values()

    # then a new category sets no cell, and a new number those of the nearest
    (asian,) = grown.encode([schema.example() | {"race": "Asian"}])
    of_race = [list(names) == ["race"] for names in tables.columns]
    assert np.isnan(asian[of_race]).all()
    np.testing.assert_array_equal(
        grown.encode([schema.example() | {"time_in_hospital": 14}]),
        tables.encode([schema.example() | {"time_in_hospital": 12}]),
    )
    # and all others set what they did
    known = schema.example() | {"time_in_hospital": 12}
    np.testing.assert_array_equal(grown.encode([known]), tables.encode([known]))
    assert grown.values_no_longer_allowed() == []


@pytest.mark.parametrize(
    ("name", "value", "lost"),
    [
        ("gender", "no longer listed", "gender no longer listed"),
        ("time_in_hospital", 15, "time_in_hospital 15"),
        ("a_former_feature", "yes", "a_former_feature"),
    ],
)
def test_a_value_that_the_contract_has_lost_is_named(
    tables: EncodingTables, name: str, value: Value, lost: str
) -> None:
    entries = {**tables.entries, name: {**tables.entries.get(name, {}), value: ()}}

    former = EncodingTables(tables.columns, tables.absent, entries)

    assert former.values_no_longer_allowed() == [lost]


def test_a_model_of_a_narrower_contract_is_served(fitted: Fit, tmp_path: Path) -> None:
    # given a bundle that was signed before the contract allowed some values
    folder = Path(shutil.copytree(bundle_of(fitted), tmp_path / "bundle"))
    of_a_narrower_contract(EncodingTables.read(folder / TABLES_FILE)).write(folder / TABLES_FILE)
    rows = GoldenRows.read(folder / golden_rows.FILE)
    kept = [
        nth
        for nth, row in enumerate(rows.encounters)
        if row["race"] != "Asian" and int(row["time_in_hospital"]) < 13
    ]
    GoldenRows([rows.encounters[nth] for nth in kept], rows.probabilities[kept]).write(
        folder / golden_rows.FILE
    )
    manifest = json.loads((folder / MANIFEST).read_text())
    facts = {name: manifest[name] for name in ("family", "weights", "risk_quantiles")}
    for name in (MANIFEST, signature.FILE):
        (folder / name).unlink()
    seal(folder, SIGNER, **facts)
    sealed = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(sealed.replace(schema.VERSION, "another"))
    (folder / signature.FILE).write_text(SIGNER.sign((folder / MANIFEST).read_bytes()))

    # when
    scorer = open_bundle(folder, TRUSTED).scorer

    # then it predicts for the new values, too
    new = {"race": "Asian", "time_in_hospital": 14}
    assert sum(scorer.predict_one(schema.example() | new)) == pytest.approx(1, abs=1e-5)
