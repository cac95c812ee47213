"""Texts of Streamlit's own widgets, for which it has no parameters, in the language of the visit.

A script in the page replaces them, including those that Streamlit draws later.
"""

import json
import re

from ui.language import choice
from ui.language.catalogue import N_, translations

TEXTS = (
    N_("Skip to main content"),
    N_("Upload"),
    N_("Drag and drop a file here"),
    N_("{size}MB per file"),
    N_("file upload"),
    N_("Remove {file}"),
    N_("Press Enter to apply"),
    N_("Press Enter to submit form"),
    N_("Add: {value}"),
    N_("No results"),
    N_("Select all"),
    N_("Selected values"),
    N_("Clear all"),
    N_("Clear value"),
    N_("Open"),
    N_("Close"),
    N_("Increment"),
    N_("Decrement"),
    N_("Help for {label}"),
    N_("Show password text"),
    N_("Hide password text"),
    N_("Copy to clipboard"),
    N_("Fullscreen"),
    N_("Close fullscreen"),
    N_("Search"),
    N_("Download as CSV"),
    N_("Show/hide columns"),
)
"""Streamlit's texts, shown in an element or used as its accessible name."""
PART = re.compile(r"\{\w+\}")

SCRIPT = """
<script>
document.documentElement.lang = %(language)s;
window.ownTexts = %(texts)s.map(([from, to]) => [new RegExp(from), to]);
if (!window.replaceOwnTexts) {
  const say = text => {
    const found = text && window.ownTexts.find(([from]) => from.test(text));
    return found ? text.replace(...found) : text;
  };
  const names = ['aria-label', 'title', 'placeholder'];
  window.replaceOwnTexts = node => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = say(node.data);
      if (text !== node.data) node.data = text;
    }
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    for (const name of names) {
      const text = say(node.getAttribute(name));
      if (text !== node.getAttribute(name)) node.setAttribute(name, text);
    }
    // An icon is a font that draws its English name.
    if (node.translate) node.childNodes.forEach(window.replaceOwnTexts);
  };
  const changed = change => change.type === 'childList' ? change.addedNodes : [change.target];
  new MutationObserver(changes => changes.forEach(change =>
    changed(change).forEach(node => window.replaceOwnTexts(node))
  )).observe(document.body, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: names
  });
}
window.replaceOwnTexts(document.body);
</script>
"""


def script() -> str:
    """Return the script that sets the language of the page and replaces Streamlit's texts."""
    language = choice.current()
    # After a switch, texts on the page may be in any of the other languages.
    texts = [
        (_pattern(_in(other, text)), _replacement(_in(language, text)))
        for text in TEXTS
        for other in choice.LANGUAGES
        if other != language
    ]
    texts = [pair for pair in texts if pair[0] != f"^{pair[1]}$"]
    return SCRIPT % {"language": json.dumps(language), "texts": json.dumps(texts)}


def _in(language: str, text: str) -> str:
    return translations(language).gettext(text)


def _pattern(text: str) -> str:
    """Return a regular expression of JavaScript; each placeholder is a group."""
    return f"^{'(.+)'.join(re.escape(piece) for piece in PART.split(text))}$"


def _replacement(text: str) -> str:
    """Return what JavaScript puts in place of a match."""
    numbers = iter(range(1, 10))
    return PART.sub(lambda _part: f"${next(numbers)}", text)
