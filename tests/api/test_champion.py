"""Loading, checking and swapping the model that answers."""

import threading
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from api.champion import Champion, ChampionHolder
from api.contract import example
from api.errors import ApiError, NoModelLoaded, NothingToLoad, ReloadFailed
from api.metrics import Metrics
from readmission import schema
from readmission.errors import NoModel
from readmission.modelling.model import ReadmissionModel
from readmission.modelling.training import Fit
from readmission.registry import LoadedModel
from tests.api.conftest import Shelf
from tests.api.models import loaded

PATIENT_DATA = "diag_1=250.83"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def holder(shelf: Shelf, metrics: Metrics) -> ChampionHolder:
    return ChampionHolder(shelf.load, metrics)


def reloads(metrics: Metrics, result: str) -> float | None:
    return metrics.registry.get_sample_value("model_reloads_total", {"result": result})


def test_an_answer_is_the_models_own(fits: tuple[Fit, Fit]) -> None:
    model = fits[0].model
    row = pd.DataFrame([example()])

    prediction = Champion(loaded("1", fits[0])).predict(example())

    expected = model.predict_proba(row)
    assert list(prediction.probabilities) == list(schema.CLASSES)
    assert list(prediction.probabilities.values()) == expected[0].tolist()
    assert prediction.predicted_class == model.decide(expected)[0]


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

    assert holder.require().loaded.version == "1"
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


class Broken(ReadmissionModel):
    """Loads well and answers nonsense."""

    def __init__(self, shares: list[float]) -> None:
        self.shares = shares
        self.weights = (1.0, 1.0, 1.0)

    def predict_proba(self, raw: pd.DataFrame) -> npt.NDArray[np.float64]:
        return np.tile(self.shares, (len(raw), 1))


@pytest.mark.parametrize(
    "shares",
    [[float("nan")] * 3, [0.5, 0.5, 0.5], [1.2, -0.1, -0.1], [0.5, 0.5], [float("inf"), 0, 0]],
    ids=str,
)
def test_a_model_that_answers_nonsense_does_not_get_in(
    holder: ChampionHolder, shelf: Shelf, fits: tuple[Fit, Fit], shares: list[float]
) -> None:
    shelf.content = loaded("1", fits[0])
    holder.reload()
    shelf.content = replace(loaded("2", fits[1]), model=Broken(shares))

    with pytest.raises(ReloadFailed, match="Version 1 goes on answering"):
        holder.reload()

    assert holder.require().loaded.version == "1"


def test_the_old_model_answers_while_the_next_is_loading(
    metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    go_on, loading = threading.Event(), threading.Event()
    versions = iter("12")

    def load() -> LoadedModel:
        version = next(versions)
        if version == "2":
            loading.set()
            assert go_on.wait(10)
        return loaded(version, fits[0])

    holder = ChampionHolder(load, metrics)
    holder.reload()
    thread = threading.Thread(target=holder.reload)
    thread.start()
    assert loading.wait(10)

    assert holder.loading
    assert holder.require().loaded.version == "1"
    go_on.set()
    thread.join()
    assert holder.require().loaded.version == "2"
    assert not holder.loading


def test_a_first_load_under_way_is_told_from_no_model(
    metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    go_on, loading = threading.Event(), threading.Event()

    def slow_load() -> LoadedModel:
        loading.set()
        assert go_on.wait(10)
        return loaded("1", fits[0])

    holder = ChampionHolder(slow_load, metrics)
    thread = threading.Thread(target=holder.reload)
    thread.start()
    assert loading.wait(10)

    with pytest.raises(NoModelLoaded, match="being loaded"):
        holder.require()
    go_on.set()
    thread.join()


def test_a_second_reload_loads_again_after_the_first(
    metrics: Metrics, fits: tuple[Fit, Fit]
) -> None:
    versions = iter("1234")
    at_once = 0
    most_at_once = 0

    def load() -> LoadedModel:
        nonlocal at_once, most_at_once
        at_once += 1
        most_at_once = max(most_at_once, at_once)
        champion = loaded(next(versions), fits[0])
        at_once -= 1
        return champion

    holder = ChampionHolder(load, metrics)
    threads = [threading.Thread(target=holder.reload) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most_at_once == 1
    assert holder.require().loaded.version == "4"


def test_every_answer_belongs_to_one_model_through_many_swaps(
    holder: ChampionHolder, shelf: Shelf, fits: tuple[Fit, Fit]
) -> None:
    known = {
        v: Champion(loaded(v, fit)).predict(example()) for v, fit in zip("12", fits, strict=True)
    }
    assert known["1"] != known["2"]
    shelf.content = loaded("1", fits[0])
    holder.reload()
    answers: list[bool] = []
    seen: set[str] = set()
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            champion = holder.require()
            seen.add(champion.loaded.version)
            answers.append(champion.predict(example()) == known[champion.loaded.version])

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

    shown = [
        sample.labels["model_version"]
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "model_info"
    ]
    assert shown == ["2"]
