"""Dashboard *Pipeline*: batches on their way to a promoted model, and the infrastructure."""

from grafana_foundation_sdk.models import units

from grafana.source.board import Board, Row
from grafana.source.dashboards import infrastructure
from grafana.source.panels import (
    NO_EXPORTER,
    ZERO_IS_GOOD,
    Panel,
    PanelOptions,
    Query,
    bar_gauge,
    stat,
    time_series,
)
from grafana.source.promql import age, increase_from_zero, mean, or_zero
from readmission.warehouse.states import RowState

HOUR = 3_600
NO_DECISION = "No promotion decision yet"


def board() -> Board:
    """Return the dashboard."""
    return Board(
        name="pipeline",
        title="Pipeline",
        description="Batches on their way from RAW to a promoted model, and the infrastructure "
        "that the pipeline runs on.",
        rows=(
            Row("From RAW to production", _batches()),
            Row("Rows", _rows()),
            Row("DAG runs and tasks", _runs()),
            Row("Airflow", infrastructure.airflow()),
            Row("Databases", infrastructure.databases()),
            Row("MLflow, object store and monitoring", infrastructure.stores_and_monitoring()),
        ),
        since="now-6h",
    )


def _batches() -> list[Panel]:
    return [
        stat(
            PanelOptions(
                "From RAW to decision",
                "Time from loading a batch into RAW to the promotion decision on its model, for "
                "the newest batch that has a decision.",
                units.Seconds,
                NO_DECISION,
                width=4,
            ),
            Query("max(readmission_batch_to_production_seconds)"),
            thresholds=((None, "green"), (HOUR, "orange"), (6 * HOUR, "red")),
        ),
        stat(
            PanelOptions(
                "Version in production",
                "Version of the registered model with the alias `production`.",
                units.String,
                "No model in production",
                width=4,
            ),
            Query("max(readmission_production_version)"),
        ),
        stat(
            PanelOptions(
                "Rows unaccounted for",
                "Rows that are missing or counted twice, according to the ledgers. Anything but "
                "0 is a bug.",
                empty=NO_EXPORTER,
                width=4,
                runbook="RowsUnaccounted",
            ),
            Query("sum(readmission_unaccounted_rows)"),
            thresholds=((None, "red"), (0, "green"), (1, "red")),
        ),
        stat(
            PanelOptions(
                "Waiting batches",
                "Batches that have passed the previous stage and wait for this one.",
                empty=NO_EXPORTER,
                runbook="BatchesWaiting",
            ),
            Query("sum by (stage) (readmission_waiting_batches)", "{{stage}}"),
            thresholds=((None, "green"), (2, "orange"), (5, "red")),
        ),
        time_series(
            PanelOptions(
                "Time since last success",
                "Time since each stage last succeeded. A stage appears after its first success.",
                units.Seconds,
                "No stage has succeeded yet",
                width=8,
                runbook="NoNewBatch",
            ),
            Query(
                age("max by (stage) (readmission_last_event_timestamp_seconds)"),
                "{{stage}}",
            ),
        ),
        time_series(
            PanelOptions(
                "Waiting batches over time",
                "Waiting batches of each stage. A stage whose line stays above 0 is stuck. Later "
                "batches pass one that keeps failing; a closed one has failed for good.",
                empty=NO_EXPORTER,
                width=8,
            ),
            Query("sum by (stage) (readmission_waiting_batches)", "{{stage}}"),
            Query("sum by (stage) (readmission_failing_batches)", "{{stage}}, keeps failing"),
            Query("sum by (stage) (readmission_closed_batches)", "{{stage}}, closed"),
        ),
        time_series(
            PanelOptions(
                "From RAW to decision over time",
                "Time from loading a batch into RAW to the promotion decision on its model. The "
                "line moves with each decision.",
                units.Seconds,
                NO_DECISION,
                width=8,
            ),
            Query("max(readmission_batch_to_production_seconds)", "RAW to decision"),
        ),
    ]


def _rows() -> list[Panel]:
    not_replayed = f'readmission_quarantine_rows{{state!="{RowState.REPLAYED}"}}'
    return [
        time_series(
            PanelOptions("Rows by stage", "Rows in RAW and in CLEAN.", empty=NO_EXPORTER, width=6),
            Query("sum by (stage) (readmission_rows)", "{{stage}}"),
        ),
        time_series(
            PanelOptions(
                "Batches by state",
                "A loaded batch waits for its gate, an accepted batch passed it, a rejected batch "
                "failed it.",
                empty=NO_EXPORTER,
                width=6,
            ),
            Query("sum by (stage, state) (readmission_batches)", "{{stage}} {{state}}"),
        ),
        time_series(
            PanelOptions(
                "CLEAN rows by split",
                "Rows for training, validation and test. A patient always stays in the same split.",
                empty=NO_EXPORTER,
                width=6,
            ),
            Query("sum by (part) (readmission_part_rows)", "{{part}}"),
            stacked=True,
        ),
        time_series(
            PanelOptions(
                "Location of rows",
                "Rows in CLEAN, rows in quarantine, and rows unaccounted for. Excludes batches in "
                "progress and batches that the raw gate rejected.",
                empty=NO_EXPORTER,
                width=6,
            ),
            Query('sum(readmission_rows{stage="clean"})', "clean"),
            Query(f"sum({not_replayed})", "quarantine"),
            Query("sum(readmission_unaccounted_rows)", "unaccounted for"),
            stacked=True,
        ),
    ]


def _runs() -> list[Panel]:
    succeeded = increase_from_zero("airflow_dagrun_duration_success_count", "1h", "dag_id")
    return [
        time_series(
            PanelOptions(
                "Successful DAG runs",
                "Runs of each DAG that succeeded in the preceding hour.",
                empty="No runs yet",
                width=8,
            ),
            Query(succeeded, "{{dag_id}}"),
        ),
        stat(
            PanelOptions(
                "Failed runs in 24 h",
                "Failed runs of all DAGs. When a gate stops a batch, the run fails.",
                width=4,
                tall=True,
                runbook="MaintenanceFailed",
            ),
            Query(or_zero(increase_from_zero("airflow_dagrun_duration_failed_count", "1d"))),
            thresholds=ZERO_IS_GOOD,
            decimals=0,
        ),
        stat(
            PanelOptions(
                "Failed tasks in 24 h",
                "Failed task attempts, including those that Airflow retried.",
                width=4,
                tall=True,
            ),
            Query(or_zero(increase_from_zero('airflow_ti_finish{state="failed"}', "1d"))),
            thresholds=ZERO_IS_GOOD,
            decimals=0,
        ),
        time_series(
            PanelOptions(
                "DAG run duration",
                "Mean duration of the runs that succeeded in the preceding hour.",
                units.Seconds,
                "No runs in the last hour",
                width=8,
            ),
            Query(mean("airflow_dagrun_duration_success", "1h", "dag_id"), "{{dag_id}}"),
        ),
        bar_gauge(
            PanelOptions(
                "Slowest tasks",
                "The ten tasks with the longest mean duration over the last 24 hours.",
                units.Seconds,
                "No tasks in the last 24 hours",
            ),
            Query(
                f"sort_desc(topk(10, {mean('airflow_task_duration', '1d', 'dag_id, task_id')}))",
                "{{task_id}} ({{dag_id}})",
            ),
        ),
        time_series(
            PanelOptions(
                "Finished tasks by state",
                "Tasks that finished in the preceding hour, by final state.",
                empty="No tasks yet",
            ),
            Query(increase_from_zero("airflow_ti_finish", "1h", "state"), "{{state}}"),
            stacked=True,
        ),
    ]
