"""A link that opens the form as it is filled in; the entries stay in this server's memory.

Addresses end up in the browser's history and in the logs of proxies, so a link holds a random
code and no entries.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from urllib.parse import urlencode

import streamlit as st

from ui.client import Json
from ui.components import form
from ui.language import PARAMETER as LANGUAGE
from ui.language import _, formats

HOURS = 24
"""How long a link works."""
MAX_FORMS = 1_000
"""Forms that are stored; a new one replaces the oldest."""
CODE_BYTES = 24
PARAMETER = "form"

CREATED, OPENED = "link_created", "link_opened"
"""Session keys: the newest link with its encounter, and the code that last filled the form."""


@dataclass(frozen=True)
class StoredForm:
    """The form that one link opens.

    Parameters
    ----------
    encounter : dict
        What was entered.
    version : str
        Version of the schema; a form with other fields cannot show the entries.
    expires : float
        In seconds, by the clock of the store.
    """

    encounter: Json
    version: str
    expires: float


class FormStore:
    """The forms behind all links, in memory only.

    Parameters
    ----------
    clock : callable
        Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._forms: OrderedDict[str, StoredForm] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._forms)

    def add(self, encounter: Json, version: str) -> str:
        """Store a form for `HOURS`; return a code for it that nobody can guess."""
        code = secrets.token_urlsafe(CODE_BYTES)
        with self._lock:
            self._evict(room=1)
            expires = self._clock() + 3_600 * HOURS
            self._forms[code] = StoredForm(dict(encounter), version, expires)
        return code

    def find(self, code: str, version: str) -> Json | None:
        """Return the encounter for a code, or None if it expired or the schema has changed."""
        with self._lock:
            self._evict(room=0)
            stored = self._forms.get(code)
        return stored.encounter if stored and stored.version == version else None

    def _evict(self, room: int) -> None:
        """Remove expired forms, then the oldest ones until there is room for `room` more."""
        while self._forms:
            oldest = next(iter(self._forms.values()))
            if oldest.expires > self._clock() and len(self._forms) + room <= MAX_FORMS:
                return
            self._forms.popitem(last=False)


@st.cache_resource
def store() -> FormStore:
    """Return the store, which all sessions share."""
    return FormStore()


def show(encounter: Json, schema: Json) -> None:
    """Offer a link to the form as it is filled in now."""
    # Not a popover: next to a sticky column it can open below the edge of the window.
    with st.expander(_("Link to this form"), icon=":material/link:"):
        st.markdown(
            _(
                "The link opens the form as it is filled in now. It works for {hours} hours, or "
                "until this app restarts. Your entries stay in the memory of this app's server; "
                "the link itself is a random code. Anyone who has the link can open the form.",
                hours=formats.number(HOURS),
            )
        )
        if st.button(_("Create a link"), icon=":material/add_link:"):
            code = store().add(encounter, schema["version"])
            st.session_state[CREATED] = (encounter, _address(code))
        linked, address = st.session_state.get(CREATED, (None, ""))
        if linked == encounter:
            st.code(address, language=None, wrap_lines=True)
        elif linked is not None:
            st.caption(_("The form has changed since the last link was created."))


def _address(code: str) -> str:
    page = (st.context.url or "").split("?")[0]
    return f"{page}?{urlencode({PARAMETER: code})}"


def open_from_address(schema: Json) -> None:
    """Fill the form from the link in the address, once in a session.

    The code stays in the address: removing it would add an entry to the browser's history and
    break the Back button.
    """
    if not set(st.query_params) - {LANGUAGE}:
        return
    code = st.query_params.get(PARAMETER, "")
    if code and st.session_state.get(OPENED) == code:
        return
    encounter = store().find(code, schema["version"])
    if encounter is None:
        st.warning(
            _(
                "**This link no longer works.** Links expire after {hours} hours or when this app "
                "restarts. The form below is **not** the shared one: ask for a new link, or fill "
                "it in yourself.",
                hours=formats.number(HOURS),
            ),
            icon=":material/link_off:",
        )
        return
    st.session_state[OPENED] = code
    form.fill(encounter, form.visible_fields(schema))
