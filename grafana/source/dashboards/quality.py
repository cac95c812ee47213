"""Dashboard *Data and model quality*: gates, quarantine, drift, model metrics and live outcomes."""

from grafana_foundation_sdk.models import units

from grafana.source.board import Board, Row, Variable
from grafana.source.dashboards import live, model_quality
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
from grafana.source.promql import or_zero
from readmission.domain import schema
from readmission.domain.drift import CHANGED, MODERATE, STRONG
from readmission.settings import Settings
from readmission.warehouse.states import RowState

NO_GATE = "No gate has run yet"
NO_DRIFT = "Drift not measured yet"
DRIFT: Thresholds = ((None, "green"), (MODERATE, "orange"), (STRONG, "red"))
QUARANTINE_LIMIT: float = Settings.model_fields["quarantine_limit"].default


def board() -> Board:
    """Return the dashboard."""
    return Board(
        name="quality",
        title="Data and model quality",
        description="Gate results, quarantine, drift, metrics of every model, and how "
        "predictions compare with observed outcomes.",
        rows=(
            Row("Gates", _gates()),
            Row("Quarantine", _quarantine()),
            Row("Drift", _drift()),
            Row("Models: $metric, $rows rows", model_quality.metrics()),
            Row("Patient groups", model_quality.subgroups()),
            Row("Live outcomes", model_quality.outcomes()),
            Row("Requests", live.requests()),
            Row("Live outcomes with intervals", live.figures()),
            Row("Challenger in shadow", live.shadow()),
        ),
        variables=(
            Variable(
                "metric",
                "Metric",
                default="weighted_f1",
                query="label_values(readmission_model_metric, metric)",
            ),
            Variable("rows", "Rows", default="all", values=("all", "eligible")),
        ),
        since="now-24h",
    )


def _gates() -> list[Panel]:
    return [
        stat(
            PanelOptions(
                "Newest batch at each gate",
                "Whether the newest batch at each gate passed. A batch with warnings passes; a "
                "failed batch stops.",
                units.String,
                NO_GATE,
                runbook="GateFailed",
            ),
            Query("min by (gate) (readmission_gate_passed)", "{{gate}}"),
            thresholds=ONE_IS_GOOD,
            texts=(("1", "passed", "green"), ("0", "failed", "red")),
        ),
        stat(
            PanelOptions(
                "Failed expectations",
                "Expectations that the newest batch did not meet at each gate, including those "
                "that only warn.",
                empty=NO_GATE,
            ),
            Query("sum by (gate) (readmission_gate_failed_expectations)", "{{gate}}"),
            thresholds=((None, "green"), (1, "orange")),
        ),
        bar_gauge(
            PanelOptions(
                "Batches by gate status",
                "Number of batches by gate and status: passed, warned or failed. Only the latest "
                "check of a batch counts.",
                empty=NO_GATE,
            ),
            Query("sum by (gate, verdict) (readmission_gate_verdicts)", "{{gate}}: {{verdict}}"),
        ),
        time_series(
            PanelOptions(
                "Gate duration",
                "How long each gate took for its newest batch, including the report.",
                units.Seconds,
                NO_GATE,
            ),
            Query("max by (gate) (readmission_gate_duration_seconds)", "{{gate}}"),
        ),
    ]


def _quarantine() -> list[Panel]:
    is_open = f'readmission_quarantine_rows{{state="{RowState.OPEN}"}}'
    not_replayed = f'readmission_quarantine_rows{{state!="{RowState.REPLAYED}"}}'
    return [
        stat(
            PanelOptions(
                "Rows awaiting a decision",
                "Quarantined rows that nobody has fixed or waived yet.",
                empty=NO_EXPORTER,
                width=6,
                tall=True,
                runbook="QuarantineGrowing",
            ),
            Query(or_zero(f"sum({is_open})")),
            thresholds=((None, "green"), (1, "orange")),
        ),
        stat(
            PanelOptions(
                "Share of rows in quarantine",
                "Quarantined rows that have not been replayed, as a share of all RAW rows.",
                units.PercentUnit,
                "No rows yet",
                width=6,
                tall=True,
            ),
            Query(f'sum({not_replayed}) / (sum(readmission_rows{{stage="raw"}}) > 0)'),
            thresholds=((None, "green"), (0.01, "orange"), (QUARANTINE_LIMIT, "red")),
            decimals=3,
        ),
        time_series(
            PanelOptions(
                "Quarantined rows by state",
                "Open rows await a decision, fixed rows await their replay, waived rows are "
                "discarded, and replayed rows went back through the pipeline as a new batch.",
                empty=NO_EXPORTER,
            ),
            Query("sum by (state) (readmission_quarantine_rows)", "{{state}}"),
            stacked=True,
        ),
    ]


def _drift() -> list[Panel]:
    return [
        stat(
            PanelOptions(
                "Drift alarms",
                "Columns with new strong drift in the newest measured batch. A column whose drift "
                f"stays strong raises another alarm only if it grows by a factor of {CHANGED}.",
                empty=NO_DRIFT,
                width=4,
                tall=True,
                runbook="DriftStrong",
            ),
            Query("sum(readmission_drift_alarm)"),
            thresholds=ZERO_IS_GOOD,
        ),
        stat(
            PanelOptions(
                "Drifted columns",
                "Columns with a population stability index (PSI) of at least "
                f"{MODERATE} in the newest measured batch.",
                empty=NO_DRIFT,
                width=4,
                tall=True,
            ),
            Query(
                f"count(readmission_drift_psi >= {MODERATE}) or count(readmission_drift_psi) * 0"
            ),
            thresholds=((None, "green"), (1, "orange")),
        ),
        stat(
            PanelOptions(
                "Outcome drift",
                "PSI of the outcome: how far the shares of the three classes differ from those in "
                "the training data.",
                units.Short,
                NO_DRIFT,
                width=4,
                tall=True,
            ),
            Query(f'max(readmission_drift_psi{{feature="{schema.TARGET}"}})'),
            thresholds=DRIFT,
            decimals=3,
        ),
        time_series(
            PanelOptions(
                "Strongest drift over time",
                "The five columns with the highest PSI. Drift is moderate from "
                f"{MODERATE} and strong from {STRONG}.",
                empty=NO_DRIFT,
            ),
            Query("topk(5, max by (feature) (readmission_drift_psi))", "{{feature}}"),
            thresholds=DRIFT,
        ),
        bar_gauge(
            PanelOptions(
                "Drift by column",
                "The 15 columns with the highest PSI in the newest measured batch, compared with "
                "the training data of the model in production.",
                empty=NO_DRIFT,
                width=24,
            ),
            Query("sort_desc(topk(15, max by (feature) (readmission_drift_psi)))", "{{feature}}"),
            thresholds=DRIFT,
        ),
    ]
