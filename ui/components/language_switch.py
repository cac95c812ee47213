"""The button that shows the page in another language."""

import streamlit as st

from ui.language import LANGUAGES, PARAMETER, current


def show() -> None:
    """Draw a button for each other language, under the language's own name."""
    for code, name in LANGUAGES.items():
        if code != current():
            st.button(
                name,
                key=f"language:{code}",
                icon=":material/translate:",
                type="tertiary",
                on_click=_choose,
                args=(code,),
            )


def _choose(code: str) -> None:
    st.query_params[PARAMETER] = code
