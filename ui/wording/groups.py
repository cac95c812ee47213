"""How well the model does for each group of patients, in sentences."""

from collections.abc import Iterator

from ui.client import Json
from ui.language import N_, _, formats, ngettext, sentences

WORSE = N_(
    "**{group}**: the model ranks their risk worse than that of all patients together. AUROC "
    "{auroc}; all patients: {all}."
)
BETTER = N_(
    "**{group}**: the model ranks their risk better than that of all patients together. AUROC "
    "{auroc}; all patients: {all}."
)
ALIKE = N_(
    "**{group}**: no difference from all patients together beyond chance. AUROC {auroc}; all "
    "patients: {all}."
)
UNKNOWN = N_(
    "**{group}**: AUROC {auroc}; all patients: {all}. This card has no interval for it, so the "
    "difference may be chance."
)
ORDER = (WORSE, BETTER, ALIKE, UNKNOWN)
AUROC, RECALL = "auroc_under_30", "recall_top_20"


def in_words(report: Json) -> list[str]:
    """Return what the card's figures say about each group of patients, worse ones first.

    A group differs from all patients if the 95 % interval of its AUROC does not contain theirs.
    The last sentence names the groups that are too small to judge by.

    Parameters
    ----------
    report : dict
        The card's figures in full.
    """
    overall = {name: report["intervals"]["all"][name][0] for name in (AUROC, RECALL)}
    groups = [
        (_verdict(one, overall[AUROC]), _name(attribute, group), one)
        for attribute, found in report["subgroups"].items()
        for group, one in found.items()
    ]
    groups.sort(key=lambda each: ORDER.index(each[0]))
    lines = [f"{_ranked(*each, overall)} {_caught(each[2], overall)}" for each in groups]
    small = list(_small(report))
    if small:
        uncertain = ngettext(
            "Too few patients to judge by, so the model is uncertain for this group: {groups}.",
            "Too few patients to judge by, so the model is uncertain for these groups: {groups}.",
            len(small),
            groups="; ".join(small),
        )
        lines.append(uncertain)
    return lines


def _verdict(one: Json, overall: float) -> str:
    low, high = one.get(f"{AUROC}_low"), one.get(f"{AUROC}_high")
    if low is None or high is None:
        return UNKNOWN
    if high < overall:
        return WORSE
    return BETTER if low > overall else ALIKE


def _ranked(verdict: str, group: str, one: Json, overall: Json) -> str:
    auroc = formats.number(one[AUROC], 3)
    if verdict != UNKNOWN:
        low, high = (formats.number(one[f"{AUROC}_{end}"], 3) for end in ("low", "high"))
        auroc = f"{auroc} [{low} – {high}]"
    return _(verdict, group=group, auroc=auroc, all=formats.number(overall[AUROC], 3))


def _caught(one: Json, overall: Json) -> str:
    return _(
        "The riskiest 20 % of all patients hold {share} of this group's readmissions within 30 "
        "days, and {all} of everybody's.",
        share=formats.percent(one[RECALL]),
        all=formats.percent(overall[RECALL]),
    )


def _small(report: Json) -> Iterator[str]:
    """Yield the groups that have patients, but too few for figures."""
    for attribute, shares in report["demographics"].items():
        for group in shares:
            if group not in report["subgroups"].get(attribute, {}):
                yield _name(attribute, group)


def _name(attribute: str, group: str) -> str:
    return sentences.translate(f"{attribute}: {group}")
