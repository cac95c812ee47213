"""What the service tells Prometheus, under names that dashboards may rely on."""

from collections.abc import Mapping
from functools import lru_cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from readmission import schema

LATENCY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds; from a compiled model on one row to a forest over a data frame."""

ERROR_KINDS = ("internal", "invalid", "malformed", "no_model", "not_json", "too_large")


class Metrics:
    """The service's metrics, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._predictions = Counter(
            "predictions",
            "Answers given, by predicted class and model version.",
            ("predicted_class", "model_version"),
            registry=self.registry,
        )
        self.latency = Histogram(
            "prediction_latency_seconds",
            "From the whole body received to the answer, for requests that were answered.",
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.errors = Counter(
            "prediction_errors",
            "Requests for a prediction that were refused, by kind.",
            ("kind",),
            registry=self.registry,
        )
        self.reloads = Counter(
            "model_reloads",
            "Attempts to load the model, by result.",
            ("result",),
            registry=self.registry,
        )
        self._model = Gauge(
            "model_info",
            "1 for the model that answers.",
            ("model_name", "model_version", "run_id", "data_source"),
            registry=self.registry,
        )
        # A counter that does not exist before its first error cannot raise an alert on it.
        for kind in ERROR_KINDS:
            self.errors.labels(kind)
        for result in ("success", "failure"):
            self.reloads.labels(result)

    @lru_cache(maxsize=8)  # noqa: B019 - one Metrics lives as long as its process
    def predictions(self, model_version: str) -> Mapping[str, Counter]:
        """Return the counter of each class, looked up once per version."""
        return {
            name: self._predictions.labels(predicted_class=name, model_version=model_version)
            for name in schema.CLASSES
        }

    def serve(self, model_name: str, model_version: str, run_id: str, data_source: str) -> None:
        """Show this model, and no other, as the one that answers."""
        self._model.clear()
        self._model.labels(model_name, model_version, run_id, data_source).set(1)
        self.predictions(model_version)

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
