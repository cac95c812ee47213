"""The frame that all pages share: style and navigation."""

import streamlit as st

from readmission import __version__
from ui.components import form, language_switch
from ui.language import N_, PARAMETER, _, builtin, choice

# The folder is not called `pages`: Streamlit would list its scripts until the navigation is drawn.
PAGES = (
    ("views/predict.py", N_("Predict"), ":material/stethoscope:"),
    ("views/files.py", N_("Files"), ":material/table_view:"),
    ("views/model.py", N_("Model"), ":material/model_training:"),
    ("views/capacity.py", N_("Capacity"), ":material/groups:"),
    ("views/quality.py", N_("Data quality"), ":material/fact_check:"),
)
"""Script, title and icon of each page; the first one opens without a path."""

STYLE = """
<style>
.block-container { padding-top: 1.5rem; }
header[data-testid="stHeader"] { display: none; }
/* Has nothing to show, but would get a gap. */
.st-key-language { position: absolute; }
/* By default, captions have a contrast below 4.5 : 1. */
[data-testid="stCaptionContainer"] { color: #4d5a61; opacity: 1; }
/* Nine figures stand side by side. */
.st-key-rows [data-testid="stMetricValue"] { font-size: 1.5rem; }
[data-testid="stMetricLabel"] * { white-space: normal !important; }
/* Streamlit stacks columns on a phone; two metrics still fit side by side. */
@media (max-width: 640px) {
  [data-testid="stColumn"]:has([data-testid="stMetric"]) {
    min-width: calc(50% - 1rem) !important; flex: 1 1 calc(50% - 1rem) !important;
  }
}
/* It writes texts like formulas as they are; the pages have downloads of their own. */
[data-testid="stElementToolbarButton"]:has([aria-label^="Download as CSV"]) { display: none; }
/* The form has changed since this prediction. */
.st-key-stale_prediction { opacity: .6; filter: grayscale(1); }
/* On a phone the form is long: its button stays in sight. */
@media (max-width: 899px) {
  .st-key-predict_button {
    position: fixed; inset: auto 0 0 0; z-index: 99; padding: .5rem 1rem; background: #fff;
    border-top: 1px solid #d5dade;
  }
  .block-container { padding-bottom: 6rem; }
}
/* The prediction stays visible while the form scrolls. */
@media (min-width: 900px) {
  [data-testid="stColumn"]:has(.st-key-prediction) {
    position: sticky; top: 4rem; align-self: start;
  }
}
</style>
"""

SCROLLING = """
<script>
if (!window.watchTables) {
  // A keyboard scrolls what has the focus, which Streamlit gives to no table.
  const widths = new ResizeObserver(entries => entries.forEach(({target}) => {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute('tabindex');
  }));
  const watched = new WeakSet();
  window.watchTables = () => {
    for (const table of document.querySelectorAll('[data-testid="stTable"] > div')) {
      if (watched.has(table)) continue;
      watched.add(table);
      widths.observe(table);
    }
  };
  new MutationObserver(window.watchTables).observe(document.body, {subtree: true, childList: true});
}
window.watchTables();
</script>
"""


def show() -> None:
    """Draw the frame and the current page."""
    st.set_page_config(page_title=_("Readmission risk"), page_icon="🏥", layout="wide")
    st.html(STYLE)
    with st.container(key="language"):
        st.html(builtin.script() + SCROLLING, unsafe_allow_javascript=True)
    form.keep_values()
    pages = [
        st.Page(script, title=_(title), icon=icon, default=number == 0)
        for number, (script, title, icon) in enumerate(PAGES)
    ]
    current = st.navigation(pages, position="hidden")
    language = choice.chosen()
    # On a phone, Streamlit puts its own navigation into a drawer that stays open over the page.
    with st.container(horizontal=True, vertical_alignment="center", key="pages"):
        for page in pages:
            # Without this, the link to another page would drop the language.
            kept = {PARAMETER: language} if language else None
            st.page_link(page, width="content", query_params=kept)
        language_switch.show()
    current.run()
    st.caption(_("System release {release}", release=__version__))
