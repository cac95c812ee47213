"""Everything that the page says is in the catalogue of each language, and translated."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from readmission.settings import CHECKOUT
from tests.ui.language.messages import MARKS, catalogue_of_messages
from ui.language import LANGUAGES
from ui.language.catalogue import FOLDER
from ui.language.choice import SOURCE

TRANSLATED = [language for language in LANGUAGES if language != SOURCE]
PARTS = re.compile(r"\{\w+\}|`[^`{]+`|\*\*")
"""What a translation must keep: placeholders, code and bold type."""
READABLE = re.compile(r"[a-z]{2}[^<>{}]* [a-z]|^[A-Z][a-z]+$")
"""What reads like a text for people: several words, or one word with a capital letter."""
STYLE_SHEET = re.compile("<style>|<script>")
NOT_SHOWN = ("log", "ApiUnavailable", "TypeError", "exit")
"""Functions whose arguments nobody reads on the page."""
NO_TEXTS = {"English", "Hm", "The service responded with status ", ", or not recorded"}
NO_TEXTS |= {" when missing"}
"""The language's own name, a format, and pieces of sentences that `sentences` translates."""


def catalogue_of(language: str) -> Catalog:
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def texts(message: Message) -> list[tuple[str, str]]:
    """Return each text of a message with its translation."""
    if isinstance(message.id, str):
        return [(message.id, str(message.string))]
    return list(zip(message.id, message.string, strict=True))


def faults(wanted: Catalog, catalogue: Catalog) -> Iterator[str]:
    """Yield what is wrong with a catalogue."""
    for message in wanted:
        found = catalogue.get(message.id)
        if not message.id:
            continue
        if found is None:
            yield f"missing: {message.id}"
            continue
        if found.fuzzy:
            yield f"fuzzy: {message.id}"
        for text, translation in texts(found):
            if not translation:
                yield f"untranslated: {text}"
            elif sorted(PARTS.findall(text)) != sorted(PARTS.findall(translation)):
                yield f"other placeholders: {text}"
            elif (text != text.strip()) != (translation != translation.strip()):
                yield f"other spaces at an end: {text!r}"
    for message in catalogue:
        if message.id and wanted.get(message.id) is None:
            yield f"shown by nothing: {message.id}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogue_has_every_message_with_a_translation(language: str) -> None:
    assert list(faults(catalogue_of_messages(), catalogue_of(language))) == []


def test_odds_are_not_translated_as_an_odds_ratio() -> None:
    """In Spanish, "razón de momios" is the quotient of two odds."""
    pairs = [pair for message in catalogue_of("es") if message.id for pair in texts(message)]
    odds = [translation for text, translation in pairs if re.search(r"\bodds\b", text)]

    assert len(odds) >= 2
    assert not [translation for translation in odds if "razón" in translation]


@pytest.mark.parametrize(
    ("translation", "fault"),
    [
        ("", "untranslated: {rows} rows in `raw`"),
        ("filas en `raw`", "other placeholders: {rows} rows in `raw`"),
        ("{filas} filas en `raw`", "other placeholders: {rows} rows in `raw`"),
        ("{rows} filas en `bruto`", "other placeholders: {rows} rows in `raw`"),
        (" {rows} filas en `raw`", "other spaces at an end: '{rows} rows in `raw`'"),
    ],
)
def test_a_bad_translation_is_found(translation: str, fault: str) -> None:
    wanted, catalogue = Catalog(), Catalog()
    wanted.add("{rows} rows in `raw`")
    catalogue.add("{rows} rows in `raw`", translation)

    assert list(faults(wanted, catalogue)) == [fault]


def test_a_missing_and_a_useless_message_are_found() -> None:
    wanted, catalogue = Catalog(), Catalog()
    wanted.add("Predict")
    catalogue.add("Forecast", "Pronosticar")

    assert list(faults(wanted, catalogue)) == ["missing: Predict", "shown by nothing: Forecast"]


def unmarked(source: str) -> Iterator[Any]:
    """Yield the texts of a module that people may read but that no function marks."""
    tree = ast.parse(source)
    silent = {id(node) for node in ast.walk(tree) if _is_not_shown(node)}
    for parent in ast.walk(tree):
        if id(parent) in silent:
            silent |= {id(child) for child in ast.iter_child_nodes(parent)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in silent and _is_text(node.value):
            yield node.value


def _is_text(value: object) -> bool:
    if not isinstance(value, str) or STYLE_SHEET.search(value) or value in NO_TEXTS:
        return False
    return READABLE.search(value) is not None


def _is_not_shown(node: ast.AST) -> bool:
    """Whether a node is a docstring, a message's mark, a log line, an error or an annotation."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        return name in (*MARKS, *NOT_SHOWN)
    return False


def test_every_text_of_the_page_is_marked_for_translation() -> None:
    files = sorted((CHECKOUT / "ui").rglob("*.py"))
    found = {text for file in files for text in unmarked(file.read_text())}

    assert found == set()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('st.title("Capacity")', ["Capacity"]),
        ('st.caption(f"about {n} of the patients")', [" of the patients"]),
        ('st.caption(_("about all of the patients"))', []),
        ('log.log(level, "a request came")', []),
        ('"""What this module does."""', []),
    ],
)
def test_an_unmarked_text_is_found(line: str, found: list[str]) -> None:
    assert list(unmarked(line)) == found
