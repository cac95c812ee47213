"""Models and their metrics in words."""

from readmission.modelling.families import FAMILIES
from ui.wording import models


def test_families_have_the_names_that_their_cards_show() -> None:
    assert {name: family.title for name, family in FAMILIES.items()} == models.FAMILIES


def test_a_missing_metric_is_shown_as_a_dash() -> None:
    table = models.compare({"A": {"val_weighted_f1": 0.5}, "B": {}})
    assert list(table["A"]) == ["0.500", "–", "–", "–", "–"]
    assert set(table["B"]) == {"–"}
