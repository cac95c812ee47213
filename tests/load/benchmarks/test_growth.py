"""The arithmetic of the growth benchmark."""

import pytest

from load.benchmarks.growth import filling, queries
from load.benchmarks.growth.costs import growth
from load.benchmarks.growth.extrapolation import extrapolate, lines
from readmission.domain.privacy import Pseudonyms
from readmission.stack.services import postgres
from readmission.stack.stack import Stack
from readmission.warehouse.predictions import known_stays
from readmission.warehouse.reconciliation import account

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


def test_filled_databases_are_as_the_pipeline_leaves_them(
    databases: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given two small batches and a copy of them
    for name, value in {"BATCH": 40, "BASE": 2, "QUARANTINED": 1}.items():
        monkeypatch.setattr(filling, name, value)
    dsns = {name: postgres.dsn(databases.site, name) for name in ("raw", "clean", "predictions")}

    # when
    assert filling.fill(dsns, 160) == 160

    # then every row is accounted for, and every stay published
    with queries.opened(dsns) as found:
        assert account(found.raw, found.clean, recount=True).arrived == 160
        hashed = Pseudonyms(filling.KEY).encounter
        assert known_stays.publish(found.clean, found.predictions, hashed) == []
