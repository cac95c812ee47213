"""A form made from what `GET /schema` says; no field is known here by name."""

from typing import Any

import streamlit as st

from ui.client import Json

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


def key_of(name: str) -> str:
    """Return the widget key of a field, under which its value lives in the session."""
    return PREFIX + name


def keep() -> None:
    """Keep what was entered through a run that does not draw the form."""
    for key in st.session_state:
        if str(key).startswith(PREFIX):
            # Streamlit forgets the value of a widget that is not drawn, unless it is set.
            st.session_state[key] = st.session_state[key]


def _start_with(name: str, value: Any) -> str:
    """Set the first value of a field; return its widget key."""
    st.session_state.setdefault(key_of(name), value)
    return key_of(name)


def expectation(expected: str, missing: str) -> str:
    """Return what the API expects in the words of this form, where missing is left empty."""
    return expected.replace(f", or {missing!r} when missing", ", or nothing")


def show(description: Json) -> Json:
    """Draw the form and return the encounter it holds now."""
    fields = [field for field in description["fields"] if field["kind"] not in NOT_SHOWN]
    encounter: Json = {}
    for section in _sections(fields):
        members = [field for field in fields if field["section"] == section]
        with st.container(border=True):
            st.markdown(f"##### {ICONS.get(section, '')} {section}")
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


def _widget(field: Json, missing: str) -> Any:
    if field["minimum"] is not None:
        return _number(field)
    return _choice(field, missing) if field["values"] else _text(field, missing)


def _number(field: Json) -> int:
    return int(
        st.number_input(
            field["label"],
            min_value=field["minimum"],
            max_value=field["maximum"],
            step=1,
            help=f"{field['minimum']} to {field['maximum']}",
            key=_start_with(field["name"], field["example"]),
        )
    )


def _choice(field: Json, missing: str) -> str:
    meanings = ({missing: "Not recorded"} if field["nullable"] else {}) | field["values"]
    hint = "Not in the list? Type it." if field["open_set"] else None
    return str(
        st.selectbox(
            field["label"],
            list(meanings),
            format_func=lambda value: meanings.get(value, value),
            accept_new_options=field["open_set"],
            help=hint,
            key=_start_with(field["name"], field["example"]),
        )
    )


def _text(field: Json, missing: str) -> str:
    typed = st.text_input(
        field["label"],
        max_chars=10,
        placeholder="none",
        help=f"Expected: {expectation(field['expected'], missing)}.",
        key=_start_with(field["name"], field["example"]),
    )
    return typed.strip().upper() or missing


def _medicines(fields: list[Json]) -> Json:
    """Ask which medicines were given and then for the dose of those, not for all 23."""
    by_name = {field["name"]: field for field in fields}
    none = next(iter(fields[0]["values"]))
    given = [name for name, field in by_name.items() if field["example"] != none]
    chosen = st.multiselect(
        "Diabetes medicines prescribed",
        list(by_name),
        format_func=lambda name: by_name[name]["label"],
        placeholder="None: choose or type a name",
        help="Those not chosen are taken as not prescribed.",
        key=_start_with("medicines", given),
    )
    doses = {name: _dose(by_name[name], none) for name in chosen}
    return dict.fromkeys(by_name, none) | doses


def _dose(field: Json, none: str) -> str:
    meanings = {value: text for value, text in field["values"].items() if value != none}
    options = list(meanings)
    return str(
        st.radio(
            field["label"],
            options,
            format_func=lambda value: meanings[value].removeprefix("Prescribed, "),
            horizontal=True,
            key=key_of(field["name"]),
        )
    )
