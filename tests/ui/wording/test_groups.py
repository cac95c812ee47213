"""What the card says about each group of patients, in sentences."""

from ui.client import Json
from ui.wording import groups

FEMALE = {"auroc_under_30": 0.7, "auroc_under_30_low": 0.68, "auroc_under_30_high": 0.72}
MALE = {"auroc_under_30": 0.62, "auroc_under_30_low": 0.6, "auroc_under_30_high": 0.64}
ASIAN = {"auroc_under_30": 0.59, "auroc_under_30_low": 0.4, "auroc_under_30_high": 0.78}
OLD = {"auroc_under_30": 0.66}
"""Of a card of release 0.2.0, which has no intervals."""


def report(**subgroups: dict[str, dict[str, float]]) -> Json:
    return {
        "intervals": {
            "all": {"auroc_under_30": [0.66, 0.65, 0.67], "recall_top_20": [0.42, 0.4, 0.44]}
        },
        "subgroups": {
            attribute: {group: one | {"recall_top_20": 0.31} for group, one in found.items()}
            for attribute, found in subgroups.items()
        },
        "demographics": {
            "gender": {"Female": 0.5, "Male": 0.499, "Unknown/Invalid": 0.001},
            "race": {"Asian": 0.02, "Hispanic": 0.01},
        },
    }


def test_each_group_is_compared_with_all_patients_and_the_worse_ones_come_first() -> None:
    lines = groups.in_words(report(gender={"Female": FEMALE, "Male": MALE}, race={"Asian": ASIAN}))

    assert [line.split("**")[1] for line in lines[:3]] == [
        "gender: Male", "gender: Female", "race: Asian",
    ]  # fmt: skip
    assert "worse than that of all patients together" in lines[0]
    assert "AUROC 0.620 [0.600 – 0.640]; all patients: 0.660." in lines[0]
    assert "hold 31% of this group's readmissions within 30 days, and 42% of" in lines[0]
    assert "better than that of all patients together" in lines[1]
    assert "no difference from all patients together beyond chance" in lines[2]


def test_groups_that_are_too_small_are_named_as_uncertain() -> None:
    found = report(gender={"Female": FEMALE, "Male": MALE}, race={"Asian": ASIAN})

    uncertain = groups.in_words(found)[-1]

    assert "the model is uncertain for these groups" in uncertain
    assert uncertain.endswith(": gender: Unknown/Invalid; race: Hispanic.")


def test_a_card_without_intervals_claims_no_difference() -> None:
    (line, _small) = groups.in_words(report(gender={"Male": OLD}))

    assert "has no interval for it, so the difference may be chance" in line
