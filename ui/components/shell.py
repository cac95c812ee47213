"""The frame that all pages share: style and navigation."""

import streamlit as st

from ui.components import form

# The folder is not called `pages`: Streamlit would list its scripts until the navigation is drawn.
PAGES = (
    st.Page("views/predict.py", title="Predict", icon=":material/stethoscope:", default=True),
    st.Page("views/files.py", title="Files", icon=":material/table_view:"),
    st.Page("views/model.py", title="Model", icon=":material/model_training:"),
    st.Page("views/capacity.py", title="Capacity", icon=":material/groups:"),
    st.Page("views/quality.py", title="Data quality", icon=":material/fact_check:"),
)

STYLE = """
<style>
.block-container { padding-top: 1.5rem; }
header[data-testid="stHeader"] { display: none; }
/* By default, captions have a contrast below 4.5 : 1. */
[data-testid="stCaptionContainer"] { color: #4d5a61; opacity: 1; }
[data-testid="stMetricLabel"] * { white-space: normal !important; }
/* Streamlit stacks columns on a phone; two metrics still fit side by side. */
@media (max-width: 640px) {
  [data-testid="stColumn"]:has([data-testid="stMetric"]) {
    min-width: calc(50% - 1rem) !important; flex: 1 1 calc(50% - 1rem) !important;
  }
}
/* The prediction stays visible while the form scrolls. */
@media (min-width: 900px) {
  [data-testid="stColumn"]:has(.st-key-prediction) {
    position: sticky; top: 4rem; align-self: start;
  }
}
</style>
"""


def show() -> None:
    """Draw the frame and the current page."""
    st.set_page_config(page_title="Readmission risk", page_icon="🏥", layout="wide")
    st.html(STYLE)
    form.keep_values()
    current = st.navigation(PAGES, position="hidden")
    # On a phone, Streamlit puts its own navigation into a drawer that stays open over the page.
    with st.container(horizontal=True, key="pages"):
        for page in PAGES:
            st.page_link(page, width="content")
    current.run()
