"""The model in production, the candidates of the newest batch, all versions and the rollback."""

import altair as alt
import pandas as pd
import streamlit as st

from ui.client import Json
from ui.components import admin_actions, charts, model_caption, service
from ui.wording import fields, models
from ui.wording.provenance import format_time, origin_in_words

TOP_FIELDS = 12


def show() -> None:
    """Draw the page."""
    st.title("Model", anchor=False)
    admin_actions.show_result()
    model = service.fetch(lambda api: api.model())
    if model is not None:
        _show_production(model)
        schema = service.fetch(lambda api: api.schema()) or {"fields": [], "classes": {}}
        _show_card(model["card"], schema)
    history = service.fetch(lambda api: api.history()) if model is not None else None
    if history is not None:
        _show_candidates(history["candidates"])
        _show_versions(history["versions"])
    admin_actions.show(model)


def _show_production(model: Json) -> None:
    model_caption.show(model)
    cells = st.columns(3)
    cells[0].metric("In production", f"Version {model['model_version']}")
    cells[1].metric("Type", model["card"]["title"])
    since = format_time(model["since"])
    cells[2].metric("In production since", since[:10] if model["since"] else since)
    st.caption(
        f"Trained: {format_time(model['card']['trained_at'])}. In production since: {since}. "
        f"Loaded by the service: {format_time(model['loaded_at'])}."
    )
    if model["moved_by_hand"]:
        st.warning(model["moved_by_hand"], icon=":material/pan_tool:")
    if model["pinned"]:
        st.info(f"{model['pinned']}. Promotion does not replace it.", icon=":material/keep:")
    if model.get("verdict_reason"):
        st.info(f"**Why it was promoted**  \n{model['verdict_reason']}", icon=":material/gavel:")


def _show_card(card: Json, schema: Json) -> None:
    data = card["data"]
    batches = "1 batch" if data["batches"] == 1 else f"{data['batches']} batches"
    with st.container(border=True):
        st.header(":material/description: Model card", anchor=False)
        st.markdown(f"**Intended use.** {card['intended_use']}")
        st.markdown("**Limitations.**\n" + "\n".join(f"- {limit}" for limit in card["limits"]))
        st.markdown(
            f"**Data.** {data['rows']:,} encounters in {batches} (up to `{data['batch_id']}`): "
            f"{origin_in_words(data['data_source'])}. The model was trained on most of them. The "
            "rest, from other patients, set the decision weights and give the metrics below."
        )
        metrics, importance = st.columns(2, gap="large")
        with metrics:
            st.markdown("**Metrics** on validation patients")
            st.table(models.metrics_table(card["metrics"]), hide_index=True)
        with importance:
            st.markdown("**Most important fields**")
            charts.draw(_importance(card["importance"], fields.labels(schema)))
        weights = ", ".join(
            f"{schema['classes'].get(name, name).lower()}: {weight:.2f}"
            for name, weight in card["decision_weights"].items()
        )
        st.caption(
            "Rarer outcomes get more weight, so that fewer of them are missed. The model "
            f"multiplies each probability by the weight of its outcome ({weights}) and predicts "
            "the outcome with the largest product.  \n"
            f"SHA-256 of the data: `{data['data_sha256'][:16]}…`"
        )


def _importance(importance: dict[str, float], labels: dict[str, str]) -> charts.Chart:
    top = sorted(importance.items(), key=lambda item: -item[1])[:TOP_FIELDS]
    table = pd.DataFrame(
        [(labels.get(name, name), share) for name, share in top], columns=["field", "share"]
    )
    base = alt.Chart(table).encode(
        y=alt.Y("field:N", sort=list(table["field"]), axis=None), tooltip=["field", "share"]
    )
    bars = base.mark_bar(height=9, yOffset=8, color=charts.NO).encode(x=alt.X("share:Q", axis=None))
    names = base.mark_text(align="left", yOffset=-6, fontSize=12, limit=330).encode(
        text="field:N", x=alt.value(0)
    )
    return alt.layer(bars, names).properties(
        height=34 * len(table), description="Share of each field in the model's decisions"
    )


def _show_candidates(candidates: list[Json]) -> None:
    if not candidates:
        return
    st.header(":material/compare: Candidates of the newest batch", anchor=False)
    st.caption(
        f"All were trained on the same rows, up to `{candidates[0]['batch_id']}`, and compared on "
        "the same validation patients. ★ marks the registered one."
    )
    columns = {models.candidate_heading(found): found["metrics"] for found in candidates}
    st.table(models.compare(columns), hide_index=True)


def _show_versions(versions: list[Json]) -> None:
    if not versions:
        return
    st.header(":material/timeline: All versions", anchor=False)
    known = [name for name in models.METRICS if any(name in v["test"] for v in versions)]
    if known:
        metric = st.selectbox(
            "Metric", known, format_func=lambda name: models.METRICS[name], key="metric"
        )
        charts.draw(_metric_over_batches(versions, metric))
        st.caption(
            "Measured on the test patients of all batches up to that one. No model is trained on "
            "test patients."
        )
    st.dataframe(models.versions_table(versions), hide_index=True)
    for version in versions:
        if version["criteria"]:
            heading = f"Criteria of version {version['version']}: {models.verdict(version)}"
            with st.expander(heading, icon=":material/rule:"):
                st.table(models.criteria_table(version), hide_index=True)


def _metric_over_batches(versions: list[Json], metric: str) -> charts.Chart:
    table = pd.DataFrame(
        [
            {
                "batch": v["batch_id"],
                "version": f"version {v['version']}",
                "value": v["test"][metric],
                "verdict": models.verdict(v),
            }
            for v in reversed(versions)
            if metric in v["test"]
        ]
    )
    base = alt.Chart(table).encode(
        x=alt.X(
            "batch:N", sort=None, title="Batch", axis=alt.Axis(labelAngle=0, labelOverlap=True)
        ),
        y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
        tooltip=["version", "batch", "verdict", alt.Tooltip("value", format=".3f")],
    )
    line = base.mark_line(color=charts.NO)
    points = base.mark_point(size=110, filled=True, opacity=1).encode(
        shape=alt.Shape("verdict:N", legend=alt.Legend(title=None, orient="top", labelFontSize=13)),
        color=alt.Color("verdict:N", scale=alt.Scale(range=["#2f6f4f", charts.SOON, charts.INK])),
    )
    return alt.layer(line, points).properties(height=300, description=models.METRICS[metric])


show()
