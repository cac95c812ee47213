"""The model in production, live outcomes, the newest candidates, all versions, the rollback."""

import altair as alt
import pandas as pd
import streamlit as st

from ui.client import Json
from ui.components import charts, service
from ui.components.admin import actions
from ui.components.model import caption, live, report
from ui.language import _, formats, ngettext, sentences
from ui.wording import fields, models
from ui.wording.provenance import origin_in_words

TOP_FIELDS = 12


def show() -> None:
    """Draw the page."""
    st.title(_("Model"), anchor=False)
    actions.show_result()
    model = service.fetch(lambda api: api.model())
    if model is not None:
        _show_production(model)
        schema = service.fetch(lambda api: api.schema()) or {"fields": [], "classes": {}}
        _show_card(model["card"], schema)
        if model["card"].get("report"):
            report.show_groups(model["card"]["report"])
    history = service.fetch(lambda api: api.history()) if model is not None else None
    if model is not None and history is not None:
        found = service.fetch(lambda api: api.live_figures())
        if found is not None:
            live.show(found, model, history["versions"])
        _show_candidates(history["candidates"])
        _show_versions(history["versions"])
    if model is not None and model["card"].get("report"):
        report.show(model["card"]["report"])
    actions.show(model)


def _show_production(model: Json) -> None:
    caption.show(model)
    cells = st.columns(3)
    version = _("Version {version}", version=model["model_version"])
    cells[0].metric(_("In production"), version)
    cells[1].metric(_("Type"), _(model["card"]["title"]))
    cells[2].metric(_("In production since"), formats.day(model["since"]))
    st.caption(
        _(
            "Trained: {trained}. In production since: {since}. Loaded by the service: {loaded}.",
            trained=formats.time(model["card"]["trained_at"]),
            since=formats.time(model["since"]),
            loaded=formats.time(model["loaded_at"]),
        )
    )
    if model["moved_by_hand"]:
        st.warning(sentences.translate(model["moved_by_hand"]), icon=":material/pan_tool:")
    if model["pinned"]:
        pinned = sentences.translate(model["pinned"])
        held = _("{pin}. Promotion does not replace it.", pin=pinned)
        st.info(held, icon=":material/keep:")
    if model.get("verdict_reason"):
        reason = sentences.translate(model["verdict_reason"])
        st.info(f"**{_('Why it was promoted')}**  \n{reason}", icon=":material/gavel:")


def _show_card(card: Json, schema: Json) -> None:
    data = card["data"]
    with st.container(border=True):
        st.header(f":material/description: {_('Model card')}", anchor=False)
        st.markdown(f"**{_('Intended use.')}** {_(card['intended_use'])}")
        limits = "\n".join(f"- {_(limit)}" for limit in card["limits"])
        st.markdown(f"**{_('Limitations.')}**\n{limits}")
        st.markdown(_data_in_words(data))
        metrics, importance = st.columns(2, gap="large")
        with metrics:
            st.markdown(_("**Metrics** on validation patients"))
            st.table(models.metrics_table(card["metrics"]), hide_index=True)
        with importance:
            st.markdown(_("**Most important fields**"))
            charts.draw(_importance(card["importance"], fields.labels(schema)))
        outcomes = fields.outcomes(schema)
        weights = ", ".join(
            f"{outcomes.get(name, name).lower()}: {formats.number(weight, 2)}"
            for name, weight in card["decision_weights"].items()
        )
        decision = _(
            "Rarer outcomes get more weight, so that fewer of them are missed. The model "
            "multiplies each probability by the weight of its outcome ({weights}) and predicts "
            "the outcome with the largest product.",
            weights=weights,
        )
        fingerprint = _("SHA-256 of the data: `{hash}…`", hash=data["data_sha256"][:16])
        lines = [decision, fingerprint]
        if card.get("release"):
            lines.append(_("Trained by system release {release}.", release=card["release"]))
        st.caption("  \n".join(lines))


def _data_in_words(data: Json) -> str:
    return ngettext(
        "**Data.** {rows} encounters in {batches} batch (up to `{batch}`): {origin}. The model was "
        "trained on most of them. The rest, from other patients, set the decision weights and "
        "give the metrics below.",
        "**Data.** {rows} encounters in {batches} batches (up to `{batch}`): {origin}. The model "
        "was trained on most of them. The rest, from other patients, set the decision weights "
        "and give the metrics below.",
        data["batches"],
        rows=formats.number(data["rows"]),
        batches=formats.number(data["batches"]),
        batch=data["batch_id"],
        origin=origin_in_words(data["data_source"]),
    )


def _importance(importance: dict[str, float], labels: dict[str, str]) -> charts.Chart:
    top = sorted(importance.items(), key=lambda item: -item[1])[:TOP_FIELDS]
    table = pd.DataFrame(
        [(labels.get(name, name), share) for name, share in top], columns=["field", "share"]
    )
    base = alt.Chart(table).encode(
        y=alt.Y("field:N", sort=list(table["field"]), axis=None),
        tooltip=[
            alt.Tooltip("field", title=_("Field")),
            alt.Tooltip("share", title=_("Share"), format=".1%"),
        ],
    )
    bars = base.mark_bar(height=9, yOffset=8, color=charts.NO).encode(x=alt.X("share:Q", axis=None))
    names = base.mark_text(align="left", yOffset=-6, fontSize=12, limit=330).encode(
        text="field:N", x=alt.value(0)
    )
    return alt.layer(bars, names).properties(
        height=34 * len(table), description=_("Share of each field in the model's decisions")
    )


def _show_candidates(candidates: list[Json]) -> None:
    if not candidates:
        return
    st.header(f":material/compare: {_('Candidates of the newest batch')}", anchor=False)
    st.caption(
        _(
            "All were trained on the same rows, up to `{batch}`, and compared on the same "
            "validation patients. ★ marks the registered one.",
            batch=candidates[0]["batch_id"],
        )
    )
    columns = {models.candidate_heading(found): found["metrics"] for found in candidates}
    st.table(models.compare(columns), hide_index=True)


def _show_versions(versions: list[Json]) -> None:
    if not versions:
        return
    st.header(f":material/timeline: {_('All versions')}", anchor=False)
    known = [name for name in models.METRICS if any(name in v["test"] for v in versions)]
    if known:
        titles = {name: _(models.METRICS[name]) for name in known}
        metric = st.selectbox(_("Metric"), known, format_func=titles.__getitem__, key="metric")
        charts.draw(_metric_over_batches(versions, metric))
        st.caption(
            _(
                "Measured on the test patients of all batches up to that one. No model is trained "
                "on test patients."
            )
        )
    st.dataframe(models.versions_table(versions), hide_index=True)
    for version in versions:
        if version["criteria"]:
            heading = _(
                "Criteria of version {version}: {verdict}",
                version=version["version"],
                verdict=models.verdict(version),
            )
            with st.expander(heading, icon=":material/rule:"):
                st.table(models.criteria_table(version), hide_index=True)


def _metric_over_batches(versions: list[Json], metric: str) -> charts.Chart:
    table = pd.DataFrame(
        [
            {
                "batch": v["batch_id"],
                "version": _("version {version}", version=v["version"]),
                "value": v["test"][metric],
                "verdict": models.verdict(v),
            }
            for v in reversed(versions)
            if metric in v["test"]
        ]
    )
    colours = _colours(set(table["verdict"]))
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    base = alt.Chart(table).encode(
        x=alt.X(
            "batch:N", sort=None, title=_("Batch"), axis=alt.Axis(labelAngle=0, labelOverlap=True)
        ),
        y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
        tooltip=[
            alt.Tooltip("version", title=_("Version")),
            alt.Tooltip("batch", title=_("Batch")),
            alt.Tooltip("verdict", title=_("Verdict")),
            alt.Tooltip("value", title=_("Value"), format=".3f"),
        ],
    )
    line = base.mark_line(color=charts.NO)
    points = base.mark_point(size=110, filled=True, opacity=1).encode(
        shape=alt.Shape(
            "verdict:N",
            scale=alt.Scale(domain=list(colours)),
            legend=alt.Legend(title=None, orient="top", labelFontSize=13),
        ),
        color=alt.Color("verdict:N", scale=scale),
    )
    return alt.layer(line, points).properties(height=300, description=_(models.METRICS[metric]))


def _colours(verdicts: set[str]) -> dict[str, str]:
    """Return the colour of each verdict: green if promoted, red if not, else grey."""
    names = [_(name) for name in models.VERDICTS.values()]
    known = dict(zip(names, ("#2f6f4f", charts.SOON), strict=True))
    others = dict.fromkeys(sorted(verdicts - set(names)), charts.INK)
    return {name: colour for name, colour in known.items() if name in verdicts} | others


show()
