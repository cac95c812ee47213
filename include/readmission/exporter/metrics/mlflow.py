"""MLflow over its REST API: whether it answers, what is in production, the newest candidates."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from readmission.exporter.catalogue import (
    CANDIDATE,
    MLFLOW_SECONDS,
    MLFLOW_UP,
    PRODUCTION,
    Sample,
)
from readmission.exporter.metrics.models import which

API = "/api/2.0/mlflow"
PREFIX = "val_"
"""Of the metrics on the validation part, as training logs them."""
UNKNOWN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow answers if there is no such model, alias or experiment."""
TIMEOUT = httpx.Timeout(10, connect=3)


@dataclass(frozen=True)
class Tracking:
    """What MLflow knows.

    Parameters
    ----------
    seconds : float
        How long it took to name the version in production.
    production : int, optional
        That version.
    candidates : mapping of str to mapping
        Metrics on the validation part by family, of the batch that was trained on last.
    """

    seconds: float
    production: int | None
    candidates: Mapping[str, Mapping[str, float]]


class TrackingServer:
    """The MLflow server.

    Parameters
    ----------
    uri : str
        Its address.
    model, experiment : str
        Registered model and experiment of the project.
    """

    def __init__(self, uri: str, model: str, experiment: str) -> None:
        self._http = httpx.Client(base_url=uri, timeout=TIMEOUT)
        self._model = model
        self._experiment = experiment

    def read(self) -> Tracking:
        """Ask for everything.

        Raises
        ------
        httpx.HTTPError
            If it does not answer, or not well.
        """
        started = time.perf_counter()
        alias = {"name": self._model, "alias": "production"}
        found = self._ask("GET", "/registered-models/alias", params=alias)
        seconds = time.perf_counter() - started
        production = int(found["model_version"]["version"]) if found else None
        return Tracking(seconds, production, self._candidates())

    def _candidates(self) -> dict[str, dict[str, float]]:
        named = {"experiment_name": self._experiment}
        found = self._ask("GET", "/experiments/get-by-name", params=named)
        if not found:
            return {}
        experiment = found["experiment"]["experiment_id"]
        newest = self._runs(experiment, "", 1)
        if not newest:
            return {}
        batch_id = _pairs(newest[0], "tags")["batch_id"]
        runs = self._runs(experiment, f" and tags.batch_id = '{batch_id}'", 100)
        # The newest run of a family comes first, and is written last.
        return {
            _pairs(run, "tags")["family"]: {
                name.removeprefix(PREFIX): value
                for name, value in _pairs(run, "metrics").items()
                if name.startswith(PREFIX)
            }
            for run in reversed(runs)
        }

    def _runs(self, experiment: str, condition: str, limit: int) -> list[dict[str, Any]]:
        question = {
            "experiment_ids": [experiment],
            "filter": f"attributes.status = 'FINISHED'{condition}",
            "order_by": ["attributes.start_time DESC"],
            "max_results": limit,
        }
        return list(self._ask("POST", "/runs/search", json=question).get("runs", []))

    def _ask(self, method: str, path: str, **question: Any) -> dict[str, Any]:
        """Return the answer; nothing if MLflow does not know what it was asked for."""
        answer = self._http.request(method, API + path, **question)
        if answer.is_client_error and answer.json().get("error_code") in UNKNOWN:
            return {}
        return dict(answer.raise_for_status().json())


def _pairs(run: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {pair["key"]: pair["value"] for pair in run["data"].get(kind, [])}


def show(found: Tracking) -> Iterator[Sample]:
    """Yield what MLflow knows."""
    yield MLFLOW_UP(True)
    yield MLFLOW_SECONDS(found.seconds)
    if found.production is not None:
        yield PRODUCTION(found.production)
    for family, metrics in found.candidates.items():
        for name, value in metrics.items():
            yield CANDIDATE(value, family, *which(name))
