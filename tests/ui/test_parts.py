"""The parts of the page that need no service: codes in words, the curve of capacity."""

import re

import pandas as pd
import pytest

from readmission.domain.columns import ICD9_PATTERN
from readmission.modelling.families import FAMILIES
from ui.components import form
from ui.followup import follow_up
from ui.wording import icd9, models

CURVE = pd.DataFrame(
    {
        "share": [0.0, 0.5, 1.0],
        "threshold": [0.6, 0.2, 0.0],
        "caught": [0.0, 0.8, 1.0],
        "precision": [0.0, 0.16, 0.1],
    }
)


def test_every_code_of_the_table_is_one_the_service_accepts() -> None:
    wrong = [c for c in icd9.MEANINGS if not re.fullmatch(ICD9_PATTERN, c)]
    assert not wrong
    assert len(icd9.MEANINGS) > 300


def test_no_two_codes_read_the_same() -> None:
    assert len(set(icd9.MEANINGS.values())) == len(icd9.MEANINGS)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("250", "Diabetes without complication, type 2, controlled (250)"),
        ("250.83", "another complication, type 1, out of control (250.83)"),
        ("8", "Infection of the bowel (008)"),
        ("V57", "Rehabilitation (V57)"),
        ("E999", "E999"),
    ],
)
def test_a_code_is_told_in_words_and_kept(code: str, words: str) -> None:
    assert icd9.describe(code).endswith(words)


def test_between_two_points_of_the_curve_a_line_is_taken() -> None:
    expected = follow_up(CURVE, chosen=25, discharged=100)

    assert expected.threshold == pytest.approx(0.4)
    assert not expected.is_floor
    assert expected.caught == pytest.approx(0.4)
    assert expected.caught_patients == pytest.approx(4)
    assert expected.missed_patients == pytest.approx(6)


def test_following_up_nobody_misses_all_and_everybody_none() -> None:
    assert follow_up(CURVE, 0, 100).missed_patients == pytest.approx(10)
    assert follow_up(CURVE, 100, 100).missed_patients == pytest.approx(0)


def test_following_up_nobody_has_no_threshold() -> None:
    assert follow_up(CURVE, 0, 100).threshold is None


def test_an_early_curve_that_begins_with_a_risk_of_one_gives_a_floor_and_no_invention() -> None:
    early = pd.DataFrame(
        {
            "share": [0.0, 0.01, 0.02, 1.0],
            "threshold": [1.0, 0.34, 0.3, 0.0],
            "caught": [0.0, 0.04, 0.07, 1.0],
            "precision": [0.0, 0.4, 0.35, 0.1],
        }
    )

    one_of_200, one_of_100, three_of_200 = (
        follow_up(early, chosen, discharged)
        for chosen, discharged in ((1, 200), (1, 100), (3, 200))
    )

    assert (one_of_200.threshold, one_of_200.is_floor) == (0.34, True)
    assert (one_of_100.threshold, one_of_100.is_floor) == (0.34, False)
    assert three_of_200.threshold == pytest.approx(0.32)
    assert one_of_200.caught == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("InternalMedicine", "Internal Medicine"),
        ("Surgery-PlasticwithinHeadandNeck", "Surgery-Plastic within Head and Neck"),
        ("Family/GeneralPractice", "Family/General Practice"),
        ("DCPTEAM", "DCPTEAM"),
        ("?", "Not recorded"),
    ],
)
def test_a_specialty_is_told_in_words(value: str, words: str) -> None:
    field = {"kind": "category", "nullable": True, "values": {}}
    assert form.in_words(field, value, "?") == words


def test_kinds_of_model_are_called_as_their_cards_call_them() -> None:
    assert {name: family.title for name, family in FAMILIES.items()} == models.FAMILIES


def test_a_figure_that_is_not_there_is_a_dash_and_no_nought() -> None:
    table = models.side_by_side({"A": {"val_weighted_f1": 0.5}, "B": {}})
    assert list(table["A"]) == ["0.500", "–", "–", "–", "–"]
    assert set(table["B"]) == {"–"}
