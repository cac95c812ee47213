"""What is in production, what it was chosen from, and the way back."""

import altair as alt
import pandas as pd
import streamlit as st

from ui import service
from ui.client import Json
from ui.components import admin_actions, charts
from ui.wording import models

TOP_FIELDS = 12


def show() -> None:
    """Draw the page."""
    st.title("Model", anchor=False)
    admin_actions.show_outcome()
    model = service.ask(lambda api: api.model())
    if model is not None:
        _show_production(model)
        description = service.ask(lambda api: api.describe()) or {"fields": [], "classes": {}}
        _show_card(model["card"], description)
    history = service.ask(lambda api: api.history()) if model is not None else None
    if history is not None:
        _show_candidates(history["candidates"])
        _show_history(history["versions"])
    admin_actions.show_buttons(model)


def _show_production(model: Json) -> None:
    service.show_source(model)
    cells = st.columns(3)
    cells[0].metric("In production", f"Version {model['model_version']}")
    cells[1].metric("Kind", model["card"]["title"])
    since = service.moment(model["since"])
    cells[2].metric("In production since", since[:10] if model["since"] else since)
    st.caption(
        f"Trained {service.moment(model['card']['trained_at'])}, in production since {since}, "
        f"loaded here {service.moment(model['loaded_at'])}."
    )
    if model.get("verdict_reason"):
        st.info(f"Why it was chosen: {model['verdict_reason']}", icon=":material/gavel:")


def _show_card(card: Json, description: Json) -> None:
    labels = {field["name"]: field["label"] for field in description["fields"]}
    with st.container(border=True):
        st.header(":material/description: Model card", anchor=False)
        st.markdown(f"**What it is for.** {card['intended_use']}")
        st.markdown(
            "**What to keep in mind.**\n" + "\n".join(f"- {limit}" for limit in card["limits"])
        )
        data = card["data"]
        st.markdown(
            f"**What it was made from.** {data['rows']:,} encounters in {data['batches']} "
            f"{'batch' if data['batches'] == 1 else 'batches'}, the newest "
            f"`{data['batch_id']}`: {service.in_words(data['data_source'])}. It has learned from "
            "most; the others, of other patients, set its weights and gave the figures below."
        )
        figures, fields = st.columns(2, gap="large")
        with figures:
            st.markdown("**How good it is** on patients it has not learned from")
            st.table(models.figures(card["metrics"]), hide_index=True)
        with fields:
            st.markdown("**What it looks at most**")
            charts.draw(_importance(card["importance"], labels))
        weights = ", ".join(
            f"{description['classes'].get(name, name).lower()}: {weight:.2f}"
            for name, weight in card["decision_weights"].items()
        )
        st.caption(
            "The rarer outcomes weigh more, so that fewer are missed: each probability is "
            f"multiplied by its weight ({weights}) and the largest decides.  \n"
            f"Fingerprint of the data: `{data['data_sha256'][:16]}`"
        )


def _importance(importance: dict[str, float], labels: dict[str, str]) -> charts.Chart:
    top = sorted(importance.items(), key=lambda item: -item[1])[:TOP_FIELDS]
    table = pd.DataFrame(
        [(labels.get(n, n), share) for n, share in top], columns=["field", "share"]
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
    st.header(":material/compare: The candidates of the newest batch", anchor=False)
    st.caption(
        f"Trained on the same rows, up to `{candidates[0]['batch_id']}`, and compared on the same "
        "validation rows."
    )
    columns = {models.candidate(found): found["metrics"] for found in candidates}
    st.table(models.side_by_side(columns), hide_index=True)


def _show_history(versions: list[Json]) -> None:
    if not versions:
        return
    st.header(":material/timeline: Over the batches", anchor=False)
    known = [name for name in models.FIGURES if any(name in v["test"] for v in versions)]
    if known:
        name = st.selectbox(
            "Figure", known, format_func=lambda figure: models.FIGURES[figure], key="figure"
        )
        charts.draw(_over_batches(versions, name))
        st.caption("On the test patients of the day, whom no model has learned from.")
    st.dataframe(models.versions(versions), hide_index=True)


def _over_batches(versions: list[Json], name: str) -> charts.Chart:
    table = pd.DataFrame(
        [
            {
                "batch": v["batch_id"],
                "version": f"version {v['version']}",
                "figure": v["test"][name],
                "verdict": models.verdict(v),
            }
            for v in reversed(versions)
            if name in v["test"]
        ]
    )
    base = alt.Chart(table).encode(
        x=alt.X(
            "batch:N", sort=None, title="Batch", axis=alt.Axis(labelAngle=0, labelOverlap=True)
        ),
        y=alt.Y("figure:Q", title=None, scale=alt.Scale(zero=False)),
        tooltip=["version", "batch", "verdict", alt.Tooltip("figure", format=".3f")],
    )
    line = base.mark_line(color=charts.NO)
    points = base.mark_point(size=110, filled=True, opacity=1).encode(
        shape=alt.Shape("verdict:N", legend=alt.Legend(title=None, orient="top", labelFontSize=13)),
        color=alt.Color("verdict:N", scale=alt.Scale(range=["#2f6f4f", charts.SOON, charts.INK])),
    )
    return alt.layer(line, points).properties(height=300, description=models.FIGURES[name])


show()
