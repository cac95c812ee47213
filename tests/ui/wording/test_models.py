"""Models and their metrics in words."""

from ui.wording import models


def test_a_family_has_the_name_that_the_service_gives_it() -> None:
    candidate = {"family": "forest", "title": "Random forest", "registered_version": None}

    assert models.candidate_heading(candidate) == "Random forest"
    assert models.candidate_heading(candidate | {"registered_version": "3"}) == (
        "Random forest ★ version 3"
    )


def test_a_missing_metric_is_shown_as_a_dash() -> None:
    table = models.compare({"A": {"val_weighted_f1": 0.5}, "B": {}})
    assert list(table["A"]) == ["0.500", "–", "–", "–", "–"]
    assert set(table["B"]) == {"–"}


def test_a_version_that_somebody_moved_to_is_named_as_such() -> None:
    version = {"aliases": ["production"], "manual": True}

    assert models.roles(version) == "in production, moved by hand"
    assert models.roles(version | {"manual": False}) == "in production"
