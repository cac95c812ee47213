"""The form for one encounter, built from `GET /schema`; no field is named here."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from ui.client import Json
from ui.language import N_, _, formats
from ui.wording import fields

COLUMNS = 3
KEPT = ("discharged", "followed")
"""Values of the page Capacity that other pages use."""
HIDDEN_KINDS = ("key", "ignored")
"""Kinds of field that no model uses, such as identifiers. The form does not ask for them."""

ICONS = {
    N_("Patient"): ":material/person:",
    N_("This stay"): ":material/local_hospital:",
    N_("Year before this stay"): ":material/history:",
    N_("Tests"): ":material/science:",
    N_("Diagnoses"): ":material/clinical_notes:",
    N_("Medicines"): ":material/medication:",
}
"""Icon of each section, in the order of the form; unknown sections come last."""
ORDER = list(ICONS)

PREFIX = "field:"
MEDICINES = PREFIX + "medicines"


def widget_key(name: str) -> str:
    """Return the session key under which Streamlit keeps the value of a field."""
    return PREFIX + name


def keep_values() -> None:
    """Keep the entered values while another page is shown."""
    for key in st.session_state:
        if str(key).startswith(PREFIX) or key in KEPT:
            # Streamlit drops the value of a widget that is not drawn, unless it is assigned.
            st.session_state[key] = st.session_state[key]


def visible_fields(schema: Json) -> list[Json]:
    """Return the fields that the form shows."""
    return [field for field in schema["fields"] if field["kind"] not in HIDDEN_KINDS]


def fill(encounter: Mapping[str, Any], visible: list[Json]) -> None:
    """Enter an encounter into the form; call this before the form is drawn."""
    medicines = [field for field in visible if field["medicine"]]
    prescribed = [m["name"] for m in medicines if encounter[m["name"]] != _not_prescribed(m)]
    st.session_state[MEDICINES] = prescribed
    for field in visible:
        if not field["medicine"] or field["name"] in prescribed:
            st.session_state[widget_key(field["name"])] = encounter[field["name"]]


def show_presets(presets: list[Json], visible: list[Json]) -> None:
    """Draw a button for each example patient."""
    if not presets:
        return
    st.caption(_("Start from an example and change what differs:"))
    for column, preset in zip(st.columns(len(presets)), presets, strict=True):
        column.button(
            _(preset["title"]),
            key=f"preset:{preset['name']}",
            width="stretch",
            wrap=True,
            on_click=fill,
            args=(preset["encounter"], visible),
        )


def show(schema: Json) -> Json:
    """Draw the form and return the encounter that is entered."""
    visible = visible_fields(schema)
    encounter: Json = {}
    for section in _sections(visible):
        members = [field for field in visible if field["section"] == section]
        with st.container(border=True):
            st.header(f"{ICONS.get(section, '')} {_(section)}", anchor=False)
            encounter |= _section(members, schema["missing"])
    return encounter


def _sections(visible: list[Json]) -> list[str]:
    names = dict.fromkeys(field["section"] for field in visible)
    return sorted(names, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


def _section(members: list[Json], missing: str) -> Json:
    medicines = [field for field in members if field["medicine"]]
    others = [field for field in members if not field["medicine"]]
    encounter = _grid(others, missing)
    return encounter | _medicines(medicines) if medicines else encounter


def _grid(members: list[Json], missing: str) -> Json:
    encounter: Json = {}
    for start in range(0, len(members), COLUMNS):
        columns = st.columns(COLUMNS, vertical_alignment="bottom")
        for column, field in zip(columns, members[start : start + COLUMNS], strict=False):
            with column:
                encounter[field["name"]] = _widget(field, missing)
    return encounter


def _widget(field: Json, missing: str) -> Any:
    return _number(field) if field["minimum"] is not None else _choice(field, missing)


def _key_with_default(field: Json) -> str:
    """Enter the example value unless the field has a value; return the session key."""
    key = widget_key(field["name"])
    st.session_state.setdefault(key, field["example"])
    return key


def _number(field: Json) -> int:
    return int(
        st.number_input(
            _(field["label"]),
            min_value=field["minimum"],
            max_value=field["maximum"],
            step=1,
            help=_(
                "{meaning} From {minimum} to {maximum}.",
                meaning=_(field["meaning"]),
                minimum=formats.number(field["minimum"]),
                maximum=formats.number(field["maximum"]),
            ),
            key=_key_with_default(field),
        )
    )


def _choice(field: Json, missing: str) -> str:
    is_diagnosis, accepts_new = field["kind"] == "diagnosis", field["pattern"] is not None
    chosen = st.selectbox(
        _(field["label"]),
        list(fields.meanings(field, missing)),
        format_func=fields.wording(field, missing),
        accept_new_options=accepts_new,
        filter_mode="contains",
        help=f"{_(field['meaning'])} {_hint(is_diagnosis, accepts_new)}".strip(),
        key=_key_with_default(field),
    )
    text = str(chosen).strip()
    return text.upper() if is_diagnosis else text


def _hint(is_diagnosis: bool, accepts_new: bool) -> str:
    if is_diagnosis:
        return _(
            "Search by a word, such as *kidney*, or type any ICD-9 or ICD-10 code: 250.83, E11.9."
        )
    return _("If it is not in the list, type it.") if accepts_new else ""


def _not_prescribed(medicine: Json) -> str:
    """Return the value for a medicine that was not prescribed: the first on its scale."""
    return str(next(iter(medicine["values"])))


def _medicines(medicines: list[Json]) -> Json:
    """Draw one list of all medicines, then the dose of each chosen one only."""
    by_name = {medicine["name"]: medicine for medicine in medicines}
    defaults = [m["name"] for m in medicines if m["example"] != _not_prescribed(m)]
    st.session_state.setdefault(MEDICINES, defaults)
    labels = {name: _(medicine["label"]) for name, medicine in by_name.items()}
    chosen = st.multiselect(
        _("Diabetes medicines prescribed"),
        list(by_name),
        format_func=labels.__getitem__,
        placeholder=_("None. Choose or type a name"),
        help=_("Medicines that you do not choose count as not prescribed."),
        key=MEDICINES,
    )
    doses = {name: _dose(by_name[name]) for name in chosen}
    return {name: _not_prescribed(medicine) for name, medicine in by_name.items()} | doses


def _dose(medicine: Json) -> str:
    options = [value for value in medicine["values"] if value != _not_prescribed(medicine)]
    doses = {value: _dose_in_words(medicine["values"][value]) for value in options}
    return str(
        st.radio(
            _(medicine["label"]),
            options,
            format_func=doses.__getitem__,
            horizontal=True,
            key=widget_key(medicine["name"]),
        )
    )


def _dose_in_words(meaning: str) -> str:
    """Return what a dose means without the word that the list of medicines already says."""
    return _(meaning).partition(", ")[2] or _(meaning)
