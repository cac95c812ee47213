"""A link that opens the form as it is filled in: a code; what it stands for stays on this server.

An address goes into the browser's history and into the logs of every proxy on its way, so it
holds nothing that was entered.
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

HOURS = 24
"""For which a link works."""
MOST = 1_000
"""Links kept; then the oldest gives way."""
CODE_BYTES = 24
PARAMETER = "form"

MADE, OPENED = "link_made", "link_opened"
"""Session keys: the last link with the encounter it is of; the last that filled the form."""


@dataclass(frozen=True)
class Kept:
    """What a link stands for.

    Parameters
    ----------
    encounter : dict
        The form as it was.
    version : str
        Of the fields; a form with others cannot take it.
    until : float
        Time of the clock.
    """

    encounter: Json
    version: str
    until: float


class Links:
    """What the links of the last hours stand for, in memory only.

    Parameters
    ----------
    clock : callable
        Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, encounter: Json, version: str) -> str:
        """Keep a form for some hours; return the code that opens it, which nobody can guess."""
        code = secrets.token_urlsafe(CODE_BYTES)
        with self._lock:
            self._forget()
            self._kept[code] = Kept(dict(encounter), version, self._clock() + 3_600 * HOURS)
        return code

    def find(self, code: str, version: str) -> Json | None:
        """Return the form behind a code, or None if it is unknown, too old or of other fields."""
        with self._lock:
            self._forget(room=0)
            kept = self._kept.get(code)
        return kept.encounter if kept and kept.version == version else None

    def _forget(self, room: int = 1) -> None:
        """Drop what is too old, and the oldest until there is room; they lie in order of time."""
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if oldest.until > self._clock() and len(self._kept) + room <= MOST:
                return
            self._kept.popitem(last=False)


@st.cache_resource
def links() -> Links:
    """Return the links, one store for all who look at the page."""
    return Links()


def show(encounter: Json, description: Json) -> None:
    """Offer a link to what the form holds now."""
    # In the flow of the page: what pops up beside a column that stays can lie below the window.
    with st.expander("Link to this form", icon=":material/link:"):
        st.markdown(
            f"Opens the form as it is filled in now, for {HOURS} hours or until this page is "
            "started anew. What you have entered stays in the memory of this page's server "
            "meanwhile; the link is a random code and says nothing of it. Who has the link can "
            "open the form."
        )
        if st.button("Make a link", icon=":material/add_link:"):
            code = links().keep(encounter, description["version"])
            st.session_state[MADE] = (encounter, _address(code))
        of, address = st.session_state.get(MADE, (None, ""))
        if of == encounter:
            st.code(address, language=None, wrap_lines=True)
        elif of is not None:
            st.caption("The form has changed since the last link was made.")


def _address(code: str) -> str:
    page = (st.context.url or "").split("?")[0]
    return f"{page}?{urlencode({PARAMETER: code})}"


def take(description: Json) -> None:
    """Fill the form with what the link in the address stands for, once in a visit.

    The code stays in the address: to take it out is another entry in the browser's history,
    from which there would be no way back.
    """
    if not st.query_params:
        return
    code = st.query_params.get(PARAMETER, "")
    if code and st.session_state.get(OPENED) == code:
        return
    encounter = links().find(code, description["version"])
    if encounter is None:
        st.warning(
            f"**This link does not open any more.** Links work for {HOURS} hours, and not after "
            "this page was started anew. The form below is **not** the one that was shared: ask "
            "for a new link, or fill it in.",
            icon=":material/link_off:",
        )
        return
    st.session_state[OPENED] = code
    form.fill(encounter, form.asked(description))
