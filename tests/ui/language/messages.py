"""The messages that need a translation; `python -m tests.ui.language.messages` collects them.

New messages are added without a translation, and those that nothing shows any more are removed.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from api.contract.form.description import DESCRIPTION
from api.routes.quality import STATUSES
from readmission.domain import schema
from readmission.modelling.families import FAMILIES
from readmission.quality.catalogue import GATES
from readmission.serving import card
from readmission.settings import CHECKOUT
from ui.language import LANGUAGES
from ui.language.catalogue import FOLDER
from ui.language.choice import SOURCE
from ui.language.sentences import spaced
from ui.wording import icd9

MARKS = ("_", "N_", "ngettext")
"""Functions whose literal arguments are messages."""
HEADER = r"""# What the page says. `python -m tests.ui.language.messages` adds new messages.
msgid ""
msgstr ""
"Language: {0.locale}\n"
"Plural-Forms: {0.plural_forms}\n"
"Content-Type: text/plain; charset=utf-8\n"

"""
WIDTH = 100


def catalogue_of_messages() -> Catalog:
    """Return every message that the page can show, without a translation."""
    catalogue = Catalog(project="readmission", charset="utf-8")
    for file, message in _messages():
        catalogue.add(message, locations=[(file, 1)])
    return catalogue


def _messages() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    for file in sorted((CHECKOUT / "ui").rglob("*.py")):
        for message in marked(ast.parse(file.read_text())):
            yield str(file.relative_to(CHECKOUT)), message
    for text in _texts_of_the_schema():
        yield "include/readmission/domain/schema.py", text
    for meaning in icd9.MEANINGS.values():
        yield "ui/wording/icd9.csv", meaning
    for text in (card.INTENDED_USE, *card.LIMITS):
        yield "include/readmission/serving/card/__init__.py", text
    for family in FAMILIES.values():
        yield "include/readmission/modelling/families", family.title
    for gate in GATES:
        yield "include/readmission/quality/catalogue.py", gate.title
    for status in STATUSES:
        yield "api/routes/quality.py", status["title"]


def marked(tree: ast.AST) -> Iterator[str | tuple[str, ...]]:
    """Yield the messages in the calls of `MARKS`; Babel does not look into f-strings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
            texts = [
                argument.value
                for argument in node.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            ]
            if texts:
                yield texts[0] if len(texts) == 1 else tuple(texts)


def _texts_of_the_schema() -> Iterable[str]:
    """Return the texts of a form: labels, help, sections, values, outcomes and presets."""
    texts = [preset["title"] for preset in DESCRIPTION["presets"]]
    texts += DESCRIPTION["classes"].values()
    for field in DESCRIPTION["fields"]:
        texts += [field["section"], field["label"], field["meaning"]]
        texts += [
            spaced(meaning) if meaning == value else meaning
            for value, meaning in field["values"].items()
        ]
    texts.append(schema.UNKNOWN)
    # A code that nobody can spell out, such as a payer's, is the same in every language.
    return dict.fromkeys(text for text in texts if not text.isupper())


def update(language: str) -> None:
    """Bring the catalogue of a language up to date with the messages."""
    path = FOLDER / f"{language}.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    catalogue.update(catalogue_of_messages(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    save(catalogue, path)


def save(catalogue: Catalog, path: Path) -> None:
    """Write a catalogue without the header's names and times, which Git knows."""
    with path.open("wb") as file:
        file.write(HEADER.format(catalogue).encode())
        write_po(file, catalogue, width=WIDTH, include_lineno=False, omit_header=True)


def main() -> None:
    """Update every catalogue."""
    for language in LANGUAGES:
        if language != SOURCE:
            update(language)


if __name__ == "__main__":
    main()
