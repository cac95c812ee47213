"""Rows of the dashboard *Pipeline* about Airflow, databases, MLflow, object store, monitoring."""

from grafana_foundation_sdk.models import units

from grafana.source.panels import (
    NO_EXPORTER,
    ONE_IS_GOOD,
    ZERO_IS_GOOD,
    Panel,
    PanelOptions,
    Query,
    Thresholds,
    bar_gauge,
    stat,
    time_series,
)
from grafana.source.promql import rate

UP_OR_DOWN = (("1", "up", "green"), ("0", "down", "red"))
CAPACITY: Thresholds = ((None, "green"), (0.8, "orange"), (0.9, "red"))
NO_AIRFLOW = "No data from Airflow"


def airflow() -> list[Panel]:
    """Return the panels about Airflow itself."""
    return [
        stat(
            PanelOptions(
                "Scheduler heartbeat",
                "Heartbeats per minute. At 0 the scheduler is down and no task starts.",
                "suffix: /min",
                NO_AIRFLOW,
                width=4,
                tall=True,
                runbook="SchedulerHeartbeatMissing",
            ),
            Query(f"60 * {rate('airflow_scheduler_heartbeat')}"),
            thresholds=((None, "red"), (1, "green")),
            decimals=0,
        ),
        stat(
            PanelOptions(
                "DAG import errors",
                "Files in dags/ that the DAG processor could not import.",
                empty=NO_AIRFLOW,
                width=4,
                tall=True,
                runbook="DagImportErrors",
            ),
            Query("sum(airflow_dag_processing_import_errors)"),
            thresholds=ZERO_IS_GOOD,
        ),
        time_series(
            PanelOptions(
                "Running DAG runs and queued tasks",
                "DAG runs in progress, and tasks that wait for the executor.",
                empty=NO_AIRFLOW,
                width=8,
            ),
            Query("sum(airflow_scheduler_dagruns_running)", "running DAG runs"),
            Query("sum(airflow_executor_queued_tasks)", "queued tasks"),
        ),
        time_series(
            PanelOptions(
                "Pools",
                "Running and queued task slots in each pool.",
                empty=NO_AIRFLOW,
                width=8,
            ),
            Query("sum by (pool_name) (airflow_pool_running_slots)", "{{pool_name}} running"),
            Query("sum by (pool_name) (airflow_pool_queued_slots)", "{{pool_name}} queued"),
        ),
    ]


def databases() -> list[Panel]:
    """Return the panels about PostgreSQL."""
    return [
        stat(
            PanelOptions(
                "Database availability",
                "Whether the exporter can query each database.",
                units.String,
                NO_EXPORTER,
                tall=True,
                runbook="DatabaseDown",
            ),
            Query("min by (database) (readmission_database_up)", "{{database}}"),
            thresholds=ONE_IS_GOOD,
            texts=UP_OR_DOWN,
        ),
        bar_gauge(
            PanelOptions(
                "Used capacity",
                "Size of each database as a share of its configured capacity.",
                units.PercentUnit,
                NO_EXPORTER,
                runbook="DatabaseFilling",
            ),
            Query(
                "max by (database) (readmission_database_size_bytes"
                " / readmission_database_capacity_bytes)",
                "{{database}}",
            ),
            thresholds=CAPACITY,
            maximum=1,
        ),
        time_series(
            PanelOptions(
                "Database size", "Size of each database on disk.", units.BytesIEC, NO_EXPORTER
            ),
            Query("max by (database) (readmission_database_size_bytes)", "{{database}}"),
        ),
        time_series(
            PanelOptions(
                "Database connections",
                "Open connections to each database, and the largest connection limit.",
                empty=NO_EXPORTER,
                runbook="DatabaseConnectionsNearLimit",
            ),
            Query("max by (database) (readmission_database_connections)", "{{database}}"),
            Query("max(readmission_database_connections_limit)", "limit"),
        ),
    ]


def stores_and_monitoring() -> list[Panel]:
    """Return the panels about MLflow, the object store, the exporter and Prometheus."""
    return [
        stat(
            PanelOptions(
                "MLflow and object store",
                "Whether the exporter can query each of them.",
                units.String,
                NO_EXPORTER,
                width=6,
                runbook="MlflowDown",
            ),
            Query("min(readmission_mlflow_up)", "MLflow"),
            Query("min(readmission_object_store_up)", "object store"),
            thresholds=ONE_IS_GOOD,
            texts=UP_OR_DOWN,
        ),
        stat(
            PanelOptions(
                "Scrape targets up",
                "Share of the targets of each job that Prometheus can scrape.",
                units.PercentUnit,
                "No scrape targets",
                width=6,
                runbook="TargetDown",
            ),
            Query("avg by (job) (up)", "{{job}}"),
            thresholds=ONE_IS_GOOD,
        ),
        stat(
            PanelOptions(
                "Exporter sources",
                "Whether the exporter's latest read of each source succeeded.",
                units.String,
                NO_EXPORTER,
                runbook="ExporterSourceFailing",
            ),
            Query("min by (source) (readmission_collect_success)", "{{source}}"),
            thresholds=ONE_IS_GOOD,
            texts=(("1", "ok", "green"), ("0", "failing", "red")),
        ),
        time_series(
            PanelOptions(
                "MLflow response time",
                "How long MLflow took to respond to the exporter.",
                units.Seconds,
                NO_EXPORTER,
                width=8,
            ),
            Query("max(readmission_mlflow_response_seconds)", "MLflow"),
        ),
        time_series(
            PanelOptions(
                "Bucket size",
                "Bytes in each bucket of the object store.",
                units.BytesIEC,
                NO_EXPORTER,
                width=8,
            ),
            Query("max by (bucket) (readmission_bucket_size_bytes)", "{{bucket}}"),
        ),
        time_series(
            PanelOptions(
                "Objects per bucket",
                "Objects in each bucket of the object store.",
                empty=NO_EXPORTER,
                width=8,
            ),
            Query("max by (bucket) (readmission_bucket_objects)", "{{bucket}}"),
        ),
    ]
