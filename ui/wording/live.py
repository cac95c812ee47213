"""Figures on live outcomes in plain words; they are never in a column with those of training."""

from collections.abc import Iterable

import pandas as pd

from ui.client import Json
from ui.language import N_, _, formats, ngettext, sentences
from ui.wording import models

METRICS = {
    **models.METRICS,
    "calibration_error_under_30": N_("Calibration error of the risk within 30 days"),
    "calibration_gap_under_30": N_("Mean risk within 30 days minus the share readmitted"),
}
"""Name of each metric that is shown, in this order."""
OF_GROUPS = ("auroc_under_30", "recall_top_20", "calibration_gap_under_30")
OUTCOMES, UNDER_30, AGREED = "outcomes", "under_30", "agreed"

Figures = dict[str, Json]
"""The figures about one group of patients, by name."""


def by_group(found: Iterable[Json], version: str, against: str = "") -> dict[str, Figures]:
    """Return the figures of one version for each group of patients; all patients are ``""``."""
    groups: dict[str, Figures] = {}
    for one in found:
        if (one["model_version"], one["against"]) == (version, against):
            name = f"{one['attribute']}: {one['patient_group']}" if one["attribute"] else ""
            groups.setdefault(name, {})[one["metric"]] = one
    return groups


def pairs(found: Iterable[Json]) -> list[tuple[str, str]]:
    """Return each version with the champion that it was compared with, or "", newest first."""
    known = {(one["model_version"], one["against"]) for one in found}
    return sorted(known, key=lambda pair: (bool(pair[1]), -int(pair[0]), pair[1]))


def heading(version: str, against: str, everybody: Figures) -> str:
    """Return the heading of a version's figures, with the number of outcomes."""
    counted = {name: int(one["figure"]) for name, one in everybody.items()}
    shown = {"count": formats.number(counted[OUTCOMES]), "version": version}
    if against:
        agreed = formats.percent(counted[AGREED] / max(counted[OUTCOMES], 1))
        return ngettext(
            "Version {version} in shadow of {champion}: {count} outcome, same prediction: {agreed}",
            "Version {version} in shadow of {champion}: {count} outcomes, same prediction: "
            "{agreed}",
            counted[OUTCOMES],
            **shown,
            champion=against,
            agreed=agreed,
        )
    return ngettext(
        "Version {version}: {count} outcome, of which within 30 days: {soon}",
        "Version {version}: {count} outcomes, of which within 30 days: {soon}",
        counted[OUTCOMES],
        **shown,
        soon=formats.number(counted[UNDER_30]),
    )


def has_metrics(everybody: Figures) -> bool:
    """Whether there are enough outcomes for metrics, or counts only."""
    return bool(METRICS.keys() & everybody.keys())


def metrics_table(everybody: Figures, others: dict[str, dict[str, float]]) -> pd.DataFrame:
    """Return a version's live metrics, beside its metrics on other patients.

    Parameters
    ----------
    everybody : dict
        Figures over all patients.
    others : dict
        Metrics on the patients of the training, by the heading of their column.
    """
    names = [name for name in METRICS if name in everybody]
    table = {_("Metric"): [_(METRICS[name]) for name in names]}
    table[_("Live outcomes")] = [_interval(everybody[name]) for name in names]
    for title, metrics in others.items():
        table[title] = [_plain(metrics.get(name)) for name in names]
    return pd.DataFrame(table)


def differences_table(everybody: Figures) -> pd.DataFrame:
    """Return the differences of a version in shadow from its champion."""
    names = [name for name in METRICS if name in everybody]
    shown = [_interval(everybody[name], sign=True) for name in names]
    return pd.DataFrame(
        {
            _("Metric"): [_(METRICS[name]) for name in names],
            _("Difference from the champion"): shown,
        }
    )


def groups_table(groups: dict[str, Figures]) -> pd.DataFrame:
    """Return the counts of each group of patients, and metrics of those that are large enough."""
    return pd.DataFrame(
        [
            {
                _("Group"): sentences.translate(name),
                _("Outcomes"): formats.number(one[OUTCOMES]["figure"]),
                _("Within 30 days"): formats.number(one[UNDER_30]["figure"]),
            }
            | {_(METRICS[metric]): _interval(one.get(metric)) for metric in OF_GROUPS}
            for name, one in groups.items()
            if name
        ]
    )


def _interval(found: Json | None, *, sign: bool = False) -> str:
    if found is None:
        return models.MISSING
    write = formats.signed if sign else formats.number
    figure, low, high = (write(found[name], 3) for name in ("figure", "low", "high"))
    return f"{figure} [{low} – {high}]"


def _plain(value: float | None) -> str:
    return models.MISSING if value is None else formats.number(value, 3)
