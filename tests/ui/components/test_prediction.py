"""What the page says about a prediction beside its probabilities."""

import pytest
from streamlit.testing.v1 import AppTest

TAKEN = "The patient's earlier stays were taken into account."
ALL_DELIVERED = "all delivered stays of the patient were taken into account"
NOT_TAKEN = "Earlier stays of the patient were not taken into account."


def page(history: str | None) -> None:
    from ui.components.prediction import _show_history

    _show_history(history)


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        ("used", TAKEN),
        ("caller", TAKEN),
        ("used: all delivered stays", ALL_DELIVERED),
        ("blank: unknown patient", NOT_TAKEN),
        (None, ""),
    ],
)
def test_it_says_which_earlier_stays_were_taken_into_account(
    history: str | None, sentence: str
) -> None:
    shown = AppTest.from_function(page, kwargs={"history": history}).run()

    assert not shown.exception
    assert sentence in " ".join(one.value for one in shown.caption)
    assert bool(shown.caption) is bool(sentence)
