"""Loading, verifying and swapping the champion."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pandas as pd
import pytest

from api.errors import ApiError, NoModelLoaded, NoProductionModel, RegistryUnavailable, ReloadFailed
from api.main import _follow_alias
from api.metrics import Metrics
from api.model.champion import ChampionHolder
from readmission.domain.schema import example
from readmission.errors import BundleRefused, NoModel, NotPromotedYet
from readmission.modelling.fitting import Fit
from readmission.serving.model import RegisteredVersion, ServedModel
from tests.api.conftest import FakeModelStore
from tests.api.models import loaded

PATIENT_DATA = "diag_1=250.83"


class SlowModelStore(FakeModelStore):
    """Opens a model only when the test allows it."""

    def __init__(self) -> None:
        super().__init__()
        self.hold()

    def hold(self) -> None:
        self.allowed, self.loading = threading.Event(), threading.Event()

    def open(self, version: RegisteredVersion) -> ServedModel:
        self.loading.set()
        assert self.allowed.wait(10)
        return super().open(version)


class CountingModelStore(FakeModelStore):
    """Counts how many threads open a model at once."""

    at_once = most_at_once = 0

    def open(self, version: RegisteredVersion) -> ServedModel:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(0.01)
        self.at_once -= 1
        return super().open(version)


class UnwritableModelStore(FakeModelStore):
    """Opens models but cannot keep copies."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def keep(self, _model: ServedModel) -> None:
        raise self.error


def without_a_date(model: ServedModel) -> ServedModel:
    """Return a model that can be opened but not shown in metrics, so that the swap fails."""
    return replace(model, bundle=replace(model.bundle, card={}))


@contextmanager
def followed(
    holder: ChampionHolder, started: Callable[[], None] = lambda: None
) -> Iterator[threading.Thread]:
    """Follow the alias in a thread, as the service does."""
    stopped = threading.Event()
    thread = threading.Thread(target=_follow_alias, args=(holder, started, 0.01, stopped))
    thread.start()
    try:
        yield thread
    finally:
        stopped.set()
        thread.join()


def until(holder: ChampionHolder, version: str) -> None:
    """Wait until a version is the champion."""
    deadline = time.monotonic() + 10
    while holder.champion is None or holder.champion.registered.version != version:
        assert time.monotonic() < deadline, holder.failure
        time.sleep(0.01)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def holder(fake_store: FakeModelStore, metrics: Metrics) -> ChampionHolder:
    return ChampionHolder(fake_store, metrics)


def reloads(metrics: Metrics, result: str) -> float:
    return metrics.registry.get_sample_value("model_reloads_total", {"result": result}) or 0


def shown(metrics: Metrics) -> list[str]:
    """Return the versions that metrics show as the champion."""
    return [
        sample.labels["model_version"]
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "model_info"
    ]


def test_a_prediction_equals_that_of_the_pipeline(fits: tuple[Fit, Fit]) -> None:
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


def test_a_reload_swaps_and_clears_the_last_failure(
    holder: ChampionHolder, fake_store: FakeModelStore, metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    with pytest.raises(NoProductionModel):
        holder.reload()
    assert holder.failure is not None

    fake_store.content = loaded("1", fits[0])
    holder.reload()

    assert holder.require().registered.version == "1"
    assert holder.failure is None
    assert (reloads(metrics, "success"), reloads(metrics, "failure")) == (1, 1)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (NoModel("the alias is gone"), NoProductionModel),
        (ConnectionError("registry unavailable"), ReloadFailed),
        (ValueError(PATIENT_DATA), ReloadFailed),
        (ModuleNotFoundError("xgboost"), ReloadFailed),
    ],
)
def test_a_failing_reload_keeps_the_old_model(
    holder: ChampionHolder,
    fake_store: FakeModelStore,
    metrics: Metrics,
    fits: tuple[Fit, Fit],
    error: Exception,
    raised: type[ApiError],
) -> None:
    fake_store.content = loaded("1", fits[0])
    before = holder.reload()
    fake_store.content = error

    with pytest.raises(raised, match="Version 1 stays the champion") as caught:
        holder.reload()

    assert holder.champion is before
    assert holder.failure is not None
    assert holder.failure.message in caught.value.message
    assert PATIENT_DATA not in caught.value.message
    assert reloads(metrics, "failure") == 1


def test_a_damaged_version_is_not_retried_at_every_poll(
    holder: ChampionHolder, fake_store: FakeModelStore, metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    # given version 1 and a damaged version 2 in production
    fake_store.content = loaded("1", fits[0])
    holder.follow()
    fake_store.content, fake_store.damage = (
        loaded("2", fits[1]),
        BundleRefused("golden rows differ"),
    )

    # when the service polls several times
    for _ in range(3):
        holder.follow()

    # then it has been loaded once, and the failure is reported
    assert holder.require().registered.version == "1"
    assert fake_store.opened == 2
    assert holder.failure is not None
    assert "golden rows differ" in holder.failure.message
    assert reloads(metrics, "failure") == 1

    # and a reload tries it at once
    fake_store.damage = None
    assert holder.reload().registered.version == "2"
    assert holder.failure is None


@pytest.mark.parametrize(
    "error",
    [OSError(28, "no space left"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")],
    ids=type,
)
def test_a_copy_that_cannot_be_kept_is_logged_and_the_swap_stays(
    metrics: Metrics, fits: tuple[Fit, Fit], error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    fake_store = UnwritableModelStore(error)
    holder = ChampionHolder(fake_store, metrics)
    fake_store.content = loaded("1", fits[0])
    with caplog.at_level(logging.WARNING):
        assert holder.reload().registered.version == "1"
    assert "kept no local copy of version 1" in caplog.text

    # and the next promotion is still followed
    with followed(holder):
        fake_store.content = loaded("2", fits[1])
        until(holder, "2")
    assert holder.failure is None
    assert reloads(metrics, "failure") == 0


def test_a_failing_swap_keeps_the_old_champion_and_the_next_version_is_loaded(
    holder: ChampionHolder, fake_store: FakeModelStore, metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    fake_store.content = loaded("1", fits[0])
    before = holder.reload()
    fake_store.content = without_a_date(loaded("2", fits[1]))

    # when it is loaded by a reload, and by polling
    with pytest.raises(ReloadFailed, match="Version 1 stays the champion"):
        holder.reload()
    with followed(holder) as thread:
        deadline = time.monotonic() + 10
        while reloads(metrics, "failure") < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)

        # then the old champion stays, in metrics too, and the failure is reported
        assert holder.champion is before
        assert shown(metrics) == ["1"]
        assert holder.failure is not None
        assert "KeyError" in holder.failure.message
        assert thread.is_alive()

        # and the next version is loaded
        fake_store.content = loaded("3", fits[1])
        until(holder, "3")
    assert holder.failure is None


@pytest.mark.parametrize("trouble", ["no-date", "error"])
def test_a_failing_local_copy_does_not_stop_polling(
    metrics: Metrics, fits: tuple[Fit, Fit], monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    def copy(_: FakeModelStore) -> ServedModel:
        if trouble == "error":
            raise RuntimeError("the disk is broken")
        return without_a_date(loaded("1", fits[0]))

    monkeypatch.setattr(FakeModelStore, "last_good", copy)
    fake_store = FakeModelStore()
    holder = ChampionHolder(fake_store, metrics)
    with followed(holder):
        fake_store.content = loaded("2", fits[1])
        until(holder, "2")
    assert reloads(metrics, "failure") == 1


def test_the_process_is_settled_once_the_first_model_is_loaded(
    holder: ChampionHolder, fake_store: FakeModelStore, fits: tuple[Fit, Fit]
) -> None:
    fake_store.content = loaded("1", fits[0])
    champions = []

    with followed(holder, lambda: champions.append(holder.champion)):
        until(holder, "1")
        fake_store.content = loaded("2", fits[1])
        until(holder, "2")

    assert [champion.registered.version for champion in champions if champion] == ["1"]


def test_polling_loads_new_versions_only(
    holder: ChampionHolder, fake_store: FakeModelStore, fits: tuple[Fit, Fit]
) -> None:
    fake_store.content = loaded("1", fits[0])
    for _ in range(3):
        holder.follow()
    assert (fake_store.opened, fake_store.kept) == (1, ["1"])

    fake_store.content = loaded("2", fits[1])
    holder.follow()

    assert holder.require().registered.version == "2"
    assert (fake_store.opened, fake_store.kept) == (2, ["1", "2"])


def test_no_promotion_yet_is_not_a_failure(holder: ChampionHolder, metrics: Metrics) -> None:
    holder.follow()

    assert holder.failure is not None
    assert "nothing has been promoted" in holder.failure.message
    assert reloads(metrics, "failure") == 0
    assert metrics.registry.get_sample_value("model_poll_failures_total") == 0


def test_a_registry_that_stops_responding_before_the_first_promotion_is_a_failure(
    holder: ChampionHolder, fake_store: FakeModelStore, metrics: Metrics
) -> None:
    # given a registry that said that no model was promoted yet
    holder.follow()
    assert holder.waiting

    # when it stops responding
    fake_store.content = RegistryUnavailable()
    holder.follow()
    holder.follow()

    # then the holder no longer knows that there is no model; the failure is logged once
    assert not holder.waiting
    assert "MLflow did not respond" in holder.explain_absence()
    assert reloads(metrics, "failure") == 1

    # when it responds again
    fake_store.content = NotPromotedYet("nothing has been promoted yet")
    holder.follow()
    assert holder.waiting


def test_an_unavailable_registry_is_counted_and_the_champion_stays(
    holder: ChampionHolder, fake_store: FakeModelStore, metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    fake_store.content = loaded("1", fits[0])
    holder.follow()
    fake_store.content = RegistryUnavailable()

    holder.follow()

    assert holder.require().registered.version == "1"
    assert holder.failure is None
    assert metrics.registry.get_sample_value("model_poll_failures_total") == 1


def test_the_old_champion_serves_while_the_next_is_loading(
    metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    fake_store = SlowModelStore()
    fake_store.content = loaded("1", fits[0])
    fake_store.allowed.set()
    holder = ChampionHolder(fake_store, metrics)
    holder.reload()
    fake_store.content = loaded("2", fits[1])
    fake_store.hold()
    thread = threading.Thread(target=holder.reload)
    thread.start()
    assert fake_store.loading.wait(10)

    assert holder.loading
    assert holder.require().registered.version == "1"
    fake_store.allowed.set()
    thread.join()
    assert holder.require().registered.version == "2"
    assert not holder.loading


def test_the_first_load_is_reported_as_loading(metrics: Metrics, fits: tuple[Fit, Fit]) -> None:
    fake_store = SlowModelStore()
    fake_store.content = loaded("1", fits[0])
    holder = ChampionHolder(fake_store, metrics)
    thread = threading.Thread(target=holder.reload)
    thread.start()
    assert fake_store.loading.wait(10)

    with pytest.raises(NoModelLoaded, match="being loaded"):
        holder.require()
    fake_store.allowed.set()
    thread.join()


def test_a_second_reload_loads_again_after_the_first(
    metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    fake_store = CountingModelStore()
    fake_store.content = loaded("1", fits[0])
    holder = ChampionHolder(fake_store, metrics)
    threads = [threading.Thread(target=holder.reload) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert fake_store.most_at_once == 1
    assert fake_store.opened == 4


def test_every_prediction_is_of_one_model_during_many_swaps(
    holder: ChampionHolder, fake_store: FakeModelStore, fits: tuple[Fit, Fit]
) -> None:
    known = {v: loaded(v, fit).predict(example()) for v, fit in zip("12", fits, strict=True)}
    assert known["1"] != known["2"]
    fake_store.content = loaded("1", fits[0])
    holder.reload()
    matches: list[bool] = []
    seen: set[str] = set()
    done = threading.Event()

    def predict() -> None:
        while not done.is_set():
            champion = holder.require()
            seen.add(champion.registered.version)
            matches.append(champion.model.predict(example()) == known[champion.registered.version])

    callers = [threading.Thread(target=predict) for _ in range(2)]
    for thread in callers:
        thread.start()
    for turn in range(8):
        fake_store.content = loaded("21"[turn % 2], fits[1 - turn % 2])
        holder.reload()
    done.set()
    for thread in callers:
        thread.join()

    assert len(matches) > 8
    assert all(matches)
    assert seen == {"1", "2"}


def test_metrics_show_the_champion_only(
    holder: ChampionHolder, fake_store: FakeModelStore, metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    for version, fit in zip("12", fits, strict=True):
        fake_store.content = loaded(version, fit)
        holder.reload()

    assert shown(metrics) == ["2"]
