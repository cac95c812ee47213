"""Dashboard *Data and model quality*: gates, quarantine, drift, figures of models, outcomes."""

from grafana_foundation_sdk.models import units

from grafana.source.board import Board, Choice, Row
from grafana.source.dashboards import model_quality
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
from grafana.source.promql import or_zero
from readmission.domain import schema
from readmission.domain.drift import MODERATE, STRONG

NO_GATE = "No gate has looked at a batch yet"
NO_DRIFT = "Not measured: nothing is in production to compare with"
DRIFT: Steps = ((None, "green"), (MODERATE, "orange"), (STRONG, "red"))


def board() -> Board:
    """Return the dashboard."""
    return Board(
        name="quality",
        title="Data and model quality",
        description="Gates, quarantine, drift, the figures of every model, and how predictions "
        "turned out.",
        rows=(
            Row("Gates", _gates()),
            Row("Quarantine", _quarantine()),
            Row("Drift", _drift()),
            Row("Models: $metric, $rows rows", model_quality.figures()),
            Row("Groups of patients", model_quality.subgroups()),
            Row("Live outcomes", model_quality.outcomes()),
        ),
        choices=(
            Choice(
                "metric",
                "Metric",
                default="weighted_f1",
                query="label_values(readmission_model_metric, metric)",
            ),
            Choice("rows", "Rows", default="all", values=("all", "eligible")),
        ),
        since="now-24h",
    )


def _gates() -> list[Panel]:
    return [
        number(
            About(
                "Newest batch at each gate",
                "Whether the newest batch a gate looked at passed it; a batch that is stopped "
                "goes no further.",
                units.String,
                NO_GATE,
            ),
            Query("min by (gate) (readmission_gate_passed)", "{{gate}}"),
            thresholds=ONE_IS_GOOD,
            words=(("1", "passed", "green"), ("0", "stopped", "red")),
        ),
        number(
            About(
                "Failed expectations",
                "Expectations the newest batch did not meet at each gate; those that only warn "
                "are among them.",
                empty=NO_GATE,
            ),
            Query("sum by (gate) (readmission_gate_failed_expectations)", "{{gate}}"),
            thresholds=((None, "green"), (1, "orange")),
        ),
        ranking(
            About(
                "Batches by verdict",
                "Batches by the last verdict of each gate; a warning lets a batch through.",
                empty=NO_GATE,
            ),
            Query("sum by (gate, verdict) (readmission_gate_verdicts)", "{{gate}}: {{verdict}}"),
        ),
        lines(
            About(
                "Duration of gates",
                "How long each gate took for its newest batch.",
                units.Seconds,
                NO_GATE,
            ),
            Query("max by (gate) (readmission_gate_duration_seconds)", "{{gate}}"),
        ),
    ]


def _quarantine() -> list[Panel]:
    out = 'readmission_quarantine_rows{state!="replayed"}'
    return [
        number(
            About(
                "Open in quarantine",
                "Rows that wait for somebody to fix or waive them.",
                empty=NO_EXPORTER,
                width=6,
                tall=True,
            ),
            Query(or_zero('sum(readmission_quarantine_rows{state="open"})')),
            thresholds=((None, "green"), (1, "orange")),
        ),
        number(
            About(
                "Share of rows out",
                "Quarantined rows that have not been replayed, of all RAW rows.",
                units.PercentUnit,
                "No row yet",
                width=6,
                tall=True,
            ),
            Query(f'sum({out}) / (sum(readmission_rows{{stage="raw"}}) > 0)'),
            thresholds=((None, "green"), (0.01, "orange"), (0.05, "red")),
            decimals=3,
        ),
        lines(
            About(
                "Quarantine by state",
                "Open waits, fixed and waived are decided, replayed is back in CLEAN.",
                empty=NO_EXPORTER,
            ),
            Query("sum by (state) (readmission_quarantine_rows)", "{{state}}"),
            stacked=True,
        ),
    ]


def _drift() -> list[Panel]:
    return [
        number(
            About(
                "Features that alarm",
                "Features whose drift in the newest measured batch is strong and new.",
                empty=NO_DRIFT,
                width=4,
                tall=True,
            ),
            Query("sum(readmission_drift_alarm)"),
            thresholds=NONE_IS_GOOD,
        ),
        number(
            About(
                "Moved features",
                f"Features with an index of at least {MODERATE} (moderate) in the newest "
                "measured batch.",
                empty=NO_DRIFT,
                width=4,
                tall=True,
            ),
            Query(
                f"count(readmission_drift_psi >= {MODERATE}) or count(readmission_drift_psi) * 0"
            ),
            thresholds=((None, "green"), (1, "orange")),
        ),
        number(
            About(
                "Drift of the outcome",
                "Index of readmission itself: how far the shares of the classes have moved.",
                units.Short,
                NO_DRIFT,
                width=4,
                tall=True,
            ),
            Query(f'max(readmission_drift_psi{{feature="{schema.TARGET}"}})'),
            thresholds=DRIFT,
            decimals=3,
        ),
        lines(
            About(
                "Features that have moved most",
                "Population stability index of the five strongest, batch after batch; "
                f"{MODERATE} is moderate, {STRONG} strong.",
                empty=NO_DRIFT,
            ),
            Query("topk(5, max by (feature) (readmission_drift_psi))", "{{feature}}"),
            thresholds=DRIFT,
        ),
        ranking(
            About(
                "Drift by feature",
                "Population stability index of the newest measured batch against the rows that "
                "the model in production was trained on.",
                empty=NO_DRIFT,
                width=24,
            ),
            Query("sort_desc(topk(15, max by (feature) (readmission_drift_psi)))", "{{feature}}"),
            thresholds=DRIFT,
        ),
    ]
