"""Registered versions, and the aliases that select one of them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

import pytest
from mlflow.exceptions import MlflowException

from readmission.domain.production import PROMOTED_VERSION, Pin, Production
from readmission.domain.schema import example
from readmission.errors import (
    BundleRefused,
    NoDriftReference,
    NoModel,
    NotPromotedYet,
)
from readmission.registry import CHALLENGER, PREVIOUS, PRODUCTION, Registry, client
from readmission.registry.rollbacks import roll_back, rollbacks
from readmission.serving.signature import Signer, TrustedKeys
from readmission.settings import Settings
from tests.include.training import Training
from tests.signing import TRUSTED

STEPS = ["tag", "previous", "production", "everything"]
"""What a promotion does, in this order; the last is the tag again."""


@dataclass(frozen=True)
class ThreeVersions:
    """A registry with one version for each of three runs."""

    registry: Registry
    versions: list[str]

    def aliases(self) -> dict[str, str | None]:
        return {name: self.registry.version_of(name) for name in (PRODUCTION, PREVIOUS)}

    def stages(self) -> list[str]:
        client, name = self.registry.client, self.registry.name
        return [client.get_model_version(name, v).current_stage for v in self.versions]


@pytest.fixture
def registered(trained: Training) -> Iterator[ThreeVersions]:
    registry = trained.registry()
    versions = [
        registry.register(trained.run_of(f), trained.lineage.tags()) for f in Settings().families
    ]
    yield ThreeVersions(registry, versions)
    registry.client.delete_registered_model(registry.name)


def test_asking_for_production_before_the_first_promotion_is_an_error(trained: Training) -> None:
    registry = trained.registry()

    assert registry.version_of(PRODUCTION) is None
    with pytest.raises(
        NotPromotedYet, match=rf"{registry.name} has no 'production' version yet; ingest"
    ):
        registry.behind(PRODUCTION)


def test_an_unavailable_registry_is_not_taken_for_an_empty_one(
    trained: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    unavailable = trained.settings.model_copy(update={"mlflow_tracking_uri": "http://127.0.0.1:9"})

    # then
    try:
        with pytest.raises(MlflowException):
            Registry(unavailable).version_of(PRODUCTION)
    finally:
        Registry(trained.settings)  # MLflow keeps the address for the whole process.


def test_a_run_is_registered_once(registered: ThreeVersions, trained: Training) -> None:
    assert registered.versions == ["1", "2", "3"]

    assert registered.registry.register(trained.run_of("xgboost"), {}) == "3"


def test_an_opened_version_describes_itself_and_predicts(registered: ThreeVersions) -> None:
    # when
    model = registered.registry.open("1", TRUSTED)

    # then
    described = model.registered
    assert (described.name, described.version) == (registered.registry.name, "1")
    assert described.data_source == "synthetic"
    assert model.card["family"] == "logistic_regression"
    assert sum(model.predict(example()).probabilities) == pytest.approx(1)


def test_a_version_signed_with_another_key_is_not_opened(registered: ThreeVersions) -> None:
    another = TrustedKeys.parse([Signer(Signer.generate_key()).public_key])

    with pytest.raises(BundleRefused, match="a key that is not in READMISSION_TRUSTED_SIGNING"):
        registered.registry.open("1", another)


def test_a_summary_of_training_rows_that_is_too_large_is_not_read(
    registered: ThreeVersions, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert registered.registry.drift_reference("1")
    monkeypatch.setattr(client, "LARGEST_REFERENCE", 10)

    with pytest.raises(NoDriftReference):
        registered.registry.drift_reference("1")


def test_promotion_moves_the_aliases_and_marks_the_stages(registered: ThreeVersions) -> None:
    # given
    one, two, three = registered.versions

    # then
    registered.registry.promote(one)
    assert registered.aliases() == {PRODUCTION: one, PREVIOUS: None}
    assert registered.stages() == ["Production", "None", "None"]
    registered.registry.promote(two)
    assert registered.aliases() == {PRODUCTION: two, PREVIOUS: one}
    assert registered.stages() == ["Archived", "Production", "None"]
    registered.registry.promote(three)
    assert registered.aliases() == {PRODUCTION: three, PREVIOUS: two}
    assert registered.stages() == ["Archived", "Archived", "Production"]
    # and back again
    registered.registry.promote(two)
    assert registered.aliases() == {PRODUCTION: two, PREVIOUS: three}
    assert registered.stages() == ["Archived", "Production", "Archived"]


@pytest.mark.parametrize("killed_after", ["previous", "production", "everything"])
def test_repeating_a_killed_promotion_completes_it(
    registered: ThreeVersions, killed_after: str
) -> None:
    # given
    one, two, _ = registered.versions
    registered.registry.promote(one)
    match killed_after:
        case "previous":
            registered.registry.set_alias(PREVIOUS, one)
        case "production":
            registered.registry.set_alias(PREVIOUS, one)
            registered.registry.set_alias(PRODUCTION, two)
        case "everything":
            registered.registry.promote(two)
    assert registered.aliases()[PRODUCTION] is not None

    # when
    registered.registry.promote(two)

    # then
    assert registered.aliases() == {PRODUCTION: two, PREVIOUS: one}
    assert registered.stages()[:2] == ["Archived", "Production"]


@pytest.mark.parametrize("killed_after", STEPS)
def test_a_promotion_that_was_killed_looks_like_no_move_by_hand(
    registered: ThreeVersions, killed_after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    registry, (one, two, _) = registered.registry, registered.versions
    registry.promote(one)
    steps = STEPS[: 1 + STEPS.index(killed_after)]
    tag, alias = registry.mark_promoted, registry.set_alias

    def killing(run: Callable[..., None]) -> Callable[..., None]:
        def step(*arguments: str) -> None:
            run(*arguments)
            assert registry.production().moved is False
            steps.pop()
            if not steps:
                raise KeyboardInterrupt

        return step

    monkeypatch.setattr(registry, "mark_promoted", killing(tag))
    monkeypatch.setattr(registry, "set_alias", killing(alias))

    # when it is killed
    with pytest.raises(KeyboardInterrupt):
        registry.promote(two)

    # then a poll in between finds nobody's move
    assert registry.production().moved is False
    assert registry.served_version() in (one, two)

    # and repeating it completes it
    monkeypatch.undo()
    registry.promote(two)
    assert registered.aliases() == {PRODUCTION: two, PREVIOUS: one}
    assert registry.production() == Production(two, (two,))


def test_a_version_that_was_moved_to_never_becomes_previous(registered: ThreeVersions) -> None:
    # given
    one, two, three = registered.versions
    registry = registered.registry
    registry.promote(one)
    registry.set_alias(PRODUCTION, two)
    assert registry.production() == Production(two, (one,))

    # when
    registry.promote(three)

    # then
    assert registered.aliases() == {PRODUCTION: three, PREVIOUS: one}


def test_the_next_promotion_survives_a_deleted_champion(registered: ThreeVersions) -> None:
    one, two, _ = registered.versions
    registry = registered.registry
    registry.promote(one)
    registry.client.delete_model_version(registry.name, one)

    registry.promote(two)

    assert registered.aliases() == {PRODUCTION: two, PREVIOUS: None}
    assert registry.production() == Production(two, (two,))


@pytest.mark.parametrize("tag", [None, "", "by hand", "1>", ">1", "1>2>3", "１"], ids=repr)
def test_without_a_readable_tag_the_alias_is_followed(tag: str | None) -> None:
    found = Production.of("2", {} if tag is None else {PROMOTED_VERSION: tag})

    assert (found.moved, found.served(follow=False), found.promoted_version) == (False, "2", None)


def test_a_rollback_swaps_the_aliases_and_is_recorded(registered: ThreeVersions) -> None:
    # given
    one, two, _ = registered.versions
    registered.registry.promote(one)
    registered.registry.promote(two)

    # when
    there = roll_back(registered.registry, Pin(one, "admin-1", "too many alarms"))
    back = roll_back(registered.registry, Pin(two, "admin-2", "a mistake"))

    # then
    assert [(one.left, one.back) for one in (there, back)] == [(two, one), (one, two)]
    assert registered.aliases() == {PRODUCTION: two, PREVIOUS: one}
    recorded = {(r.left, r.back, r.by) for r in rollbacks(registered.registry)}
    assert recorded == {(two, one, "admin-1"), (one, two, "admin-2")}


def test_a_rollback_pins_its_version_and_replaces_an_earlier_pin(
    registered: ThreeVersions,
) -> None:
    # given
    registry = registered.registry
    for version in registered.versions:
        registry.promote(version)
    one, two, three = registered.versions
    pin = Pin(one, "admin-1", "too many alarms")

    # when
    done = roll_back(registry, pin)

    # then
    assert (done.left, done.back, done.reason, done.pinned) == (three, one, pin.reason, True)
    assert registry.production() == Production(one, (one,), pin)
    # and another rollback replaces the pin
    other = Pin(two, "admin-2", "better on ward 4")
    again = roll_back(registry, other)
    assert registry.production() == Production(two, (two,), other)
    assert {one.reason for one in rollbacks(registry)} == {done.reason, again.reason}


def test_a_rollback_to_the_version_in_production_is_refused(registered: ThreeVersions) -> None:
    one, two, _ = registered.versions
    registered.registry.promote(one)
    registered.registry.promote(two)

    with pytest.raises(NoModel, match=f"version {two} of .* is in production already"):
        roll_back(registered.registry, Pin(two, "admin-1", "why"))

    assert registered.registry.production().pin is None


def test_each_alias_names_its_version(registered: ThreeVersions) -> None:
    registered.registry.promote("2")
    registered.registry.set_alias(CHALLENGER, "3")

    assert registered.registry.behind(PRODUCTION).version == "2"
    assert registered.registry.behind(CHALLENGER).version == "3"


def test_tags_are_set_on_a_version(registered: ThreeVersions) -> None:
    registered.registry.tag_version("1", {"verdict": "promoted", "test_weighted_f1": 0.5})

    tags = registered.registry.client.get_model_version(registered.registry.name, "1").tags
    assert (tags["verdict"], tags["test_weighted_f1"]) == ("promoted", "0.5")


def test_three_fits_at_once_share_one_new_experiment(trained: Training) -> None:
    name = f"experiment_{uuid4().hex}"
    registries = [
        Registry(trained.settings.model_copy(update={"experiment": name})) for _ in range(3)
    ]

    with ThreadPoolExecutor(3) as pool:
        ids = set(pool.map(Registry.experiment_id, registries))

    assert len(ids) == 1
