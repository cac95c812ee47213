"""Dashboard *Pipeline*: from a batch's arrival to the model in production, and what it runs on."""

from grafana_foundation_sdk.models import units

from grafana.source.board import Board, Row
from grafana.source.dashboards import infrastructure
from grafana.source.panels import (
    NO_EXPORTER,
    NONE_IS_GOOD,
    About,
    Panel,
    Query,
    lines,
    number,
    ranking,
)
from grafana.source.promql import age, events, mean, or_zero

HOUR = 3_600


def board() -> Board:
    """Return the dashboard."""
    return Board(
        name="pipeline",
        title="Pipeline",
        description="From a batch's arrival to the model in production, and what it runs on.",
        rows=(
            Row("From event to production", _journey()),
            Row("Rows", _rows()),
            Row("Runs", _runs()),
            Row("Airflow", infrastructure.airflow()),
            Row("Databases", infrastructure.databases()),
            Row("MLflow, object store and monitoring", infrastructure.stores()),
        ),
        since="now-6h",
    )


def _journey() -> list[Panel]:
    return [
        number(
            About(
                "From RAW to verdict",
                "Time from the loading of the newest batch that got a verdict to the decision "
                "on its model.",
                units.Seconds,
                "No verdict yet",
                width=4,
            ),
            Query("max(readmission_batch_to_production_seconds)"),
            thresholds=((None, "green"), (HOUR, "orange"), (6 * HOUR, "red")),
        ),
        number(
            About(
                "Version in production",
                "Version of the model behind the alias production.",
                units.String,
                "Nothing in production",
                width=4,
            ),
            Query("max(readmission_production_version)"),
        ),
        number(
            About(
                "Rows unaccounted for",
                "RAW rows that are neither in CLEAN nor in quarantine, over all decided batches; "
                "anything but 0 is a defect.",
                empty=NO_EXPORTER,
                width=4,
            ),
            Query("sum(readmission_unaccounted_rows)"),
            thresholds=((None, "red"), (0, "green"), (1, "red")),
        ),
        number(
            About(
                "Waiting batches",
                "Accepted by the stage before and not yet seen by this one.",
                empty=NO_EXPORTER,
            ),
            Query("sum by (stage) (readmission_waiting_batches)", "{{stage}}"),
            thresholds=((None, "green"), (2, "orange"), (5, "red")),
        ),
        lines(
            About(
                "Time since the last event",
                "How long ago each stage last told the next that something is new; absent until "
                "the first event.",
                units.Seconds,
                "No event yet",
                width=8,
            ),
            Query(
                age("max by (stage) (readmission_last_event_timestamp_seconds)"),
                "{{stage}}",
            ),
        ),
        lines(
            About(
                "Queue",
                "Waiting batches by stage: a line that stays above 0 is a stage that stands still.",
                empty=NO_EXPORTER,
                width=8,
            ),
            Query("sum by (stage) (readmission_waiting_batches)", "{{stage}}"),
        ),
        lines(
            About(
                "From RAW to verdict over time",
                "The same for every batch that got a verdict, one step each.",
                units.Seconds,
                "No verdict yet",
                width=8,
            ),
            Query("max(readmission_batch_to_production_seconds)", "RAW to verdict"),
        ),
    ]


def _rows() -> list[Panel]:
    return [
        lines(
            About("Rows by stage", "Rows in RAW and in CLEAN.", empty=NO_EXPORTER, width=6),
            Query("sum by (stage) (readmission_rows)", "{{stage}}"),
        ),
        lines(
            About(
                "Batches by state",
                "Loaded waits for its gate, accepted passed it, rejected was stopped by it.",
                empty=NO_EXPORTER,
                width=6,
            ),
            Query("sum by (stage, state) (readmission_batches)", "{{stage}} {{state}}"),
        ),
        lines(
            About(
                "Parts",
                "CLEAN rows for training, validation and test; a patient is in one part for ever.",
                empty=NO_EXPORTER,
                width=6,
            ),
            Query("sum by (part) (readmission_part_rows)", "{{part}}"),
            stacked=True,
        ),
        lines(
            About(
                "Where RAW rows went",
                "CLEAN rows and quarantined rows that are still out; together they are RAW.",
                empty=NO_EXPORTER,
                width=6,
            ),
            Query('sum(readmission_rows{stage="clean"})', "clean"),
            Query('sum(readmission_quarantine_rows{state!="replayed"})', "quarantine"),
            Query("sum(readmission_unaccounted_rows)", "unaccounted"),
            stacked=True,
        ),
    ]


def _runs() -> list[Panel]:
    return [
        lines(
            About(
                "Runs that succeeded",
                "Runs of each DAG that ended well in the hour before.",
                empty="No run yet",
                width=8,
            ),
            Query(events("airflow_dagrun_duration_success_count", "1h", "dag_id"), "{{dag_id}}"),
        ),
        number(
            About(
                "Failed runs in 24 h",
                "Runs of any DAG that failed; a gate that stops a batch fails its run.",
                width=4,
                tall=True,
            ),
            Query(or_zero(events("airflow_dagrun_duration_failed_count", "1d"))),
            thresholds=NONE_IS_GOOD,
            decimals=0,
        ),
        number(
            About(
                "Failed tasks in 24 h",
                "Tries of tasks that ended as failed, whether or not another try followed.",
                width=4,
                tall=True,
            ),
            Query(or_zero(events('airflow_ti_finish{state="failed"}', "1d"))),
            thresholds=NONE_IS_GOOD,
            decimals=0,
        ),
        lines(
            About(
                "Duration of runs",
                "Mean duration of the runs that ended well in the hour before.",
                units.Seconds,
                "No run in the last hour",
                width=8,
            ),
            Query(mean("airflow_dagrun_duration_success", "1h", "dag_id"), "{{dag_id}}"),
        ),
        ranking(
            About(
                "Slowest tasks",
                "Mean duration of each task in the last day.",
                units.Seconds,
                "No task in the last day",
            ),
            Query(
                f"sort_desc(topk(10, {mean('airflow_task_duration', '1d', 'dag_id, task_id')}))",
                "{{task_id}} ({{dag_id}})",
            ),
        ),
        lines(
            About(
                "Tasks by end state",
                "Tasks that ended in the hour before, by state.",
                empty="No task yet",
            ),
            Query(events("airflow_ti_finish", "1h", "state"), "{{state}}"),
            stacked=True,
        ),
    ]
