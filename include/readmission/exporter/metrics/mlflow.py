"""MLflow over its REST API: whether it responds, the production version, the newest candidates."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from readmission.domain.production import Production
from readmission.exporter.catalogue import (
    CANDIDATE,
    MLFLOW_SECONDS,
    MLFLOW_UP,
    PRODUCTION,
    PRODUCTION_MANUAL,
    PRODUCTION_PINNED,
    Sample,
)
from readmission.exporter.metrics.models import metric_and_rows
from readmission.exporter.rows import RowReader, finite, skipped_samples
from readmission.registry import aliases
from readmission.registry.candidates import NEWEST_FIRST, CandidateRun, newest_candidates

API = "/api/2.0/mlflow"
PREFIX = "val_"
"""Prefix of the validation metrics that training logs."""
UNKNOWN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""MLflow's error codes for a missing model, alias or experiment."""
TIMEOUT = httpx.Timeout(10, connect=3)


@dataclass(frozen=True)
class Tracking:
    """What the exporter reads from MLflow.

    Parameters
    ----------
    seconds : float
        How long MLflow took to look up the production version.
    production : Production, optional
        The production version and the promoted one; None if there is no registered model.
    candidates : mapping of str to mapping
        Validation metrics by family, for the batch that was trained on last.
    skipped : mapping of (str, str) to int
        Metrics that are not finite, by source and kind.
    """

    seconds: float
    production: Production | None
    candidates: Mapping[str, Mapping[str, float]]
    skipped: Mapping[tuple[str, str], int] = field(default_factory=dict)


class TrackingServer:
    """The MLflow server.

    Parameters
    ----------
    uri : str
        Its address.
    model, experiment : str
        The project's registered model and experiment.
    login : tuple of (str, str), optional
        User and password.
    """

    def __init__(
        self, uri: str, model: str, experiment: str, login: tuple[str, str] | None
    ) -> None:
        self._http = httpx.Client(base_url=uri, timeout=TIMEOUT, auth=login)
        self._model = model
        self._experiment = experiment

    def read(self) -> Tracking:
        """Read everything.

        Raises
        ------
        httpx.HTTPError
            If MLflow does not respond, or responds with an error.
        """
        started = time.perf_counter()
        # Not the endpoint of an alias: MLflow refuses it if the model does not exist.
        named = {"filter": f"name='{self._model}'"}
        found = self._request("GET", "/registered-models/search", params=named)
        seconds = time.perf_counter() - started
        production = next(map(_production, found.get("registered_models", [])), None)
        rows = RowReader("mlflow")
        return Tracking(seconds, production, self._candidates(rows), rows.skipped)

    def _candidates(self, rows: RowReader) -> dict[str, dict[str, float]]:
        named = {"experiment_name": self._experiment}
        found = self._request("GET", "/experiments/get-by-name", params=named)
        if not found:
            return {}
        experiment = found["experiment"]["experiment_id"]

        def search(condition: str, most: int) -> list[CandidateRun]:
            query = {
                "experiment_ids": [experiment],
                "filter": condition,
                "order_by": list(NEWEST_FIRST),
                "max_results": most,
            }
            runs = self._request("POST", "/runs/search", json=query).get("runs", [])
            return [
                CandidateRun(run["info"]["run_id"], _pairs(run, "tags"), _pairs(run, "metrics"))
                for run in runs
            ]

        return {
            family: dict(rows.keep("run", _validation(run), _metric))
            for family, run in newest_candidates(search).items()
        }

    def _request(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """Return the JSON response; empty if MLflow does not know the model or the experiment."""
        response = self._http.request(method, API + path, **arguments)
        if response.is_client_error and response.json().get("error_code") in UNKNOWN:
            return {}
        return dict(response.raise_for_status().json())


def _production(model: Mapping[str, Any]) -> Production:
    named = {pair["alias"]: str(pair["version"]) for pair in model.get("aliases", [])}
    tags = {pair["key"]: pair.get("value", "") for pair in model.get("tags", [])}
    return Production.of(named.get(aliases.PRODUCTION), tags)


def _validation(run: CandidateRun) -> list[tuple[str, object]]:
    return [(name, value) for name, value in run.metrics.items() if name.startswith(PREFIX)]


def _metric(pair: tuple[str, object]) -> tuple[str, float]:
    name, value = pair
    return name.removeprefix(PREFIX), finite(value, f"the metric {name}")


def _pairs(run: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {pair["key"]: pair["value"] for pair in run["data"].get(kind, [])}


def samples(tracking: Tracking) -> Iterator[Sample]:
    """Yield the response time, the production version and the metrics of the candidates."""
    yield MLFLOW_UP(True)
    yield MLFLOW_SECONDS(tracking.seconds)
    if tracking.production is not None:
        if tracking.production.aliased is not None:
            yield PRODUCTION(int(tracking.production.aliased))
        yield PRODUCTION_MANUAL(tracking.production.moved)
        yield PRODUCTION_PINNED(tracking.production.pin is not None)
    for family, metrics in tracking.candidates.items():
        for name, value in metrics.items():
            yield CANDIDATE(value, family, *metric_and_rows(name))
    yield from skipped_samples(tracking.skipped)
