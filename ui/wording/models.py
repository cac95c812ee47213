"""Models in plain words: their metrics, roles and verdicts."""

import pandas as pd

from ui.client import Json

METRICS = {
    "weighted_f1": "Weighted F1 (common outcomes count more)",
    "macro_f1": "Macro F1 (all outcomes count the same)",
    "auroc_under_30": "AUROC for readmission within 30 days",
    "recall_top_20": "Readmissions caught in the riskiest 20 %",
    "log_loss": "Log loss (lower is better)",
}
"""Name of each metric that is shown, in this order."""

CRITERIA = {"passed": "Passed", "failed": "Failed", "reported": "Reported, does not decide"}
VERDICTS = {"promoted": "Promoted", "refused": "Not promoted"}
NO_VERDICT = "Not judged yet"
ROLES = {"production": "in production"}
"""Name of an alias in the registry, where the alias itself does not say it."""
MOVED_BY_HAND = "moved by hand"
MISSING = "–"


def metrics_table(metrics: dict[str, float]) -> pd.DataFrame:
    """Return the metrics of one model as a table of two columns."""
    return compare({"Value": metrics})


def compare(columns: dict[str, dict[str, float]]) -> pd.DataFrame:
    """Return the metrics of several models, one column each.

    Parameters
    ----------
    columns : dict
        Metrics by the heading of their column; names may start with ``val_``.
    """
    table = pd.DataFrame({"Metric": list(METRICS.values())})
    for heading, metrics in columns.items():
        values = [metrics.get(name, metrics.get(f"val_{name}")) for name in METRICS]
        table[heading] = [MISSING if value is None else f"{value:.3f}" for value in values]
    return table


def candidate_heading(candidate: Json) -> str:
    """Return the heading of a candidate's column; a star marks the one that was registered."""
    name = str(candidate["title"])
    version = candidate["registered_version"]
    return f"{name} ★ version {version}" if version else name


def verdict(version: Json) -> str:
    """Return whether a version was promoted."""
    name = str(version["verdict"] or "")
    return VERDICTS.get(name, name) or NO_VERDICT


def criteria_table(version: Json) -> pd.DataFrame:
    """Return one row for each criterion of the verdict on a version, failures first."""
    found = sorted(version["criteria"], key=lambda one: bool(one["verdict"] != "failed"))
    return pd.DataFrame(
        [
            {"Result": CRITERIA[one["verdict"]], "Criterion, figure and limit": one["sentence"]}
            for one in found
        ]
    )


def roles(version: Json) -> str:
    """Return the aliases of a version in words, and whether somebody moved production to it."""
    named = [ROLES.get(name, name) for name in version["aliases"]]
    return ", ".join([*named, *([MOVED_BY_HAND] if version["manual"] else [])])


def versions_table(versions: list[Json]) -> pd.DataFrame:
    """Return one row for each version, in the given order."""
    return pd.DataFrame(
        [
            {
                "Version": version["version"],
                "Role": roles(version),
                "Batch": version["batch_id"] or MISSING,
                "Type": version["title"] or MISSING,
                "Verdict": verdict(version),
                "Reason": version["verdict_reason"] or MISSING,
            }
            for version in versions
        ]
    )
