"""The documents: their pages, translations, code, tables and links."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from readmission.settings import CHECKOUT

DOCS = CHECKOUT / "docs"
TRANSLATED = {CHECKOUT / "README.es.md": CHECKOUT / "README.md"} | {
    page: DOCS / "en" / page.name
    for page in (DOCS / "EVIDENCIAS.md", DOCS / "QUICK_REFERENCE.md", DOCS / "WINDOWS_GITBASH.md")
}
"""Pages in Spanish, and the same page in English."""
PAGES = sorted([*CHECKOUT.glob("*.md"), *DOCS.rglob("*.md")])

BLOCK = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_EXAMPLE = re.compile(r"^```diffstat$.*?^```$", re.MULTILINE | re.DOTALL)
"""A worked example: the files that it adds do not exist."""
SPAN = re.compile(r"`[^`\n]+`")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
_CELL = re.compile(r"(?<!\\)\|")
NUMBER = re.compile(r"\d(?:[\d.,-]*\d)?")


def address(page: Path) -> str:
    """Return the path of a page in the checkout."""
    return str(page.relative_to(CHECKOUT))


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return BLOCK.sub("", page.read_text())


@cache
def code(page: Path) -> str:
    """Return the code blocks and code spans of a page, one per line, without worked examples."""
    text = _EXAMPLE.sub("", page.read_text())
    return "\n".join([*BLOCK.findall(text), *SPAN.findall(BLOCK.sub("", text))])


@cache
def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page."""
    headings = _HEADING.findall(prose(page))
    return {re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings}


class TableRow(NamedTuple):
    """What a table row has in every language."""

    cells: int
    spans: list[str]
    numbers: list[str]


def tables(page: Path) -> list[list[str]]:
    """Return the cells of the table rows of a page, in order."""
    lines = [line for line in prose(page).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in _CELL.split(line)[1:-1]] for line in lines]


def table_row(cells: list[str]) -> TableRow:
    """Return what remains of a table row in another language; word order may differ."""
    text = "|".join(cells)
    words = LINK.sub("", SPAN.sub("", text))
    return TableRow(len(cells), sorted(SPAN.findall(text)), sorted(NUMBER.findall(words)))


def destinations(page: Path) -> list[str]:
    """Return the links of a page, with English pages in place of their translations."""
    found = []
    for link in LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" in link:
            found.append(link)
        elif target in TRANSLATED or target in TRANSLATED.values():
            # The headings of these pages are translated, so their anchors differ.
            found.append(address(TRANSLATED.get(target, target)))
        else:
            found.append(f"{address(target)}#{anchor}")
    return sorted(found)
