"""Every metric of the exporter: its name, its help text and its labels."""

from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

Sample = tuple["MetricFamily", tuple[str, ...], float]
"""A metric family, the values of its labels, and the sample's value."""


@dataclass(frozen=True)
class MetricFamily:
    """One metric; calling it with a value and label values returns a sample.

    Parameters
    ----------
    name : str
        Ends in ``_total`` for a counter; every other metric is a gauge.
    meaning : str
        Help text, one sentence.
    labels : tuple of str
        Names of the labels; each has few possible values.
    """

    name: str
    meaning: str
    labels: tuple[str, ...] = ()

    def __call__(self, value: float, *labels: str) -> Sample:
        """Return a sample; label values come in the order of the label names."""
        return self, labels, float(value)

    def empty(self) -> Metric:
        """Return the Prometheus client's object for this metric, without samples."""
        kind = CounterMetricFamily if self.name.endswith("_total") else GaugeMetricFamily
        return kind(self.name, self.meaning, labels=self.labels)


ROWS = MetricFamily("readmission_rows", "Encounters in RAW and CLEAN.", ("stage",))
QUARANTINE = MetricFamily(
    "readmission_quarantine_rows", "Quarantined rows, by the decision about them.", ("state",)
)
REPEATED = MetricFamily(
    "readmission_repeated_rows",
    "Rows that had already arrived in an earlier delivery, word for word.",
)
SUPERSEDED = MetricFamily(
    "readmission_superseded_rows", "Rows in CLEAN that a corrected row has replaced."
)
UNACCOUNTED = MetricFamily(
    "readmission_unaccounted_rows", "Rows that are missing or counted twice; must be 0."
)
SPLITS = MetricFamily("readmission_part_rows", "Encounters in CLEAN, by split.", ("part",))
BATCHES = MetricFamily("readmission_batches", "Batches, by stage and state.", ("stage", "state"))
WAITING = MetricFamily(
    "readmission_waiting_batches",
    "Batches that the previous stage has finished and this one has not, without closed ones.",
    ("stage",),
)
CLOSED = MetricFamily(
    "readmission_closed_batches",
    "Batches that failed at this stage for good, so that only a person can start them again.",
    ("stage",),
)
FAILING = MetricFamily(
    "readmission_failing_batches",
    "Batches whose restarts at this stage end in the same error, so that no other waits for them.",
    ("stage",),
)
LAST_EVENT = MetricFamily(
    "readmission_last_event_timestamp_seconds",
    "When a stage last finished successfully.",
    ("stage",),
)
TO_PRODUCTION = MetricFamily(
    "readmission_batch_to_production_seconds",
    "Time from RAW to the promotion verdict, for the newest batch that has one.",
)
GATE_VERDICTS = MetricFamily(
    "readmission_gate_verdicts",
    "Batches, by their latest verdict at each gate.",
    ("gate", "verdict"),
)
GATE_PASSED = MetricFamily(
    "readmission_gate_passed", "1 if the gate let the newest batch through, else 0.", ("gate",)
)
GATE_SECONDS = MetricFamily(
    "readmission_gate_duration_seconds",
    "How long the gate took for the newest batch, including its report.",
    ("gate",),
)
GATE_FAILED = MetricFamily(
    "readmission_gate_failed_expectations",
    "Expectations that the newest batch did not meet, warnings included.",
    ("gate",),
)
GATE_ACKNOWLEDGED = MetricFamily(
    "readmission_gate_acknowledged_warnings",
    "Expectations that the newest batch did not meet, and that somebody acknowledged.",
    ("gate",),
)
DRIFT = MetricFamily(
    "readmission_drift_psi",
    "Population stability index of the newest measured batch.",
    ("feature",),
)
DRIFT_ALARM = MetricFamily(
    "readmission_drift_alarm",
    "1 if the column raised a drift alarm in the newest measured batch, else 0.",
    ("feature",),
)
DRIFT_ACKNOWLEDGED = MetricFamily(
    "readmission_drift_acknowledged",
    "1 if somebody acknowledged the column's drift alarm in the newest measured batch, else 0.",
    ("feature",),
)
CANDIDATE = MetricFamily(
    "readmission_candidate_metric",
    "Validation metrics of each family, for the newest trained batch.",
    ("family", "metric", "rows"),
)
MODEL = MetricFamily(
    "readmission_model_metric",
    "Test metrics of the newest challengers.",
    ("model_version", "metric", "rows"),
)
NEWEST_BATCH = MetricFamily(
    "readmission_newest_batch_metric",
    "Test metrics of the newest challenger on the newest batch alone.",
    ("model_version", "metric"),
)
NEWEST_BATCH_ALARM = MetricFamily(
    "readmission_newest_batch_alarm",
    "1 if the newest challenger is calibrated worse on the newest batch than on earlier ones.",
    ("model_version",),
)
SUBGROUP = MetricFamily(
    "readmission_subgroup_metric",
    "Test metrics of the most recently promoted model, by patient group.",
    ("model_version", "attribute", "group", "metric"),
)
PROMOTIONS = MetricFamily(
    "readmission_promotions_total",
    "Promotion verdicts, rollbacks, and moves by hand.",
    ("verdict",),
)
PRODUCTION = MetricFamily(
    "readmission_production_version", "Model version behind the alias production."
)
PRODUCTION_MANUAL = MetricFamily(
    "readmission_production_manual",
    "1 if somebody moved or deleted the alias production by hand, else 0.",
)
PRODUCTION_PINNED = MetricFamily(
    "readmission_production_pinned",
    "1 if a rollback has pinned the version in production, else 0.",
)
LIVE_OUTCOMES = MetricFamily(
    "readmission_live_outcomes",
    "Predictions of the last 30 days with an outcome that the model was not trained on.",
    ("model_version", "predicted_class", "readmitted"),
)
REQUEST_DRIFT = MetricFamily(
    "readmission_request_drift_psi",
    "Population stability index of recent requests, against the training rows of the champion.",
    ("feature",),
)
LIVE_METRIC = MetricFamily(
    "readmission_live_metric",
    "Figures on the live outcomes of the last 30 days, by group; `against` names the champion from"
    " which they are differences.",
    ("model_version", "against", "attribute", "group", "metric", "bound"),
)
DATABASE_UP = MetricFamily(
    "readmission_database_up", "1 if the database responds, else 0.", ("database",)
)
DATABASE_BYTES = MetricFamily(
    "readmission_database_size_bytes", "Size of the database on disk.", ("database",)
)
DATABASE_CONNECTIONS = MetricFamily(
    "readmission_database_connections", "Open connections.", ("database",)
)
DATABASE_LIMIT = MetricFamily(
    "readmission_database_connections_limit", "Most connections allowed.", ("database",)
)
DATABASE_CERTIFICATE = MetricFamily(
    "readmission_database_certificate_expiry_timestamp_seconds",
    "When the TLS certificate of the database's server expires.",
    ("database",),
)
WAL_ARCHIVED = MetricFamily(
    "readmission_wal_archived_timestamp_seconds",
    "When the database's server last archived its changes; 0 if never.",
    ("database",),
)
WAL_FAILED = MetricFamily(
    "readmission_wal_archive_failed_timestamp_seconds",
    "When the database's server last failed to archive its changes; 0 if never.",
    ("database",),
)
DATABASE_CAPACITY = MetricFamily(
    "readmission_database_capacity_bytes", "Disk space that the database may use.", ("database",)
)
MLFLOW_UP = MetricFamily("readmission_mlflow_up", "1 if MLflow responds, else 0.")
MLFLOW_SECONDS = MetricFamily(
    "readmission_mlflow_response_seconds", "How long MLflow took to look up the alias production."
)
STORE_UP = MetricFamily("readmission_object_store_up", "1 if the object store responds, else 0.")
BUCKET_BYTES = MetricFamily("readmission_bucket_size_bytes", "Bytes in a bucket.", ("bucket",))
BUCKET_OBJECTS = MetricFamily("readmission_bucket_objects", "Objects in a bucket.", ("bucket",))
SUCCESS = MetricFamily(
    "readmission_collect_success", "1 if the source could be read, else 0.", ("source",)
)
DURATION = MetricFamily(
    "readmission_collect_duration_seconds", "How long the last read of a source took.", ("source",)
)
SKIPPED = MetricFamily(
    "readmission_skipped_rows",
    "Rows that the last read left out because they hold an impossible value; should be 0.",
    ("source", "table"),
)
PAGE = MetricFamily(
    "readmission_page_info",
    "Always 1; the labels are a page for people and its address.",
    ("page", "url"),
)
BUILD = MetricFamily(
    "readmission_build_info", "Always 1; the labels identify the build.", ("version", "python")
)
