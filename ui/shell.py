"""What all pages share: the frame around them and the pages there are."""

import streamlit as st

from ui.components import form

# Not `pages`: Streamlit lists a folder of that name by itself until the navigation is there.
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
/* The small grey print is paler than 4.5 : 1 by default. */
[data-testid="stCaptionContainer"] { color: #4d5a61; opacity: 1; }
[data-testid="stMetricLabel"] * { white-space: normal !important; }
/* Figures two in a row on a phone, where columns are below each other. */
@media (max-width: 640px) {
  [data-testid="stColumn"]:has([data-testid="stMetric"]) {
    min-width: calc(50% - 1rem) !important; flex: 1 1 calc(50% - 1rem) !important;
  }
}
@media (min-width: 900px) {
  [data-testid="stColumn"]:has(.st-key-answer) { position: sticky; top: 4rem; align-self: start; }
}
</style>
"""


def show() -> None:
    """Draw the frame and the page that is open."""
    st.set_page_config(page_title="Readmission risk", page_icon="🏥", layout="wide")
    st.html(STYLE)
    form.keep()
    page = st.navigation(PAGES, position="hidden")
    # Links of our own: on a phone Streamlit's lie in a drawer that stays open over the page.
    with st.container(horizontal=True, key="pages"):
        for other in PAGES:
            st.page_link(other, width="content")
    page.run()
