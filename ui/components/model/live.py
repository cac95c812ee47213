"""How each version did on outcomes that became known after its predictions."""

import streamlit as st

from ui.client import Json
from ui.language import _, formats
from ui.wording import live


def show(found: Json, model: Json, versions: list[Json]) -> None:
    """Draw the figures of each version, those of the champion first and open.

    Parameters
    ----------
    found : dict
        The live figures.
    model : dict
        The model in production.
    versions : list of dict
        All versions, with their metrics on test patients.
    """
    st.header(f":material/monitoring: {_('Live outcomes')}", anchor=False)
    if not found["figures"]:
        st.caption(_("No recent prediction has a known outcome yet."))
        return
    st.caption(
        _(
            "Predictions of the last {days} days whose outcome became known afterwards, as of "
            "{time}; only those whose caller sent the number of the encounter. These are other "
            "patients than those of the training, so the figures differ from theirs by chance, "
            "too. In brackets: 95 % intervals.",
            days=found["days"],
            time=formats.time(found["measured_at"]),
        )
    )
    tests = {one["version"]: one["test"] for one in versions}
    for version, against in live.pairs(found["figures"]):
        groups = live.by_group(found["figures"], version, against)
        is_champion = not against and version == model["model_version"]
        heading = live.heading(version, against, groups[""])
        with st.expander(heading, icon=":material/query_stats:", expanded=is_champion):
            others = {_("Validation patients"): model["card"]["metrics"]} if is_champion else {}
            others[_("Test patients, at its verdict")] = tests.get(version, {})
            _show_tables(groups, {} if against else others, is_shadow=bool(against))


def _show_tables(
    groups: dict[str, live.Figures], others: dict[str, dict[str, float]], *, is_shadow: bool
) -> None:
    if not live.has_metrics(groups[""]):
        st.caption(_("There are too few outcomes to judge by."))
    elif is_shadow:
        st.table(live.differences_table(groups[""]), hide_index=True)
    else:
        st.table(live.metrics_table(groups[""], others), hide_index=True)
    if len(groups) > 1:
        st.markdown(_("**Groups of patients**, live"))
        st.table(live.groups_table(groups), hide_index=True)
