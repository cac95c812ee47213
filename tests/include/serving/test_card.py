"""The card of a model is generated from its run: complete, for people and in two standards."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from readmission.domain import drift, schema
from readmission.domain.splitting import Split
from readmission.errors import CardIncomplete
from readmission.modelling.bundling import write_bundle
from readmission.modelling.evaluation.metrics import evaluate
from readmission.modelling.evaluation.report import DRIFTED, evaluation_report, require_complete
from readmission.modelling.fitting import Fit, fit
from readmission.serving.card import FILE
from readmission.serving.card.attributes import chai, hti_1
from readmission.serving.card.rendering import html, markdown
from tests.signing import SIGNER

LINEAGE = {"batch_id": "batch-0002", "batches": 2, "rows": 1_700, "data_source": "uci",
           "data_sha256": "3f2a", "lock_sha256": "77aa", "commit": "c0ffee"}  # fmt: skip
SECTIONS = (
    "Purpose", "Limits", "Data", "Drift", "Metrics", "Groups of patients", "Calibration",
    "Decision curve", "Decision weights", "Features", "Promotion criteria", "Lineage",
    "Source attributes (HTI-1)",
)  # fmt: skip


@pytest.fixture(scope="module")
def fitted(clean_rows: pd.DataFrame) -> Fit:
    """A fit on two batches, the second with patients who left in other ways."""
    rows = clean_rows[clean_rows["part"] != Split.TEST].reset_index(drop=True)
    rows["batch_id"] = np.where(rows.index < len(rows) / 2, "batch-9999", "batch-10000")
    is_newest = rows["batch_id"] == "batch-10000"
    rows.loc[is_newest, "discharge_disposition_id"] = "6"
    return fit("logistic_regression", rows, threads=1)


@pytest.fixture(scope="module")
def card(fitted: Fit, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The card in the bundle of a model."""
    folder = tmp_path_factory.mktemp("card") / "bundle"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drift, "MINIMUM_ROWS", 50)
        found = json.loads((write_bundle(folder, fitted, LINEAGE, SIGNER) / FILE).read_text())
    assert isinstance(found, dict)
    return found


def test_metrics_have_intervals_over_all_and_eligible_rows(
    card: dict[str, Any], fitted: Fit
) -> None:
    # given the metrics as they are computed without a bootstrap
    expected = evaluate(fitted.outcomes, fitted.probabilities, fitted.model.weights)

    # then
    found = card["report"]["intervals"]
    for name, (figure, low, high) in found["all"].items():
        assert figure == pytest.approx(expected[name], abs=2e-3)
        assert low < figure < high
    assert found["eligible"].keys() == found["all"].keys()
    assert found["eligible"]["log_loss"] != found["all"]["log_loss"]


def test_calibration_and_demographics_cover_every_row(card: dict[str, Any], fitted: Fit) -> None:
    report = card["report"]

    assert sum(one["rows"] for one in report["calibration"]) == len(fitted.outcomes)
    assert all(
        sum(shares.values()) == pytest.approx(1) for shares in report["demographics"].values()
    )
    assert report["features"] == list(schema.FEATURE_NAMES)
    assert "gender" in report["subgroups"]
    for groups in report["subgroups"].values():
        for one in groups.values():
            assert one["auroc_under_30_low"] < one["auroc_under_30"] < one["auroc_under_30_high"]
            assert f"{one['auroc_under_30_low']:.3f} to " in html(card)


def test_a_card_of_release_0_2_0_has_no_intervals_of_groups(card: dict[str, Any]) -> None:
    report = card["report"]
    groups = {"gender": {"Female": {
        "rows": 9.0, "auroc_under_30": 0.6, "recall_top_20": 0.4, "calibration_gap_under_30": 0.0,
    }}}  # fmt: skip

    page = html(card | {"report": report | {"subgroups": groups}})

    assert "<td>0.600</td><td>–</td>" in page.replace("\n", "")


def test_the_drift_of_the_newest_batch_is_shown_from_the_column_that_drifted_most(
    card: dict[str, Any], fitted: Fit
) -> None:
    found = card["report"]["drift"]

    assert found[0]["column"] == "discharge_disposition_id"
    indices = [one["psi"] for one in found]
    assert indices == sorted(indices, reverse=True)
    assert indices[0] > 1
    assert len(found) == DRIFTED
    # and a model of one batch has no such section
    alone = fitted.rows.assign(batch_id="batch-0001")
    report = evaluation_report(alone, fitted.probabilities, fitted.model.weights)
    assert report["drift"] == []
    assert "<h2>Drift</h2>" not in html(card | {"report": report})


def test_a_missing_figure_is_an_error_that_names_it(card: dict[str, Any], fitted: Fit) -> None:
    report = card["report"]
    broken = report | {"intervals": {"all": {"log_loss": [float("nan"), 1.0, 2.0]}}}

    with pytest.raises(CardIncomplete, match=r"no intervals.all.log_loss.0 \(nan\)"):
        require_complete(broken)
    # and a training whose validation rows cannot give one fails
    none = fitted.rows.assign(**{schema.TARGET: 0})
    with pytest.raises((CardIncomplete, ValueError)):
        evaluation_report(none, fitted.probabilities, fitted.model.weights)


def test_the_rule_hti_1_asks_for_31_attributes_and_each_has_a_value(card: dict[str, Any]) -> None:
    found = hti_1(card)

    assert len(found) == 31
    assert [one["number"] for one in found][:5] == ["1.i", "1.ii", "1.iii", "1.iv", "2.i"]
    assert found[-1]["number"] == "9.ii"
    assert all(one["value"] for one in found)
    assert (
        next(one for one in found if one["number"] == "7.i")["value"]
        == (card["report"]["intervals"])
    )


def test_the_card_of_chai_has_every_section_filled(card: dict[str, Any]) -> None:
    found = chai(card)

    assert {"uses_and_directions", "warnings", "trust_ingredients", "key_metrics"} < found.keys()
    assert found["key_metrics"]["usefulness"]["decision_curve"]
    assert found["version"]["newest_batch"] == "batch-0002"
    assert all(found.values())


def test_markdown_and_html_show_the_same_sections_and_figures(card: dict[str, Any]) -> None:
    text, page = markdown(card), html(card)

    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == list(SECTIONS)
    assert re.findall(r"<h2>(.*?)</h2>", page) == list(SECTIONS)
    figure = f"{card['report']['intervals']['all']['log_loss'][0]:.3f} ["
    for written in (text, page):
        assert figure in written
        assert "c0ffee" in written
        assert "77aa" in written
    # and the page is well formed, without scripts, and escapes what it shows
    assert page.count("<svg") == 3
    assert "<script" not in page
    assert "AUROC(&lt;30)" in page
    HTMLParser().feed(page)


def test_a_card_is_small_enough_for_a_response(card: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text(json.dumps(card))

    assert path.stat().st_size < 60_000
    assert np.isfinite(card["report"]["decision_curve"][0]["model"])
