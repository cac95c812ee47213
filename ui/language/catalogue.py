"""The catalogue of each language: the page's texts by their English source.

`_` and `ngettext` translate at once; `N_` only marks a text of a constant, which is translated
where it is shown. `tests/ui/language/messages.py` collects all of them into the catalogues.
"""

from collections.abc import Callable
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from ui.language import choice

FOLDER = Path(__file__).parent


def _(message: str, /, **values: Any) -> str:
    """Return a message in the language of this visit, with values in place of ``{names}``."""
    translated = translator()(message)
    return translated.format(**values) if values else translated


def translator() -> Callable[[str], str]:
    """Return a function that translates many messages; it looks the language up only once."""
    gettext = translations(choice.current()).gettext
    # The empty message is the header of the catalogue.
    return lambda message: gettext(message) if message else ""


def ngettext(singular: str, plural: str, count: int, /, **values: Any) -> str:
    """Return the message for a number of things, with values in place of ``{names}``."""
    translated = translations(choice.current()).ngettext(singular, plural, count)
    return translated.format(**values)


def N_(message: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """Mark a message for the catalogues and return it unchanged."""
    return message


@cache
def translations(language: str) -> NullTranslations:
    """Return the messages of a language, compiled in memory from its catalogue."""
    path = FOLDER / f"{language}.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
