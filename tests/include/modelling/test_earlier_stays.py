"""Models take a patient's earlier stays if they are known, and predict without them as well."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from readmission.domain import cleaning, schema
from readmission.domain.columns import earlier_stays
from readmission.domain.splitting import Split
from readmission.errors import InvalidValue
from readmission.modelling.compilation import as_encounters
from readmission.modelling.encoder import new_encoder
from readmission.modelling.families import FAMILIES
from readmission.modelling.fitting import Fit, fit
from readmission.serving.clean_rows import score
from readmission.serving.golden_rows import GoldenRows
from tests.api.models import bundle_of, loaded, raw_encounters

ROWS = 900
TOLERANCE = 1e-6


def with_stays(raw: pd.DataFrame) -> pd.DataFrame:
    """Return raw encounters, every third of which has a known history."""
    random, known = np.random.default_rng(5), np.arange(len(raw)) % 3 == 0
    drawn = {
        column.name: random.integers(0, column.maximum + 1, len(raw)).astype(object)
        if column.is_number
        else random.choice(list(column.values), len(raw)).astype(object)
        for column in earlier_stays.FIELDS
    }
    return raw.join(pd.DataFrame(drawn, index=raw.index)[known])


def clean(raw: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([cleaning.clean(raw), cleaning.clean_history(raw)], axis=1)


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    return with_stays(raw_encounters(ROWS))


@pytest.fixture(scope="module", params=FAMILIES)
def fitted(raw: pd.DataFrame, request: pytest.FixtureRequest) -> Fit:
    rows = clean(raw).assign(encounter_id=range(ROWS), eligible=cleaning.eligible(raw))
    rows[schema.TARGET] = cleaning.outcome(raw)
    rows["part"] = [Split.TRAIN if i % 4 else Split.VALIDATION for i in range(ROWS)]
    return fit(request.param, rows, threads=1)


def requests(raw: pd.DataFrame) -> list[Any]:
    return list(as_encounters(raw[[*schema.FEATURE_NAMES, *earlier_stays.NAMES]]))


def test_pyfunc_batch_and_compiled_model_agree_with_and_without_history(
    fitted: Fit, raw: pd.DataFrame
) -> None:
    # given encounters with and without history
    encounters, scorer = requests(raw), loaded("1", fitted).bundle.scorer
    assert {earlier_stays.KNOWN in encounter for encounter in encounters} == {True, False}

    # then
    expected = fitted.model.predict_proba(raw)
    served = scorer.predict_proba(encounters)
    np.testing.assert_allclose(served, expected, atol=TOLERANCE)
    np.testing.assert_allclose(score(scorer, clean(raw)), expected, atol=TOLERANCE)


def test_without_the_fields_every_path_predicts_as_for_blank_ones(
    fitted: Fit, raw: pd.DataFrame
) -> None:
    plain, scorer = raw[list(schema.FEATURE_NAMES)], loaded("1", fitted).bundle.scorer
    blank = cleaning.clean(raw).assign(**dict(earlier_stays.BLANK))

    expected = fitted.model.score(blank)

    assert np.array_equal(fitted.model.predict_proba(plain), expected)
    served = scorer.predict_proba(as_encounters(plain))
    np.testing.assert_allclose(served, expected, atol=TOLERANCE)
    np.testing.assert_allclose(score(scorer, cleaning.clean(plain)), expected, atol=TOLERANCE)


def test_an_explanation_adds_up_and_names_earlier_stays_only_if_they_were_sent(
    fitted: Fit, raw: pd.DataFrame
) -> None:
    model = loaded("1", fitted)
    for encounter in requests(raw)[:6]:
        explained = model.explain(encounter)

        added = np.array(list(explained.contributions.values())).sum(axis=0)
        total = np.array(explained.base) + added
        if explained.unit == "log-odds":
            total = np.exp(total) / np.exp(total).sum()
        expected = model.bundle.scorer.predict_one(encounter)
        assert total == pytest.approx(expected, abs=1e-4)
        sent = earlier_stays.KNOWN in encounter
        assert (explained.contributions.keys() >= set(earlier_stays.NAMES)) is sent
        assert explained.contributions.keys() >= set(schema.FEATURE_NAMES)


def test_golden_rows_include_encounters_with_and_without_history(fitted: Fit) -> None:
    rows = GoldenRows.read(bundle_of(fitted) / "golden.json")

    known = [earlier_stays.KNOWN in encounter for encounter in rows.encounters]

    assert 0 < sum(known) < len(known)


def test_the_card_names_the_fields_of_earlier_stays_that_a_model_takes(fitted: Fit) -> None:
    card = json.loads((bundle_of(fitted) / "card.json").read_text())

    assert card["report"]["features"] == [*schema.FEATURE_NAMES, *earlier_stays.NAMES]


def test_a_blank_row_sets_no_cell_and_a_first_stay_does(raw: pd.DataFrame) -> None:
    features = cleaning.clean(raw)
    blank = features.assign(**dict(earlier_stays.BLANK))
    first = features.assign(**dict(earlier_stays.NONE))
    plain = new_encoder(sparse=True).fit(features)
    encoder = new_encoder(sparse=True, history=True).fit(clean(raw))

    width = plain.transform(features).shape[1]

    assert encoder.transform(blank)[:, width:].nnz == 0
    assert encoder.transform(first)[:, width:].nnz == ROWS


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_learns_from_each_row_with_and_without_its_history(
    raw: pd.DataFrame, family: str
) -> None:
    # given rows whose outcome is in the history alone
    rows = clean(raw).assign(encounter_id=range(ROWS), eligible=True, part=Split.TRAIN)
    rows.loc[::4, "part"] = Split.VALIDATION
    known = rows[earlier_stays.KNOWN] >= 0
    soon = known & (rows[earlier_stays.SOON] == 1)
    rows[schema.TARGET] = np.where(soon, 2, np.where(known, 0, 1))

    # when
    model = fit(family, rows, threads=1).model

    # then it is used where it is known, and elsewhere the shares of all rows are predicted
    predicted = model.score(rows)
    assert predicted[soon, 2].mean() > predicted[known & ~soon, 2].mean() + 0.05
    blank = model.score(rows.assign(**dict(earlier_stays.BLANK)))
    assert blank[:, 2].mean() == pytest.approx(soon.mean(), abs=0.08)


@pytest.mark.parametrize(
    ("field", "value"), [("last_days", 15), ("began_soon", ">30"), ("last_discharge", "99")]
)
def test_a_value_outside_the_contract_is_named(field: str, value: object) -> None:
    sent = pd.DataFrame([json.loads(json.dumps(dict(earlier_stays.RAW_NONE))) | {field: value}])

    with pytest.raises(InvalidValue, match=field):
        cleaning.clean_history(sent)
