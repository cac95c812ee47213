"""The part of *Data and model quality* about models: their figures, and how they turned out."""

from grafana_foundation_sdk.models import units

from grafana.source.panels import About, Panel, Query, lines, ranking, rows
from readmission.domain import schema

OUTCOMES = "readmission_live_outcomes"
SOON = "<30"
NO_MODEL = "No model yet"
NO_OUTCOME = "No prediction whose outcome is known yet"


def figures() -> list[Panel]:
    """Return the panels about the figures of models, by the reader's choice."""
    of = '{metric="$metric", rows="$rows"}'
    return [
        ranking(
            About(
                "By version, on the test part",
                "The chosen figure of every challenger, on the test part of its day. Figures of "
                "different days are of different rows.",
                empty=NO_MODEL,
                width=8,
            ),
            Query(
                f"sort_desc(max by (model_version) (readmission_model_metric{of}))",
                "version {{model_version}}",
            ),
        ),
        lines(
            About(
                "By family, on the validation part",
                "The chosen figure of the three candidates of the newest batch, over time.",
                empty=NO_MODEL,
                width=8,
            ),
            Query(f"max by (family) (readmission_candidate_metric{of})", "{{family}}"),
        ),
        lines(
            About(
                "Decisions",
                "Challengers promoted and refused, and versions rolled back, since the beginning.",
                empty=NO_MODEL,
                width=8,
            ),
            Query("max by (verdict) (readmission_promotions_total)", "{{verdict}}"),
        ),
    ]


def subgroups() -> list[Panel]:
    """Return the panels about groups of patients, for the model promoted last."""
    return [
        _by_group(
            "auroc_under_30",
            "AUROC of <30 by group",
            "How well the model promoted last ranks the patients of each group by their risk of "
            "coming back within 30 days; 0.5 is chance. Test part.",
        ),
        _by_group(
            "recall_top_20",
            "Caught among the 20 % at highest risk",
            "Share of each group's <30 patients among the 20 % of all patients at highest risk. "
            "A group far below the others is followed up less than it needs.",
            units.PercentUnit,
        ),
        _by_group(
            "calibration_gap_under_30",
            "Risk overstated",
            "Mean predicted risk of <30 less the share that came back, by group; below 0 the "
            "model understates the risk of the group.",
            units.PercentUnit,
            minimum=-0.05,
        ),
        _by_group(
            "rows",
            "Patients of the groups",
            "Test encounters of each group; the figures of a small group are uncertain, and "
            "those of the smallest are left out.",
        ),
    ]


def _by_group(
    metric: str, title: str, meaning: str, unit: str = units.Short, minimum: float = 0
) -> Panel:
    of_group = f'max by (attribute, group) (readmission_subgroup_metric{{metric="{metric}"}})'
    about = About(title, meaning, unit, "No group is large enough yet", width=6)
    query = Query(f"sort_desc({of_group})", "{{attribute}} {{group}}")
    return ranking(about, query, minimum=minimum)


def outcomes() -> list[Panel]:
    """Return the panels about predictions whose outcome is known."""
    total = f"(sum by (model_version) ({OUTCOMES}) > 0)"
    hits = " or ".join(
        f'{OUTCOMES}{{predicted_class="{name}", readmitted="{name}"}}' for name in schema.CLASSES
    )
    returned = f'sum by (model_version) ({OUTCOMES}{{readmitted="{SOON}"}})'
    called = f'sum by (model_version) ({OUTCOMES}{{predicted_class="{SOON}"}})'
    caught = f'sum by (model_version) ({OUTCOMES}{{predicted_class="{SOON}", readmitted="{SOON}"}})'
    return [
        lines(
            About(
                "Accuracy",
                "Share of predictions of the last 30 days that came true, among those whose "
                "outcome the model had not seen.",
                units.PercentUnit,
                NO_OUTCOME,
                width=8,
            ),
            Query(f"sum by (model_version) ({hits}) / {total}", "version {{model_version}}"),
            maximum=1,
        ),
        lines(
            About(
                "Recall of <30",
                "Of the patients who came back within 30 days, the share that was predicted to.",
                units.PercentUnit,
                NO_OUTCOME,
                width=8,
            ),
            Query(f"{caught} / ({returned} > 0)", "version {{model_version}}"),
            maximum=1,
        ),
        lines(
            About(
                "Precision of <30",
                "Of the patients predicted to come back within 30 days, the share that did.",
                units.PercentUnit,
                NO_OUTCOME,
                width=8,
            ),
            Query(f"{caught} / ({called} > 0)", "version {{model_version}}"),
            maximum=1,
        ),
        rows(
            About(
                "Confusion counts of the model in use",
                "Its predictions of the last 30 days by what was predicted and what happened.",
                empty=NO_OUTCOME,
            ),
            Query(
                f"sum by (model_version, predicted_class, readmitted) ({OUTCOMES})"
                " and on (model_version) (model_info == 1)"
            ),
            ("model_version", "predicted_class", "readmitted"),
            value="predictions",
        ),
        lines(
            About(
                "Known outcomes",
                "Predictions of the last 30 days that the figures above rest on.",
                empty=NO_OUTCOME,
            ),
            Query(f"sum by (model_version) ({OUTCOMES})", "version {{model_version}}"),
        ),
    ]
