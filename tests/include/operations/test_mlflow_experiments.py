"""MLflow's authorization reads the experiment of a run or of a logged model once."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST
from mlflow.server import auth

from readmission.operations.mlflow_server.experiments import remember_experiments


class Store:
    """Runs and models of two experiments, each with its own id, and how often each was read."""

    def __init__(self) -> None:
        self.reads: Counter[str] = Counter()
        self.experiments = {"first": "1", "second": "2"}

    def get_run(self, run_id: str) -> Any:
        return SimpleNamespace(info=self.get_logged_model(run_id), data="metrics")

    def get_logged_model(self, model_id: str) -> Any:
        self.reads[model_id] += 1
        if model_id not in self.experiments:
            raise MlflowException("no such thing", RESOURCE_DOES_NOT_EXIST)
        return SimpleNamespace(experiment_id=self.experiments[model_id])


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store that MLflow's authorization reads, undone after the test."""
    store = Store()
    monkeypatch.setattr(auth, "_get_tracking_store", lambda: store)
    monkeypatch.setattr(auth, "_fetch_or_none", auth._fetch_or_none)
    return store


def test_a_run_needs_the_same_permissions_and_is_read_once(store: Store) -> None:
    # Given what MLflow itself requires for two runs
    runs = ("first", "second")
    required = [auth._run_requirement(run, "update") for run in runs]
    assert required[0] != required[1]
    store.reads.clear()

    # When each is needed several times
    remember_experiments(auth)
    again = [[auth._run_requirement(run, "update") for run in runs] for _ in range(3)]

    # Then the same is required, and each was read once
    assert again == [required] * 3
    assert store.reads == {"first": 1, "second": 1}


def test_a_run_and_a_model_with_one_id_are_two_things(store: Store) -> None:
    remember_experiments(auth)
    run = auth._fetch_or_none(store.get_run, "first")
    model = auth._fetch_or_none(store.get_logged_model, "first")
    assert (run.info.experiment_id, model.experiment_id) == ("1", "1")
    assert store.reads == {"first": 2}


def test_a_run_that_does_not_exist_yet_is_refused_until_it_does(store: Store) -> None:
    # Given a request for a run that does not exist
    remember_experiments(auth)
    assert auth._run_requirement("third", "read") is None

    # When it is created
    store.experiments["third"] = "3"

    # Then it counts
    assert auth._run_requirement("third", "read") is not None


def test_other_resources_are_read_each_time(store: Store) -> None:
    remember_experiments(auth)

    def get_registered_model(name: str) -> Any:
        return store.get_logged_model(name)

    assert all(auth._fetch_or_none(get_registered_model, "first") for _ in range(2))
    assert store.reads == {"first": 2}
