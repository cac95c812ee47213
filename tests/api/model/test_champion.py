"""Loading, checking and swapping the model that answers."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pandas as pd
import pytest

from api.errors import ApiError, NoModelLoaded, NothingToLoad, RegistryAway, ReloadFailed
from api.main import _keep_up
from api.metrics import Metrics
from api.model.champion import ChampionHolder
from readmission.domain.schema import example
from readmission.errors import BundleRefused, NoModel
from readmission.modelling.fitting import Fit
from readmission.serving.model import RegisteredVersion, ServedModel
from tests.api.conftest import Shelf
from tests.api.models import loaded

PATIENT_DATA = "diag_1=250.83"


class SlowShelf(Shelf):
    """Opens a model when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.hold()

    def hold(self) -> None:
        self.go_on, self.loading = threading.Event(), threading.Event()

    def open(self, version: RegisteredVersion) -> ServedModel:
        self.loading.set()
        assert self.go_on.wait(10)
        return super().open(version)


class CountingShelf(Shelf):
    """Counts how many open a model at once."""

    at_once = most_at_once = 0

    def open(self, version: RegisteredVersion) -> ServedModel:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(0.01)
        self.at_once -= 1
        return super().open(version)


class ForgetfulShelf(Shelf):
    """Hands models out and cannot keep them."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def keep(self, _model: ServedModel) -> None:
        raise self.error


def without_a_date(model: ServedModel) -> ServedModel:
    """Return a model that opens well and cannot be shown, so that the swap itself fails."""
    return replace(model, bundle=replace(model.bundle, card={}))


@contextmanager
def followed(holder: ChampionHolder) -> Iterator[threading.Thread]:
    """Follow the alias all the while, as the service does."""
    stopped = threading.Event()
    thread = threading.Thread(target=_keep_up, args=(holder, 0.01, stopped))
    thread.start()
    try:
        yield thread
    finally:
        stopped.set()
        thread.join()


def until(holder: ChampionHolder, version: str) -> None:
    """Wait for a version to answer."""
    deadline = time.monotonic() + 10
    while holder.champion is None or holder.champion.registered.version != version:
        assert time.monotonic() < deadline, holder.failure
        time.sleep(0.01)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def holder(shelf: Shelf, metrics: Metrics) -> ChampionHolder:
    return ChampionHolder(shelf, metrics)


def reloads(metrics: Metrics, result: str) -> float:
    return metrics.registry.get_sample_value("model_reloads_total", {"result": result}) or 0


def shown(metrics: Metrics) -> list[str]:
    """Return the versions that are shown as the model."""
    return [
        sample.labels["model_version"]
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "model_info"
    ]


def test_an_answer_is_the_models_own(fits: tuple[Fit, Fit]) -> None:
    model = fits[0].model
    row = pd.DataFrame([example()])

    prediction = loaded("1", fits[0]).predict(example())

    expected = model.predict_proba(row)
    assert prediction.probabilities == pytest.approx(expected[0].tolist(), abs=1e-6)
    assert prediction.predicted_class == model.decide(expected)[0]
    assert 0 <= prediction.risk_percentile <= 100


def test_before_the_first_load_there_is_no_champion(holder: ChampionHolder) -> None:
    assert holder.champion is None
    with pytest.raises(NoModelLoaded, match="POST /reload_model"):
        holder.require()


def test_a_reload_swaps_and_forgets_the_last_failure(
    holder: ChampionHolder, shelf: Shelf, metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    with pytest.raises(NothingToLoad):
        holder.reload()
    assert holder.failure is not None

    shelf.content = loaded("1", fits[0])
    holder.reload()

    assert holder.require().registered.version == "1"
    assert holder.failure is None
    assert (reloads(metrics, "success"), reloads(metrics, "failure")) == (1, 1)


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (NoModel("the alias is gone"), NothingToLoad),
        (ConnectionError("registry away"), ReloadFailed),
        (ValueError(PATIENT_DATA), ReloadFailed),
        (ModuleNotFoundError("xgboost"), ReloadFailed),
    ],
)
def test_a_failing_reload_keeps_the_old_model(
    holder: ChampionHolder,
    shelf: Shelf,
    metrics: Metrics,
    fits: tuple[Fit, Fit],
    error: Exception,
    refusal: type[ApiError],
) -> None:
    shelf.content = loaded("1", fits[0])
    before = holder.reload()
    shelf.content = error

    with pytest.raises(refusal, match="Version 1 goes on answering") as refused:
        holder.reload()

    assert holder.champion is before
    assert holder.failure is not None
    assert holder.failure.message in refused.value.message
    assert PATIENT_DATA not in refused.value.message
    assert reloads(metrics, "failure") == 1


def test_a_version_that_is_refused_keeps_the_old_one_and_is_left_alone_for_a_while(
    holder: ChampionHolder, shelf: Shelf, metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    # given version 1 and a damaged version 2 in production
    shelf.content = loaded("1", fits[0])
    holder.follow()
    shelf.content, shelf.damage = loaded("2", fits[1]), BundleRefused("golden rows differ")

    # when the service looks again and again
    for _ in range(3):
        holder.follow()

    # then it has been tried once, and said so
    assert holder.require().registered.version == "1"
    assert shelf.opened == 2
    assert holder.failure is not None
    assert "golden rows differ" in holder.failure.message
    assert reloads(metrics, "failure") == 1

    # and is tried at once when somebody asks for it
    shelf.damage = None
    assert holder.reload().registered.version == "2"
    assert holder.failure is None


@pytest.mark.parametrize(
    "error",
    [OSError(28, "no space left"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")],
    ids=type,
)
def test_a_copy_that_cannot_be_kept_is_logged_and_undoes_no_swap(
    metrics: Metrics, fits: tuple[Fit, Fit], error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = ForgetfulShelf(error)
    holder = ChampionHolder(shelf, metrics)
    shelf.content = loaded("1", fits[0])
    with caplog.at_level(logging.WARNING):
        assert holder.reload().registered.version == "1"
    assert "no local copy of version 1 is kept" in caplog.text

    # and who follows is there for the next promotion too
    with followed(holder):
        shelf.content = loaded("2", fits[1])
        until(holder, "2")
    assert holder.failure is None
    assert reloads(metrics, "failure") == 0


def test_a_swap_that_fails_keeps_the_old_model_whole_and_the_next_one_is_served(
    holder: ChampionHolder, shelf: Shelf, metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    shelf.content = loaded("1", fits[0])
    before = holder.reload()
    shelf.content = without_a_date(loaded("2", fits[1]))

    # when it is asked for, and when it is found
    with pytest.raises(ReloadFailed, match="Version 1 goes on answering"):
        holder.reload()
    with followed(holder) as thread:
        deadline = time.monotonic() + 10
        while reloads(metrics, "failure") < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)

        # then the old one answers, is shown, and the failure is told
        assert holder.champion is before
        assert shown(metrics) == ["1"]
        assert holder.failure is not None
        assert "KeyError" in holder.failure.message
        assert thread.is_alive()

        # and the one after it is served
        shelf.content = loaded("3", fits[1])
        until(holder, "3")
    assert holder.failure is None


@pytest.mark.parametrize("trouble", ["no-date", "error"])
def test_a_local_copy_that_fails_does_not_end_the_following(
    metrics: Metrics, fits: tuple[Fit, Fit], monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    def copy(_: Shelf) -> ServedModel:
        if trouble == "error":
            raise RuntimeError("the disk is mad")
        return without_a_date(loaded("1", fits[0]))

    monkeypatch.setattr(Shelf, "last_good", copy)
    shelf = Shelf()
    holder = ChampionHolder(shelf, metrics)
    with followed(holder):
        shelf.content = loaded("2", fits[1])
        until(holder, "2")
    assert reloads(metrics, "failure") == 1


def test_following_loads_only_what_is_new(
    holder: ChampionHolder, shelf: Shelf, fits: tuple[Fit, Fit]
) -> None:
    shelf.content = loaded("1", fits[0])
    for _ in range(3):
        holder.follow()
    assert (shelf.opened, shelf.kept) == (1, ["1"])

    shelf.content = loaded("2", fits[1])
    holder.follow()

    assert holder.require().registered.version == "2"
    assert (shelf.opened, shelf.kept) == (2, ["1", "2"])


def test_before_the_first_promotion_nothing_has_failed(
    holder: ChampionHolder, metrics: Metrics
) -> None:
    holder.follow()

    assert holder.failure is not None
    assert "nothing has been promoted" in holder.failure.message
    assert reloads(metrics, "failure") == 0
    assert metrics.registry.get_sample_value("model_poll_failures_total") == 0


def test_a_registry_that_is_away_is_counted_and_changes_nothing(
    holder: ChampionHolder, shelf: Shelf, metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    shelf.content = loaded("1", fits[0])
    holder.follow()
    shelf.content = RegistryAway()

    holder.follow()

    assert holder.require().registered.version == "1"
    assert holder.failure is None
    assert metrics.registry.get_sample_value("model_poll_failures_total") == 1


def test_the_old_model_answers_while_the_next_is_loading(
    metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    shelf = SlowShelf()
    shelf.content = loaded("1", fits[0])
    shelf.go_on.set()
    holder = ChampionHolder(shelf, metrics)
    holder.reload()
    shelf.content = loaded("2", fits[1])
    shelf.hold()
    thread = threading.Thread(target=holder.reload)
    thread.start()
    assert shelf.loading.wait(10)

    assert holder.loading
    assert holder.require().registered.version == "1"
    shelf.go_on.set()
    thread.join()
    assert holder.require().registered.version == "2"
    assert not holder.loading


def test_a_first_load_under_way_is_told_from_no_model(
    metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    shelf = SlowShelf()
    shelf.content = loaded("1", fits[0])
    holder = ChampionHolder(shelf, metrics)
    thread = threading.Thread(target=holder.reload)
    thread.start()
    assert shelf.loading.wait(10)

    with pytest.raises(NoModelLoaded, match="being loaded"):
        holder.require()
    shelf.go_on.set()
    thread.join()


def test_a_second_reload_loads_again_after_the_first(
    metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    shelf = CountingShelf()
    shelf.content = loaded("1", fits[0])
    holder = ChampionHolder(shelf, metrics)
    threads = [threading.Thread(target=holder.reload) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert shelf.most_at_once == 1
    assert shelf.opened == 4


def test_every_answer_belongs_to_one_model_through_many_swaps(
    holder: ChampionHolder, shelf: Shelf, fits: tuple[Fit, Fit]
) -> None:
    known = {v: loaded(v, fit).predict(example()) for v, fit in zip("12", fits, strict=True)}
    assert known["1"] != known["2"]
    shelf.content = loaded("1", fits[0])
    holder.reload()
    answers: list[bool] = []
    seen: set[str] = set()
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            champion = holder.require()
            seen.add(champion.registered.version)
            answers.append(champion.model.predict(example()) == known[champion.registered.version])

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    for turn in range(8):
        shelf.content = loaded("21"[turn % 2], fits[1 - turn % 2])
        holder.reload()
    done.set()
    for thread in asking:
        thread.join()

    assert len(answers) > 8
    assert all(answers)
    assert seen == {"1", "2"}


def test_only_the_champion_is_shown_as_the_model(
    holder: ChampionHolder, shelf: Shelf, metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    for version, fit in zip("12", fits, strict=True):
        shelf.content = loaded(version, fit)
        holder.reload()

    assert shown(metrics) == ["2"]
