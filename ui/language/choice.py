"""Which language a visit has: the one in the link, else the browser's, else English."""

from collections.abc import Mapping
from types import MappingProxyType

import streamlit as st
from babel import Locale, UnknownLocaleError
from streamlit.runtime.scriptrunner import get_script_run_ctx

SOURCE = "en"
"""The language that the sources are written in."""
LANGUAGES: Mapping[str, str] = MappingProxyType({SOURCE: "English", "es": "Español"})
"""Name of each language in itself, by its code."""
PARAMETER = "lang"
"""Parameter of the link that names the language."""


def chosen() -> str | None:
    """Return the language that the link names, or None."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    named = st.query_params.get(PARAMETER, "")
    return named if named in LANGUAGES else None


def current() -> str:
    """Return the language of this visit."""
    return chosen() or _language_of(_browser()) or SOURCE


def locale() -> Locale:
    """Return the locale of numbers and dates: the browser's if its language is the page's."""
    language, browser = current(), _browser()
    if _language_of(browser) == language:
        return Locale.parse(browser, sep="-")
    return Locale(language)


def _browser() -> str:
    """Return the language tag of the browser, such as ``es-CO``; empty if it has none."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return ""
    return st.context.locale or ""


def _language_of(tag: str) -> str | None:
    """Return the language of a tag, or None if there is no such page or no such country."""
    try:
        language = Locale.parse(tag, sep="-").language if tag else ""
    except (ValueError, UnknownLocaleError):
        return None
    return language if language in LANGUAGES else None
