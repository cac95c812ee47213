"""The readmissions that a team catches, read from a capacity curve."""

import pandas as pd
import pytest

from ui.followup import follow_up

CURVE = pd.DataFrame(
    {
        "share": [0.0, 0.5, 1.0],
        "threshold": [0.6, 0.2, 0.0],
        "caught": [0.0, 0.8, 1.0],
        "precision": [0.0, 0.16, 0.1],
    }
)


def test_values_between_two_points_are_interpolated() -> None:
    expected = follow_up(CURVE, chosen=25, discharged=100)

    assert expected.threshold == pytest.approx(0.4)
    assert not expected.is_lower_bound
    assert expected.caught == pytest.approx(0.4)
    assert expected.caught_patients == pytest.approx(4)
    assert expected.missed_patients == pytest.approx(6)


def test_following_up_nobody_misses_all_and_everybody_misses_none() -> None:
    assert follow_up(CURVE, 0, 100).missed_patients == pytest.approx(10)
    assert follow_up(CURVE, 100, 100).missed_patients == pytest.approx(0)


def test_following_up_nobody_has_no_threshold() -> None:
    assert follow_up(CURVE, 0, 100).threshold is None


def test_the_artificial_first_point_of_an_older_curve_is_ignored() -> None:
    # given
    older = pd.DataFrame(
        {
            "share": [0.0, 0.01, 0.02, 1.0],
            "threshold": [1.0, 0.34, 0.3, 0.0],
            "caught": [0.0, 0.04, 0.07, 1.0],
            "precision": [0.0, 0.4, 0.35, 0.1],
        }
    )

    # when
    one_of_200, one_of_100, three_of_200 = (
        follow_up(older, chosen, discharged)
        for chosen, discharged in ((1, 200), (1, 100), (3, 200))
    )

    # then below the first measured point, its threshold is a lower bound
    assert (one_of_200.threshold, one_of_200.is_lower_bound) == (0.34, True)
    assert (one_of_100.threshold, one_of_100.is_lower_bound) == (0.34, False)
    assert three_of_200.threshold == pytest.approx(0.32)
    assert one_of_200.caught == pytest.approx(0.02)


def test_the_number_needed_to_follow_has_an_interval() -> None:
    # given 100 readmissions of 1,000 validation patients, 30 of them among the first 100
    curve = pd.DataFrame(
        {
            "share": [0.0, 0.1, 1.0],
            "threshold": [0.9, 0.4, 0.0],
            "caught": [0.0, 0.3, 1.0],
            "precision": [0.0, 0.3, 0.1],
            "patients": [0.0, 100.0, 1000.0],
        }
    )

    expected = follow_up(curve, chosen=1, discharged=10)

    # then it is 1 / 0.3, and the interval that of 30 in 100: 0.219 to 0.396
    assert expected.needed == pytest.approx((3.333, 2.526, 4.566), abs=0.01)
    assert follow_up(curve, chosen=0, discharged=10).needed is None
    assert follow_up(curve.drop(columns="patients"), chosen=1, discharged=10).needed is None


def test_the_net_benefit_weighs_by_the_odds_of_the_threshold() -> None:
    expected = follow_up(CURVE, chosen=25, discharged=100)
    assert expected.threshold is not None

    rate = float(CURVE["precision"].iloc[-1])
    odds = expected.threshold / (1 - expected.threshold)
    true = rate * expected.caught
    assert expected.net_benefit == pytest.approx(true - (0.25 - true) * odds)
    assert expected.for_all == pytest.approx(rate - (1 - rate) * odds)
    assert follow_up(CURVE, 0, 100).net_benefit is None
