"""The language of the page: texts, numbers and dates as its reader writes them.

English is the language of the sources; every other one has a gettext catalogue in this folder.
"""

from ui.language.catalogue import N_, _, ngettext, translator
from ui.language.choice import LANGUAGES, PARAMETER, current

__all__ = ["LANGUAGES", "N_", "PARAMETER", "_", "current", "ngettext", "translator"]
