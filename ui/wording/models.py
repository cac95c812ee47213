"""Models, their figures and verdicts in plain words."""

import pandas as pd

from ui.client import Json

FIGURES = {
    "weighted_f1": "Right answers, by class size (weighted F1)",
    "macro_f1": "Right answers, classes alike (macro F1)",
    "auroc_under_30": "Tells who comes back within 30 days (AUROC)",
    "recall_top_20": "Caught among the riskiest 20 %",
    "log_loss": "Error of the probabilities (log loss, lower is better)",
}
"""Figures that are shown, in this order."""

FAMILIES = {
    "logistic_regression": "Logistic regression",
    "random_forest": "Random forest",
    "xgboost": "XGBoost",
}
VERDICTS = {"promoted": "Put into production", "refused": "Not put into production"}
UNJUDGED = "Not judged yet"
NOT_TOLD = "–"
ALIASES = {"production": "in production", "previous": "the one before", "challenger": "challenger"}


def soonest(classes: Json) -> str:
    """Return the outcome that a follow-up is to prevent: the last one that the service lists."""
    return str(list(classes)[-1])


def figures(metrics: dict[str, float]) -> pd.DataFrame:
    """Return the figures of one model as a table of two columns."""
    return side_by_side({"Value": metrics})


def side_by_side(columns: dict[str, dict[str, float]]) -> pd.DataFrame:
    """Return the figures of some models, a column each; validation figures may say `val_`."""
    table = pd.DataFrame({"Figure": list(FIGURES.values())})
    for head, metrics in columns.items():
        found = [metrics.get(name, metrics.get(f"val_{name}")) for name in FIGURES]
        table[head] = [NOT_TOLD if value is None else f"{value:.3f}" for value in found]
    return table


def candidate(found: Json) -> str:
    """Return the head of a candidate's column, which says whether it was registered."""
    name = FAMILIES.get(found["family"], str(found["family"]))
    version = found["registered_version"]
    return f"{name} ★ version {version}" if version else name


def verdict(version: Json) -> str:
    """Return what was decided on a version."""
    said = str(version["verdict"] or "")
    return VERDICTS.get(said, said) or UNJUDGED


def versions(found: list[Json]) -> pd.DataFrame:
    """Return all versions as a table, the newest first."""
    return pd.DataFrame(
        [
            {
                "Version": version["version"],
                "Now": ", ".join(ALIASES.get(name, name) for name in version["aliases"]),
                "Batch": version["batch_id"] or NOT_TOLD,
                "Kind": FAMILIES.get(version["family"], version["family"]) or NOT_TOLD,
                "Verdict": verdict(version),
                "Why": version["verdict_reason"] or NOT_TOLD,
            }
            for version in found
        ]
    )
