"""Metrics of the service for Prometheus; dashboards and alerts rely on their names."""

import os
import platform
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import product
from pathlib import Path
from time import time
from typing import Any, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from api.errors import ERROR_KINDS, SERVER_ERROR_STATUSES, kind_of
from readmission import __version__
from readmission.domain import schema
from readmission.serving.model import ServedModel

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable with which prometheus-client sums the metrics of several processes."""

LATENCY_BUCKETS = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5),
)
"""Seconds; from a compiled model on one row to a pipeline over a data frame on a busy machine."""

PREDICTION_PATHS = ("/predict", "/predict/batch")
"""Endpoints whose responses count towards the objectives."""

MAX_VERSIONS = 8
"""Model versions whose predictions are counted separately; the oldest one is dropped."""


def _drop_dead_processes(folder: Path) -> None:
    """Remove live gauges of dead processes from the sums; their counters stay."""
    for pid in {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
        except PermissionError:
            continue  # The process is alive and belongs to another user.


class Metrics:
    """The metrics of the service; those of several processes are added up."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._several = SHARED_FOLDER in os.environ
        if self._several:
            _drop_dead_processes(Path(os.environ[SHARED_FOLDER]))
        self.registry = CollectorRegistry()
        if not self._several:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)
            GCCollector(registry=self.registry)
        self._requests = self._counter(
            "http_requests", "Responses sent, by endpoint and status.", "path", "method", "status"
        )
        self._predictions = self._counter(
            "predictions",
            "Predictions made, by predicted class and model version.",
            "predicted_class", "model_version",
        )  # fmt: skip
        self.latency = Histogram(
            "prediction_latency_seconds",
            "Time from the received body to the response, for successful predictions.",
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.errors = self._counter(
            "prediction_errors", "Prediction requests, or rows of them, that failed, by kind.",
            "kind",
        )  # fmt: skip
        self._model_metrics()
        self._log_metrics()
        self._shadow_metrics()
        build = self._gauge("readmission_build_info", "1; the version of the build.",
                            "version", "python")  # fmt: skip
        build.labels(__version__, platform.python_version()).set(1)
        self._by_version: OrderedDict[str, Mapping[str, Counter]] = OrderedDict()
        self._by_endpoint: dict[tuple[str, str, int], Counter] = {}
        self._create_series()

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def _gauge(
        self,
        name: str,
        meaning: str,
        *labels: str,
        mode: Literal["livesum", "livemostrecent", "livemin"] = "livemostrecent",
    ) -> Gauge:
        return Gauge(name, meaning, labels, registry=self.registry, multiprocess_mode=mode)

    def _model_metrics(self) -> None:
        self.reloads = self._counter(
            "model_reloads", "Attempts to load a model, by result.", "result"
        )
        self.poll_failures = self._counter(
            "model_poll_failures", "Failed queries for the version in production."
        )
        self._model = self._gauge(
            "model_info",
            "1 for the champion.",
            "model_name", "model_version", "run_id", "data_source", "runtime",
        )  # fmt: skip
        self._loaded = self._gauge(
            "model_loaded_timestamp_seconds", "When the champion was loaded."
        )
        self._trained = self._gauge(
            "model_trained_timestamp_seconds", "When the champion was trained."
        )
        self._manual = self._gauge(
            "model_manual", "1 if somebody moved the alias production to the champion by hand."
        )
        self._held = self._gauge(
            "model_held", "1 if somebody moved the alias production and the champion stays."
        )
        self._shown: tuple[str, ...] | None = None

    def _log_metrics(self) -> None:
        self._pending = self._gauge(
            "prediction_log_pending",
            "Predictions on disk, waiting for the database.",
            mode="livesum",
        )
        self._spooled = self._gauge(
            "prediction_log_spooled_bytes",
            "Size of the predictions on disk.",
            mode="livesum",
        )
        self._written = self._counter(
            "prediction_log_written", "Predictions written to the database."
        )
        self._lost = self._counter("prediction_log_lost", "Predictions that could not be logged.")
        self._torn = self._counter(
            "prediction_log_torn", "Records cut off by a killed process; no response was sent."
        )
        self.history_lookups = self._counter(
            "history_lookups",
            "Encounters for a model that takes earlier stays, by where the stays came from.",
            "result",
        )
        self.history_checked = self._gauge(
            "history_copy_checked_timestamp_seconds",
            "When the local copy of earlier stays was last known to be current; with several"
            " processes, the least current copy.",
            mode="livemin",
        )
        self._last_totals = {"written": 0, "lost": 0, "torn": 0}
        self.audit_lost = self._counter(
            "audit_events_lost", "Explanations and files that could not be audited."
        )

    def _shadow_metrics(self) -> None:
        self._challenger = self._gauge(
            "shadow_model_info", "1 for the challenger in shadow.", "model_version"
        )
        self._in_shadow: str | None = None
        self._shadow = self._counter(
            "shadow_predictions",
            "Predictions of a challenger in shadow, by whether its class is the champion's.",
            "model_version", "agreed",
        )  # fmt: skip
        self._shadow_difference = self._counter(
            "shadow_difference_under_30",
            "Sum of the absolute differences between its risk of <30 days and the champion's.",
            "model_version",
        )
        self.shadow_dropped = self._counter(
            "shadow_dropped", "Predictions in shadow that were dropped, by reason.", "reason"
        )

    def _create_series(self) -> None:
        """Create error series with 0: Prometheus cannot see an increase to the first value."""
        for kind in ERROR_KINDS:
            self.errors.labels(kind)
        for reason in ("queue_full", "failed", "not_stored"):
            self.shadow_dropped.labels(reason)
        for result in ("success", "failure"):
            self.reloads.labels(result)
        for path, status in product(PREDICTION_PATHS, (200, *SERVER_ERROR_STATUSES)):
            self._requests.labels(path, "POST", str(status))

    def predictions(self, model_version: str) -> Mapping[str, Counter]:
        """Return the counter of each class; cached per model version."""
        known = self._by_version.get(model_version)
        if known is None:
            known = self._by_version[model_version] = {
                name: self._predictions.labels(predicted_class=name, model_version=model_version)
                for name in schema.CLASSES
            }
            if len(self._by_version) > MAX_VERSIONS:
                self._drop_version(self._by_version.popitem(last=False)[0])
        return known

    def _drop_version(self, model_version: str) -> None:
        if not self._several:  # Series in shared files cannot be removed.
            for name in schema.CLASSES:
                self._predictions.remove(name, model_version)

    def count_error(self, error: Exception) -> None:
        """Count one failed prediction request, or one rejected row of an upload."""
        self.errors.labels(kind_of(error)).inc()

    def count_response(self, path: str, method: str, status: int) -> None:
        """Count one response; `path` is the route's template, never the raw path."""
        key = (path, method, status)
        counter = self._by_endpoint.get(key)
        if counter is None:
            counter = self._by_endpoint[key] = self._requests.labels(path, method, str(status))
        counter.inc()

    def show_champion(self, model: ServedModel) -> None:
        """Show this model, and no other, as the champion."""
        registered = model.registered
        trained_at = datetime.fromisoformat(model.card["trained_at"]).timestamp()
        labels = (
            registered.name, registered.version, registered.run_id, registered.data_source,
            model.bundle.scorer.runtime,
        )  # fmt: skip
        if not self._several:
            self._model.clear()
        elif self._shown is not None:
            self._model.labels(*self._shown).set(0)
        self._model.labels(*labels).set(1)
        self._shown = labels
        self._loaded.set(time())
        self._trained.set(trained_at)
        self.predictions(registered.version)

    def show_challenger(self, version: str | None) -> None:
        """Show this version, and no other, as the one in shadow; None if there is none."""
        former, self._in_shadow = self._in_shadow, version
        if former is not None and self._several:  # Series in shared files cannot be removed.
            self._challenger.labels(former).set(0)
        elif former is not None:
            self._challenger.remove(former)
            for counter, *labels in self._shadow_series(former):
                counter.remove(*labels)
        if version is not None:
            self._challenger.labels(version).set(1)
            for counter, *labels in self._shadow_series(version):
                counter.labels(*labels)

    def _shadow_series(self, version: str) -> Iterator[tuple[Any, ...]]:
        yield from ((self._shadow, version, agreed) for agreed in ("yes", "no"))
        yield self._shadow_difference, version

    def count_shadow(self, version: str, difference: float, *, agreed: bool) -> None:
        """Count a prediction in shadow, and by how much its risk of <30 days differs."""
        if version == self._in_shadow:
            self._shadow.labels(version, "yes" if agreed else "no").inc()
            self._shadow_difference.labels(version).inc(difference)

    def show_move(self, *, manual: bool, held: bool) -> None:
        """Show whether somebody moved the alias by hand, and whether the service follows it."""
        self._manual.set(manual)
        self._held.set(held)

    def show_log(self, log: Any) -> None:
        """Copy the counts of the prediction log."""
        self._pending.set(log.pending)
        self._spooled.set(log.spooled_bytes)
        counters = (("written", self._written), ("lost", self._lost), ("torn", self._torn))
        for name, counter in counters:
            total = getattr(log, name)
            counter.inc(total - self._last_totals[name])
            self._last_totals[name] = total

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        if not self._several:
            return generate_latest(self.registry)
        summed = CollectorRegistry()
        multiprocess.MultiProcessCollector(summed)  # type: ignore[no-untyped-call]
        return generate_latest(summed)
