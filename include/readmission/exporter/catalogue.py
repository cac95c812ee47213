"""Every metric of the exporter: its name, what it means and its labels."""

from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

Sample = tuple["Figure", tuple[str, ...], float]
"""A figure, the values of its labels, and its value."""


@dataclass(frozen=True)
class Figure:
    """One metric; called with a value and labels, it returns a sample.

    Parameters
    ----------
    name : str
        A counter ends in ``_total``; everything else is a gauge.
    meaning : str
        One sentence for people.
    labels : tuple of str
        Names; the values of each come from a small set.
    """

    name: str
    meaning: str
    labels: tuple[str, ...] = ()

    def __call__(self, value: float, *labels: str) -> Sample:
        """Return a sample, its labels in the order of their names."""
        return self, labels, float(value)

    def family(self) -> Metric:
        """Return what Prometheus' client writes the samples with."""
        kind = CounterMetricFamily if self.name.endswith("_total") else GaugeMetricFamily
        return kind(self.name, self.meaning, labels=self.labels)


ROWS = Figure("readmission_rows", "Encounters there are, by stage.", ("stage",))
QUARANTINE = Figure(
    "readmission_quarantine_rows", "Rows a gate set aside, by what was decided.", ("state",)
)
UNACCOUNTED = Figure(
    "readmission_unaccounted_rows", "Rows that are neither in CLEAN nor anywhere else; 0 is right."
)
PARTS = Figure("readmission_part_rows", "Encounters in CLEAN, by part.", ("part",))
BATCHES = Figure("readmission_batches", "Batches, by stage and state.", ("stage", "state"))
WAITING = Figure(
    "readmission_waiting_batches", "Batches the stage before accepted, not seen yet.", ("stage",)
)
LAST_EVENT = Figure(
    "readmission_last_event_timestamp_seconds", "When a stage last finished well.", ("stage",)
)
TO_PRODUCTION = Figure(
    "readmission_batch_to_production_seconds",
    "From RAW loaded to promotion decided, newest batch with a verdict.",
)
GATE_VERDICTS = Figure(
    "readmission_gate_verdicts", "Batches, by the last verdict of a gate.", ("gate", "verdict")
)
GATE_PASSED = Figure(
    "readmission_gate_passed", "1 if the newest batch went through, else 0.", ("gate",)
)
GATE_SECONDS = Figure(
    "readmission_gate_duration_seconds",
    "How long the gate took for it, report included.",
    ("gate",),
)
GATE_FAILED = Figure(
    "readmission_gate_failed_expectations", "What it did not meet, warnings included.", ("gate",)
)
DRIFT = Figure(
    "readmission_drift_psi", "Population stability index, newest measured batch.", ("feature",)
)
DRIFT_ALARM = Figure(
    "readmission_drift_alarm", "1 if that drift was strong and news, else 0.", ("feature",)
)
CANDIDATE = Figure(
    "readmission_candidate_metric",
    "Validation figures of each family, newest trained batch.",
    ("family", "metric", "rows"),
)
MODEL = Figure(
    "readmission_model_metric",
    "Test figures of the newest challengers.",
    ("model_version", "metric", "rows"),
)
SUBGROUP = Figure(
    "readmission_subgroup_metric",
    "Test figures of the model promoted last, by group of patients.",
    ("model_version", "attribute", "group", "metric"),
)
PROMOTIONS = Figure(
    "readmission_promotions_total", "Verdicts on challengers, and rollbacks.", ("verdict",)
)
PRODUCTION = Figure("readmission_production_version", "Version behind the alias production.")
LIVE_OUTCOMES = Figure(
    "readmission_live_outcomes",
    "Predictions of the last 30 days whose outcome the model had not seen, by that outcome.",
    ("model_version", "predicted_class", "readmitted"),
)
DATABASE_UP = Figure("readmission_database_up", "1 if it answers, else 0.", ("database",))
DATABASE_BYTES = Figure("readmission_database_size_bytes", "Disk it fills.", ("database",))
DATABASE_CONNECTIONS = Figure(
    "readmission_database_connections", "Connections to it.", ("database",)
)
DATABASE_LIMIT = Figure(
    "readmission_database_connections_limit", "Connections it can have.", ("database",)
)
DATABASE_CAPACITY = Figure(
    "readmission_database_capacity_bytes", "Disk it may fill.", ("database",)
)
MLFLOW_UP = Figure("readmission_mlflow_up", "1 if the registry answers, else 0.")
MLFLOW_SECONDS = Figure(
    "readmission_mlflow_response_seconds", "How long the registry took to name a version."
)
STORE_UP = Figure("readmission_object_store_up", "1 if it answers, else 0.")
BUCKET_BYTES = Figure("readmission_bucket_size_bytes", "Bytes in a bucket.", ("bucket",))
BUCKET_OBJECTS = Figure("readmission_bucket_objects", "Objects in a bucket.", ("bucket",))
SUCCESS = Figure(
    "readmission_collect_success", "1 if the figures of a source are there, else 0.", ("source",)
)
DURATION = Figure(
    "readmission_collect_duration_seconds", "How long the last look at a source took.", ("source",)
)
BUILD = Figure("readmission_build_info", "1; which build this is.", ("version", "python"))
