"""A form made from what `GET /schema` says; no field is known here by name."""

import re
from collections.abc import Mapping
from typing import Any

import streamlit as st

from ui.client import Json
from ui.wording import icd9

COLUMNS = 3
NOT_SHOWN = ("key", "ignored")
"""Kinds of field no model looks at: not asked for, so that no identifier is typed here."""

ICONS = {
    "Patient": ":material/person:",
    "This stay": ":material/local_hospital:",
    "Year before this stay": ":material/history:",
    "Tests": ":material/science:",
    "Diagnoses": ":material/clinical_notes:",
    "Medicines": ":material/medication:",
}
ORDER = list(ICONS)

PREFIX = "field:"
MEDICINES = PREFIX + "medicines"


def key_of(name: str) -> str:
    """Return the widget key of a field, under which its value lives in the session."""
    return PREFIX + name


def keep() -> None:
    """Keep what was entered through a run that does not draw the form."""
    for key in st.session_state:
        if str(key).startswith(PREFIX):
            # Streamlit forgets the value of a widget that is not drawn, unless it is set.
            st.session_state[key] = st.session_state[key]


def asked(description: Json) -> list[Json]:
    """Return the fields that the form asks for."""
    return [field for field in description["fields"] if field["kind"] not in NOT_SHOWN]


def fill(encounter: Mapping[str, Any], fields: list[Json]) -> None:
    """Enter an encounter; for use before the form is drawn."""
    medicines = [field for field in fields if field["medicine"]]
    given = [m["name"] for m in medicines if encounter[m["name"]] != _none(m)]
    st.session_state[MEDICINES] = given
    for field in fields:
        if not field["medicine"] or field["name"] in given:
            st.session_state[key_of(field["name"])] = encounter[field["name"]]


def show_presets(presets: list[Json], fields: list[Json]) -> None:
    """Offer whole encounters to start from."""
    if not presets:
        return
    st.caption("Start from an example, then change what differs:")
    for place, preset in zip(st.columns(len(presets)), presets, strict=True):
        place.button(
            preset["title"],
            key=f"preset:{preset['name']}",
            width="stretch",
            wrap=True,
            on_click=fill,
            args=(preset["encounter"], fields),
        )


def expectation(expected: str, missing: str) -> str:
    """Return what the API expects in the words of this form, where missing is not recorded."""
    return expected.replace(f", or {missing!r} when missing", ", or not recorded")


def meanings_of(field: Json, missing: str) -> dict[str, str]:
    """Return each value of a field that can be listed, and what it means."""
    listed = icd9.MEANINGS if field["kind"] == "diagnosis" else field["values"]
    return ({missing: "Not recorded"} if field["nullable"] else {}) | listed


def in_words(field: Json, value: Any, missing: str) -> str:
    """Return a value as a clinician would say it."""
    text = str(value)
    if field["kind"] == "diagnosis" and text != missing:
        return icd9.describe(text)
    meaning = meanings_of(field, missing).get(text, text)
    return _spaced(text) if meaning == text else meaning


def _spaced(text: str) -> str:
    """Return a value that is its own meaning with spaces: InternalMedicine, HeadandNeck."""
    apart = re.sub(r"(?<=[a-z])(and|within)(?=[A-Z])", r" \1", text)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", apart)


def show(description: Json) -> Json:
    """Draw the form and return the encounter it holds now."""
    fields = asked(description)
    encounter: Json = {}
    for section in _sections(fields):
        members = [field for field in fields if field["section"] == section]
        with st.container(border=True):
            st.header(f"{ICONS.get(section, '')} {section}", anchor=False)
            encounter |= _section(members, description["missing"])
    return encounter


def _sections(fields: list[Json]) -> list[str]:
    found = dict.fromkeys(field["section"] for field in fields)
    return sorted(found, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


def _section(fields: list[Json], missing: str) -> Json:
    medicines = [field for field in fields if field["medicine"]]
    others = [field for field in fields if not field["medicine"]]
    encounter = _grid(others, missing)
    return encounter | _medicines(medicines) if medicines else encounter


def _grid(fields: list[Json], missing: str) -> Json:
    encounter: Json = {}
    for start in range(0, len(fields), COLUMNS):
        places = st.columns(COLUMNS, vertical_alignment="bottom")
        for place, field in zip(places, fields[start : start + COLUMNS], strict=False):
            with place:
                encounter[field["name"]] = _widget(field, missing)
    return encounter


def _start_with(name: str, value: Any) -> str:
    """Set the first value of a field; return its widget key."""
    st.session_state.setdefault(key_of(name), value)
    return key_of(name)


def _widget(field: Json, missing: str) -> Any:
    return _number(field) if field["minimum"] is not None else _choice(field, missing)


def _number(field: Json) -> int:
    return int(
        st.number_input(
            field["label"],
            min_value=field["minimum"],
            max_value=field["maximum"],
            step=1,
            help=f"{field['meaning']} {field['minimum']} to {field['maximum']}.",
            key=_start_with(field["name"], field["example"]),
        )
    )


def _choice(field: Json, missing: str) -> str:
    is_diagnosis, is_open = field["kind"] == "diagnosis", field["pattern"] is not None
    chosen = st.selectbox(
        field["label"],
        list(meanings_of(field, missing)),
        format_func=lambda value: in_words(field, value, missing),
        accept_new_options=is_open,
        filter_mode="contains",
        help=f"{field['meaning']} {_hint(is_diagnosis, is_open)}".strip(),
        key=_start_with(field["name"], field["example"]),
    )
    text = str(chosen).strip()
    return text.upper() if is_diagnosis else text


def _hint(is_diagnosis: bool, is_open: bool) -> str:
    if is_diagnosis:
        return "Type a word such as *kidney* to find it, or any ICD-9 code such as 250.83."
    return "Not in the list? Type it." if is_open else ""


def _none(medicine: Json) -> str:
    """Return the value of a medicine that was not prescribed: the first of its scale."""
    return str(next(iter(medicine["values"])))


def _medicines(fields: list[Json]) -> Json:
    """Ask which medicines were given and then for the dose of those, not for all 23."""
    by_name = {field["name"]: field for field in fields}
    st.session_state.setdefault(MEDICINES, [f["name"] for f in fields if f["example"] != _none(f)])
    chosen = st.multiselect(
        "Diabetes medicines prescribed",
        list(by_name),
        format_func=lambda name: by_name[name]["label"],
        placeholder="None: choose or type a name",
        help="Those not chosen are taken as not prescribed.",
        key=MEDICINES,
    )
    doses = {name: _dose(by_name[name]) for name in chosen}
    return {name: _none(field) for name, field in by_name.items()} | doses


def _dose(field: Json) -> str:
    meanings = {value: text for value, text in field["values"].items() if value != _none(field)}
    return str(
        st.radio(
            field["label"],
            list(meanings),
            format_func=lambda value: meanings[value].removeprefix("Prescribed, "),
            horizontal=True,
            key=key_of(field["name"]),
        )
    )
