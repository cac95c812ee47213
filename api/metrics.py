"""What the service tells Prometheus, under names that dashboards may rely on."""

import os
import platform
from collections import OrderedDict
from collections.abc import Mapping
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

from api.errors import FAULTS, REFUSAL_KINDS, kind_of
from readmission import __version__
from readmission.domain import schema
from readmission.serving.model import ServedModel

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Variable that makes prometheus-client add up the metrics of several processes."""

LATENCY_BUCKETS = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5),
)
"""Seconds; from a compiled model on one row to a pipeline over a data frame on a busy machine."""

PREDICTION_PATHS = ("/predict", "/predict/batch")
"""Endpoints whose answers the objectives count."""

VERSIONS = 8
"""Model versions whose predictions are told apart; older ones are no longer shown."""


def _forget_the_dead(folder: Path) -> None:
    """Take what processes that are gone had under way out of the sums; what they did stays."""
    for pid in {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
        except PermissionError:
            continue  # It lives, and is somebody else's.


class Metrics:
    """The service's metrics, in a registry of their own; several processes add theirs up."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._several = SHARED_FOLDER in os.environ
        if self._several:
            _forget_the_dead(Path(os.environ[SHARED_FOLDER]))
        self.registry = CollectorRegistry()
        if not self._several:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)
            GCCollector(registry=self.registry)
        self._requests = self._counter(
            "http_requests", "Requests answered, by endpoint.", "path", "method", "status"
        )
        self._predictions = self._counter(
            "predictions",
            "Answers given, by predicted class and model version.",
            "predicted_class", "model_version",
        )  # fmt: skip
        self.latency = Histogram(
            "prediction_latency_seconds",
            "From the whole body received to the answer, for requests that were answered.",
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.errors = self._counter(
            "prediction_errors", "Requests for a prediction that were refused, by kind.", "kind"
        )
        self.reloads = self._counter(
            "model_reloads", "Attempts to load the model, by result.", "result"
        )
        self.poll_failures = self._counter(
            "model_poll_failures", "Times the registry did not say what is in production."
        )
        self._model = self._gauge(
            "model_info",
            "1 for the model that answers.",
            "model_name", "model_version", "run_id", "data_source", "runtime",
        )  # fmt: skip
        self._loaded = self._gauge(
            "model_loaded_timestamp_seconds", "When the model that answers was loaded."
        )
        self._trained = self._gauge(
            "model_trained_timestamp_seconds", "When the model that answers was trained."
        )
        self._shown: tuple[str, ...] | None = None
        self._of_version: OrderedDict[str, Mapping[str, Counter]] = OrderedDict()
        self._of_endpoint: dict[tuple[str, str, int], Counter] = {}
        self._log_metrics()
        build = self._gauge(
            "readmission_build_info", "1; which build this is.", "version", "python"
        )
        build.labels(__version__, platform.python_version()).set(1)
        # A counter that does not exist before its first error cannot raise an alert on it.
        for kind in REFUSAL_KINDS:
            self.errors.labels(kind)
        for result in ("success", "failure"):
            self.reloads.labels(result)
        for path, status in product(PREDICTION_PATHS, (200, *FAULTS)):
            self._requests.labels(path, "POST", str(status))

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str, add_up: bool = False) -> Gauge:
        mode: Literal["livesum", "livemostrecent"] = "livesum" if add_up else "livemostrecent"
        return Gauge(name, meaning, labels, registry=self.registry, multiprocess_mode=mode)

    def _log_metrics(self) -> None:
        self._pending = self._gauge(
            "prediction_log_pending", "Answers not written anywhere yet.", add_up=True
        )
        self._spooled = self._gauge(
            "prediction_log_spooled_bytes",
            "Answers on disk, for want of the database.",
            add_up=True,
        )
        self._written = self._counter("prediction_log_written", "Answers in the database.")
        self._lost = self._counter("prediction_log_lost", "Answers that could not be kept.")
        self._told = {"written": 0, "lost": 0}

    def predictions(self, model_version: str) -> Mapping[str, Counter]:
        """Return the counter of each class, looked up once per version."""
        known = self._of_version.get(model_version)
        if known is None:
            known = self._of_version[model_version] = {
                name: self._predictions.labels(predicted_class=name, model_version=model_version)
                for name in schema.CLASSES
            }
            if len(self._of_version) > VERSIONS:
                self._forget_version(self._of_version.popitem(last=False)[0])
        return known

    def _forget_version(self, model_version: str) -> None:
        if not self._several:  # The files that several processes share cannot forget.
            for name in schema.CLASSES:
                self._predictions.remove(name, model_version)

    def refused(self, error: Exception) -> None:
        """Count one request for a prediction, or a row of one, that was not answered."""
        self.errors.labels(kind_of(error)).inc()

    def answered(self, path: str, method: str, status: int) -> None:
        """Count one answer; `path` is the route's template, never what was asked for."""
        key = (path, method, status)
        counter = self._of_endpoint.get(key)
        if counter is None:
            counter = self._of_endpoint[key] = self._requests.labels(path, method, str(status))
        counter.inc()

    def serve(self, model: ServedModel) -> None:
        """Show this model, and no other, as the one that answers."""
        of = model.registered
        trained_at = datetime.fromisoformat(model.card["trained_at"]).timestamp()
        labels = (of.name, of.version, of.run_id, of.data_source, model.bundle.scorer.runtime)
        if not self._several:
            self._model.clear()
        elif self._shown is not None:
            self._model.labels(*self._shown).set(0)
        self._model.labels(*labels).set(1)
        self._shown = labels
        self._loaded.set(time())
        self._trained.set(trained_at)
        self.predictions(of.version)

    def show_log(self, log: Any) -> None:
        """Take over the figures of the prediction log."""
        self._pending.set(log.pending)
        self._spooled.set(log.spooled_bytes)
        for name, counter in (("written", self._written), ("lost", self._lost)):
            total = getattr(log, name)
            counter.inc(total - self._told[name])
            self._told[name] = total

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        if not self._several:
            return generate_latest(self.registry)
        added_up = CollectorRegistry()
        multiprocess.MultiProcessCollector(added_up)  # type: ignore[no-untyped-call]
        return generate_latest(added_up)
