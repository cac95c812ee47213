"""Versions and the aliases that say which one serves."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from readmission.errors import NoModel
from readmission.registry import CHALLENGER, PREVIOUS, PRODUCTION, Registry
from readmission.settings import Settings
from tests.include.conftest import Training


@dataclass(frozen=True)
class Shelf:
    """A registry with one version for each of three runs."""

    registry: Registry
    versions: list[str]

    def aliases(self) -> dict[str, str | None]:
        return {name: self.registry.version_of(name) for name in (PRODUCTION, PREVIOUS)}

    def stages(self) -> list[str]:
        client, name = self.registry.client, self.registry.name
        return [client.get_model_version(name, v).current_stage for v in self.versions]


@pytest.fixture
def shelf(trained: Training) -> Iterator[Shelf]:
    registry = trained.registry()
    versions = [
        registry.register(trained.run_of(f), trained.lineage.tags()) for f in Settings().families
    ]
    yield Shelf(registry, versions)
    registry.client.delete_registered_model(registry.name)


def test_before_the_first_promotion_there_is_nothing_to_load(trained: Training) -> None:
    registry = trained.registry()

    assert registry.version_of(PRODUCTION) is None
    with pytest.raises(NoModel, match=rf"{registry.name} has no 'production' version yet; ingest"):
        registry.load(PRODUCTION)


def test_a_registry_that_does_not_answer_is_not_an_empty_one(
    trained: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    away = trained.settings.model_copy(update={"mlflow_tracking_uri": "http://127.0.0.1:9"})

    # then
    try:
        with pytest.raises(MlflowException):
            Registry(away).version_of(PRODUCTION)
    finally:
        Registry(trained.settings)  # MLflow keeps its address in the process.


def test_a_run_is_registered_once(shelf: Shelf, trained: Training) -> None:
    assert shelf.versions == ["1", "2", "3"]

    assert shelf.registry.register(trained.run_of("xgboost"), {}) == "3"


def test_a_version_loads_with_what_it_is_and_answers(
    shelf: Shelf, trained: Training, raw_rows: pd.DataFrame
) -> None:
    # given
    path = list(sys.path)

    # when
    loaded = shelf.registry.load_version("1")

    # then
    assert (loaded.name, loaded.version) == (shelf.registry.name, "1")
    assert (loaded.run_id, loaded.data_source) == (
        trained.run_of("logistic_regression"), "synthetic",
    )  # fmt: skip
    assert loaded.model.family == "logistic_regression"
    np.testing.assert_allclose(loaded.model.predict_proba(raw_rows.head(5)).sum(axis=1), 1)
    assert sys.path == path


def test_promotion_moves_the_aliases_and_marks_the_stages(shelf: Shelf) -> None:
    # given
    one, two, three = shelf.versions

    # then
    shelf.registry.promote(one)
    assert shelf.aliases() == {PRODUCTION: one, PREVIOUS: None}
    assert shelf.stages() == ["Production", "None", "None"]
    shelf.registry.promote(two)
    assert shelf.aliases() == {PRODUCTION: two, PREVIOUS: one}
    assert shelf.stages() == ["Archived", "Production", "None"]
    shelf.registry.promote(three)
    assert shelf.aliases() == {PRODUCTION: three, PREVIOUS: two}
    assert shelf.stages() == ["Archived", "Archived", "Production"]
    # and one click back
    shelf.registry.promote(two)
    assert shelf.aliases() == {PRODUCTION: two, PREVIOUS: three}
    assert shelf.stages() == ["Archived", "Production", "Archived"]


@pytest.mark.parametrize("killed_after", ["previous", "production", "everything"])
def test_a_promotion_killed_on_its_way_is_completed_by_its_repetition(
    shelf: Shelf, killed_after: str
) -> None:
    # given
    one, two, _ = shelf.versions
    shelf.registry.promote(one)
    match killed_after:
        case "previous":
            shelf.registry.set_alias(PREVIOUS, one)
        case "production":
            shelf.registry.set_alias(PREVIOUS, one)
            shelf.registry.set_alias(PRODUCTION, two)
        case "everything":
            shelf.registry.promote(two)
    assert shelf.aliases()[PRODUCTION] is not None

    # when
    shelf.registry.promote(two)

    # then
    assert shelf.aliases() == {PRODUCTION: two, PREVIOUS: one}
    assert shelf.stages()[:2] == ["Archived", "Production"]


def test_a_rollback_swaps_the_aliases_and_is_remembered_for_good(shelf: Shelf) -> None:
    # given
    one, two, _ = shelf.versions
    shelf.registry.promote(one)
    shelf.registry.promote(two)

    # when
    there = shelf.registry.roll_back("admin-1")
    back = shelf.registry.roll_back("admin-2")

    # then
    assert (there, back) == ((two, one), (one, two))
    assert shelf.aliases() == {PRODUCTION: two, PREVIOUS: one}
    told = {(r.left, r.back, r.by) for r in shelf.registry.rollbacks()}
    assert told == {(two, one, "admin-1"), (one, two, "admin-2")}


def test_the_alias_decides_what_is_loaded(shelf: Shelf) -> None:
    shelf.registry.promote("2")
    shelf.registry.set_alias(CHALLENGER, "3")

    assert shelf.registry.load(PRODUCTION).model.family == "random_forest"
    assert shelf.registry.load(CHALLENGER).model.family == "xgboost"


def test_tags_are_written_on_a_version(shelf: Shelf) -> None:
    shelf.registry.tag_version("1", {"verdict": "promoted", "test_weighted_f1": 0.5})

    tags = shelf.registry.client.get_model_version(shelf.registry.name, "1").tags
    assert (tags["verdict"], tags["test_weighted_f1"]) == ("promoted", "0.5")


def test_three_fits_at_once_share_one_new_experiment(trained: Training) -> None:
    name = f"experiment_{uuid4().hex}"
    registries = [
        Registry(trained.settings.model_copy(update={"experiment": name})) for _ in range(3)
    ]

    with ThreadPoolExecutor(3) as pool:
        ids = set(pool.map(Registry.experiment_id, registries))

    assert len(ids) == 1
