"""The arithmetic of the growth benchmark."""

import pytest

from load.benchmarks.growth.costs import growth
from load.benchmarks.growth.extrapolation import extrapolate, lines

SIZES = (100_000, 1_000_000, 10_000_000)


def test_growth_is_given_for_each_tenfold() -> None:
    assert growth(SIZES, (1, 11, 100)) == "10.00 x"
    assert growth(SIZES[:1], (1,)) == "-"


def test_a_value_grows_on_as_it_did_last() -> None:
    assert extrapolate(SIZES, (1, 100, 1_000)) == pytest.approx(100_000)
    assert extrapolate(SIZES, (5, 5, 5)) == pytest.approx(5)
    assert extrapolate(SIZES[:1], (1,)) == pytest.approx(10_000)


def test_machines_share_only_what_can_be_divided() -> None:
    one_machine, shared = lines(SIZES, {"load": (36, 360, 3600)}, {"fit": (36, 360, 3600)}, 10)

    assert one_machine == "load: 100.0 hours on one machine"
    assert shared == "fit: 10.0 hours on 10 machines"
