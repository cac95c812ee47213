"""What the pipeline runs on: Airflow, the databases, MLflow, the object store, monitoring."""

from grafana_foundation_sdk.models import units

from grafana.source.panels import (
    NO_EXPORTER,
    NONE_IS_GOOD,
    ONE_IS_GOOD,
    About,
    Panel,
    Query,
    Steps,
    lines,
    number,
    ranking,
)
from grafana.source.promql import rate

UP_OR_DOWN = (("1", "up", "green"), ("0", "down", "red"))
NEAR_FULL: Steps = ((None, "green"), (0.8, "orange"), (0.9, "red"))
NO_AIRFLOW = "Airflow has reported nothing"


def airflow() -> list[Panel]:
    """Return the panels about Airflow itself."""
    return [
        number(
            About(
                "Scheduler heartbeat",
                "Heartbeats of the scheduler a minute; 0 and it schedules nothing.",
                "suffix: /min",
                NO_AIRFLOW,
                width=4,
                tall=True,
            ),
            Query(f"60 * {rate('airflow_scheduler_heartbeat')}"),
            thresholds=((None, "red"), (1, "green")),
            decimals=0,
        ),
        number(
            About(
                "DAG files that do not import",
                "Files in dags/ that the DAG processor could not read.",
                empty=NO_AIRFLOW,
                width=4,
                tall=True,
            ),
            Query("sum(airflow_dag_processing_import_errors)"),
            thresholds=NONE_IS_GOOD,
        ),
        lines(
            About(
                "Runs under way",
                "Runs that have begun and not ended, and tasks that wait for the executor.",
                empty=NO_AIRFLOW,
                width=8,
            ),
            Query("sum(airflow_scheduler_dagruns_running)", "runs"),
            Query("sum(airflow_executor_queued_tasks)", "tasks that wait"),
        ),
        lines(
            About(
                "Pools",
                "Tasks at work and tasks that wait for a slot, by pool.",
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
        number(
            About(
                "Databases that answer",
                "Whether each database answers.",
                units.String,
                NO_EXPORTER,
                tall=True,
            ),
            Query("min by (database) (readmission_database_up)", "{{database}}"),
            thresholds=ONE_IS_GOOD,
            words=UP_OR_DOWN,
        ),
        ranking(
            About(
                "Room used",
                "Size of each database against the room meant for it.",
                units.PercentUnit,
                NO_EXPORTER,
            ),
            Query(
                "max by (database) (readmission_database_size_bytes"
                " / readmission_database_capacity_bytes)",
                "{{database}}",
            ),
            thresholds=NEAR_FULL,
            maximum=1,
        ),
        lines(
            About("Size of databases", "Bytes on disk.", units.BytesIEC, NO_EXPORTER),
            Query("max by (database) (readmission_database_size_bytes)", "{{database}}"),
        ),
        lines(
            About(
                "Connections",
                "Open connections by database; the server's limit is drawn with them.",
                empty=NO_EXPORTER,
            ),
            Query("max by (database) (readmission_database_connections)", "{{database}}"),
            Query("max(readmission_database_connections_limit)", "limit"),
        ),
    ]


def stores() -> list[Panel]:
    """Return the panels about the other stores, and about what watches them."""
    return [
        number(
            About(
                "MLflow and object store",
                "Whether they answer.",
                units.String,
                NO_EXPORTER,
                width=6,
            ),
            Query("min(readmission_mlflow_up)", "MLflow"),
            Query("min(readmission_object_store_up)", "object store"),
            thresholds=ONE_IS_GOOD,
            words=UP_OR_DOWN,
        ),
        number(
            About(
                "Scraped services",
                "Share of each job's targets that Prometheus reaches.",
                units.PercentUnit,
                "Prometheus scrapes nothing",
                width=6,
            ),
            Query("avg by (job) (up)", "{{job}}"),
            thresholds=ONE_IS_GOOD,
        ),
        number(
            About(
                "Sources the exporter reads",
                "Whether the newest reading of each source went well.",
                units.String,
                NO_EXPORTER,
            ),
            Query("min by (source) (readmission_collect_success)", "{{source}}"),
            thresholds=ONE_IS_GOOD,
            words=(("1", "ok", "green"), ("0", "failing", "red")),
        ),
        lines(
            About(
                "MLflow: time to answer",
                "How long the tracking server took to answer the exporter.",
                units.Seconds,
                NO_EXPORTER,
                width=8,
            ),
            Query("max(readmission_mlflow_response_seconds)", "MLflow"),
        ),
        lines(
            About(
                "Size of buckets",
                "Bytes in each bucket of the object store.",
                units.BytesIEC,
                NO_EXPORTER,
                width=8,
            ),
            Query("max by (bucket) (readmission_bucket_size_bytes)", "{{bucket}}"),
        ),
        lines(
            About(
                "Objects in buckets",
                "Objects in each bucket of the object store.",
                empty=NO_EXPORTER,
                width=8,
            ),
            Query("max by (bucket) (readmission_bucket_objects)", "{{bucket}}"),
        ),
    ]
