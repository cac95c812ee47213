"""A link that opens the form as it is filled in: clinical fields only, never an identifier."""

import re
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from ui import form
from ui.client import Json

LONGEST = 60
"""Characters of a value; nothing the service accepts is longer."""


def show(encounter: Json, fields: list[Json]) -> None:
    """Offer the link to what the form holds now."""
    with st.popover("Link to this form", icon=":material/link:"):
        st.markdown(
            "Opens the form as it is filled in now. The link holds the answers given here, no "
            "name and no number of a patient or stay. Who has it can read them."
        )
        st.code(address(encounter, fields), language=None, wrap_lines=True)


def address(encounter: Json, fields: list[Json]) -> str:
    """Return the link: what differs from the form as it opens."""
    usual = {field["name"]: field["example"] for field in fields}
    differs = {
        name: value
        for name, value in encounter.items()
        if name in usual and str(value) != str(usual[name])
    }
    page = (st.context.url or "").split("?")[0]
    return f"{page}?{urlencode(differs)}" if differs else page


def take(fields: list[Json], missing: str) -> None:
    """Fill the form from the address, once, and take it out of the address again."""
    if not st.query_params:
        return
    given = st.query_params.to_dict()
    # It would stay in the browser's list of pages and with every reload undo what is entered.
    st.query_params.clear()
    read = {field["name"]: _read(field, given.get(field["name"]), missing) for field in fields}
    found = {name: value for name, value in read.items() if value is not None}
    form.fill({field["name"]: field["example"] for field in fields} | found, fields)
    if set(given) - set(found):
        st.warning(
            "Parts of this link are not known here and were left out. Check the form.",
            icon=":material/link_off:",
        )


def _read(field: Json, text: str | None, missing: str) -> Any:
    """Return the value of a field, or None if the text is none the field could hold."""
    if text is None or len(text) > LONGEST:
        return None
    if field["minimum"] is not None:
        is_whole = text.isascii() and text.isdecimal()
        return int(text) if is_whole and field["minimum"] <= int(text) <= field["maximum"] else None
    matches = field["pattern"] is not None and re.fullmatch(field["pattern"], text)
    allowed = text in field["values"] or matches or (field["nullable"] and text == missing)
    return text if allowed else None
