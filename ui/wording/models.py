"""Models in plain words: their metrics, roles and verdicts."""

import pandas as pd

from ui.client import Json
from ui.language import N_, _, formats, sentences

METRICS = {
    "weighted_f1": N_("Weighted F1 (common outcomes count more)"),
    "macro_f1": N_("Macro F1 (all outcomes count the same)"),
    "auroc_under_30": N_("AUROC for readmission within 30 days"),
    "recall_top_20": N_("Readmissions caught in the riskiest 20 %"),
    "log_loss": N_("Log loss (lower is better)"),
}
"""Name of each metric that is shown, in this order."""

CRITERIA = {
    "passed": N_("Passed"),
    "failed": N_("Failed"),
    "reported": N_("Reported, does not decide"),
}
VERDICTS = {"promoted": N_("Promoted"), "refused": N_("Not promoted")}
NO_VERDICT = N_("Not judged yet")
AWAITS_APPROVAL = N_("awaits approval")
"""The verdict of a version that a person has to approve first."""
ROLES = {
    "production": N_("in production"),
    "previous": N_("previous"),
    "challenger": N_("challenger"),
}
"""What an alias in the registry means."""
MOVED_BY_HAND = N_("moved by hand")
MISSING = "–"


def metrics_table(metrics: dict[str, float]) -> pd.DataFrame:
    """Return the metrics of one model as a table of two columns."""
    return compare({_("Value"): metrics})


def compare(columns: dict[str, dict[str, float]]) -> pd.DataFrame:
    """Return the metrics of several models, one column each.

    Parameters
    ----------
    columns : dict
        Metrics by the heading of their column; names may start with ``val_``.
    """
    table = pd.DataFrame({_("Metric"): [_(name) for name in METRICS.values()]})
    for heading, metrics in columns.items():
        values = [metrics.get(name, metrics.get(f"val_{name}")) for name in METRICS]
        table[heading] = [
            MISSING if value is None else formats.number(value, 3) for value in values
        ]
    return table


def intervals_table(intervals: Json) -> pd.DataFrame:
    """Return each metric with its interval, over all patients and over eligible ones."""
    names = [name for name in METRICS if name in intervals["all"]]
    table = {_("Metric"): [_(METRICS[name]) for name in names]}
    for heading, rows in ((_("All patients"), "all"), (_("Without those who died"), "eligible")):
        table[heading] = [_interval(intervals[rows][name]) for name in names]
    return pd.DataFrame(table)


def groups_table(subgroups: Json) -> pd.DataFrame:
    """Return the metrics of each group of patients that is large enough."""
    return pd.DataFrame(
        [
            {
                _("Group"): sentences.translate(f"{attribute}: {group}"),
                _("Patients"): formats.number(one["rows"]),
                _("AUROC for readmission within 30 days"): formats.number(one["auroc_under_30"], 3),
                _("Readmissions caught in the riskiest 20 %"): formats.number(
                    one["recall_top_20"], 3
                ),
            }
            for attribute, groups in subgroups.items()
            for group, one in groups.items()
        ]
    )


def _interval(found: list[float]) -> str:
    figure, low, high = (formats.number(value, 3) for value in found)
    return f"{figure} [{low} – {high}]"


def candidate_heading(candidate: Json) -> str:
    """Return the heading of a candidate's column; a star marks the one that was registered."""
    name = _(str(candidate["title"]))
    version = candidate["registered_version"]
    return _("{name} ★ version {version}", name=name, version=version) if version else name


def verdict(version: Json) -> str:
    """Return whether a version was promoted."""
    name = str(version["verdict"] or "")
    return _(VERDICTS.get(name, name) or NO_VERDICT)


def criteria_table(version: Json) -> pd.DataFrame:
    """Return one row for each criterion of the verdict on a version, failures first."""
    found = sorted(version["criteria"], key=lambda one: bool(one["verdict"] != "failed"))
    return pd.DataFrame(
        [
            {
                _("Result"): _(CRITERIA[one["verdict"]]),
                _("Criterion, figure and limit"): sentences.translate(one["sentence"]),
            }
            for one in found
        ]
    )


def roles(version: Json) -> str:
    """Return the aliases of a version in words, and whether somebody moved production to it."""
    named = [_(ROLES.get(name, name)) for name in version["aliases"]]
    return ", ".join([*named, *([_(MOVED_BY_HAND)] if version["manual"] else [])])


def versions_table(versions: list[Json]) -> pd.DataFrame:
    """Return one row for each version, in the given order."""
    return pd.DataFrame(
        [
            {
                _("Version"): version["version"],
                _("Role"): roles(version),
                _("Batch"): version["batch_id"] or MISSING,
                _("Type"): _(version["title"] or MISSING),
                _("Verdict"): verdict(version),
                _("Reason"): sentences.translate(version["verdict_reason"] or MISSING),
            }
            for version in versions
        ]
    )
