"""Values of fields in words, and what is wrong with one."""

import pytest

from ui.wording import fields

SCHEMA = {
    "missing": "?",
    "fields": [{"name": "age", "label": "Age in years"}],
}


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
def test_a_specialty_is_split_into_words(value: str, words: str) -> None:
    field = {"kind": "category", "nullable": True, "values": {}}
    assert fields.value_in_words(field, value, "?") == words


@pytest.mark.parametrize(
    ("field", "value", "expected", "words"),
    [
        ("age", "old", "a range, or '?' when missing",
         "**Age in years**: `old` is not a valid value; expected a range, or not recorded"),
        ("age", None, "a range", "**Age in years** (`age`) is missing; expected a range"),
        ("agee", 5, "'age', perhaps", "`agee` is not a known field; expected 'age', perhaps"),
    ],
)  # fmt: skip
def test_a_problem_is_shown_with_the_label_of_its_field(
    field: str, value: object, expected: str, words: str
) -> None:
    problem = {"field": field, "value": value, "expected": expected}
    assert fields.problem_in_words(problem, SCHEMA) == words
