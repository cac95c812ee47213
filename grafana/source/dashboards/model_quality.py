"""Rows of the dashboard *Data and model quality* about models: metrics, groups, live outcomes."""

from grafana_foundation_sdk.models import units

from grafana.source.panels import Panel, PanelOptions, Query, bar_gauge, table, time_series
from readmission.domain import schema

OUTCOMES = "readmission_live_outcomes"
UNDER_30 = schema.CLASSES[-1]
"""The class of patients who are readmitted within 30 days."""
NO_MODEL = "No model yet"
NO_OUTCOME = "No prediction has a known outcome yet"


def metrics() -> list[Panel]:
    """Return the panels about the metric that the reader selects."""
    selected = '{metric="$metric", rows="$rows"}'
    return [
        bar_gauge(
            PanelOptions(
                "By version, on the test split",
                "The selected metric of each challenger. Each one was evaluated on the test rows "
                "available at the time, so versions are only roughly comparable.",
                empty=NO_MODEL,
                width=8,
            ),
            Query(
                f"sort_desc(max by (model_version) (readmission_model_metric{selected}))",
                "version {{model_version}}",
            ),
        ),
        time_series(
            PanelOptions(
                "By family, on the validation split",
                "The selected metric of each candidate of the newest batch, over time.",
                empty=NO_MODEL,
                width=8,
            ),
            Query(f"max by (family) (readmission_candidate_metric{selected})", "{{family}}"),
        ),
        time_series(
            PanelOptions(
                "Promotions and rollbacks",
                "Total number of challengers promoted, challengers refused, rollbacks, and moves "
                "of the alias by hand.",
                empty=NO_MODEL,
                width=8,
            ),
            Query("max by (verdict) (readmission_promotions_total)", "{{verdict}}"),
        ),
    ]


def subgroups() -> list[Panel]:
    """Return the panels about groups of patients, for the newest promoted model."""
    return [
        _by_group(
            "auroc_under_30",
            f"AUROC of {UNDER_30} by group",
            "How well the newest promoted model ranks the patients of each group by their risk "
            "of readmission within 30 days, on the test split. 0.5 is chance.",
        ),
        _by_group(
            "recall_top_20",
            "Recall in the 20 % at highest risk",
            f"Share of each group's {UNDER_30} patients who are among the 20 % of all patients "
            "with the highest predicted risk. A group far below the others gets too little "
            "follow-up.",
            units.PercentUnit,
        ),
        _by_group(
            "calibration_gap_under_30",
            "Calibration gap by group",
            f"Mean predicted risk of {UNDER_30} minus the observed share, for each group. Below "
            "0, the model underestimates the risk of the group.",
            units.PercentUnit,
            minimum=-0.05,
        ),
        _by_group(
            "rows",
            "Group size",
            "Test encounters in each group. The metrics of a small group are uncertain; very "
            "small groups are left out.",
        ),
    ]


def _by_group(
    metric: str, title: str, description: str, unit: str = units.Short, minimum: float = 0
) -> Panel:
    by_group = f'max by (attribute, group) (readmission_subgroup_metric{{metric="{metric}"}})'
    options = PanelOptions(title, description, unit, "No group is large enough yet", width=6)
    query = Query(f"sort_desc({by_group})", "{{attribute}} {{group}}")
    return bar_gauge(options, query, minimum=minimum)


def outcomes() -> list[Panel]:
    """Return the panels about predictions with a known outcome."""
    total = f"(sum by (model_version) ({OUTCOMES}) > 0)"
    correct = " or ".join(
        f'{OUTCOMES}{{predicted_class="{name}", readmitted="{name}"}}' for name in schema.CLASSES
    )
    predicted = f'predicted_class="{UNDER_30}"'
    readmitted = f'readmitted="{UNDER_30}"'
    all_predicted = f"sum by (model_version) ({OUTCOMES}{{{predicted}}})"
    all_readmitted = f"sum by (model_version) ({OUTCOMES}{{{readmitted}}})"
    true_positives = f"sum by (model_version) ({OUTCOMES}{{{predicted}, {readmitted}}})"
    return [
        time_series(
            PanelOptions(
                "Accuracy",
                "Share of correct predictions over the last 30 days. Encounters that the model "
                "may have been trained on are excluded.",
                units.PercentUnit,
                NO_OUTCOME,
                width=8,
            ),
            Query(f"sum by (model_version) ({correct}) / {total}", "version {{model_version}}"),
            maximum=1,
        ),
        time_series(
            PanelOptions(
                f"Recall of {UNDER_30}",
                "Of the patients who were readmitted within 30 days, the share for whom the model "
                "predicted it.",
                units.PercentUnit,
                NO_OUTCOME,
                width=8,
            ),
            Query(f"{true_positives} / ({all_readmitted} > 0)", "version {{model_version}}"),
            maximum=1,
        ),
        time_series(
            PanelOptions(
                f"Precision of {UNDER_30}",
                "Of the patients predicted to be readmitted within 30 days, the share who were.",
                units.PercentUnit,
                NO_OUTCOME,
                width=8,
            ),
            Query(f"{true_positives} / ({all_predicted} > 0)", "version {{model_version}}"),
            maximum=1,
        ),
        table(
            PanelOptions(
                "Confusion matrix of the loaded model",
                "Predictions of the last 30 days, by predicted class and observed outcome.",
                empty=NO_OUTCOME,
            ),
            Query(
                f"sum by (model_version, predicted_class, readmitted) ({OUTCOMES})"
                " and on (model_version) (model_info == 1)"
            ),
            ("model_version", "predicted_class", "readmitted"),
            value="predictions",
        ),
        time_series(
            PanelOptions(
                "Predictions with a known outcome",
                "Number of predictions from the last 30 days that the panels in this row use.",
                empty=NO_OUTCOME,
            ),
            Query(f"sum by (model_version) ({OUTCOMES})", "version {{model_version}}"),
        ),
    ]
