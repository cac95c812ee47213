"""Write the runbooks as a page that Prometheus serves as a console, so that alerts can link to it.

Prometheus evaluates the alerts, so the page can be read wherever an alert can fire, also offline.
It reads a console as a Go template; the braces of the runbooks' own commands are escaped.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

SOURCE = Path(__file__).parents[2] / "docs" / "runbooks.md"
FOLDER = Path(__file__).parents[1] / "prometheus" / "consoles"
FILE = "runbooks.html"
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 56rem; padding: 0 1rem; }
h2 { border-top: 1px solid #c9d2db; padding-top: 1rem; } h2:target { background: #fff3c4; }
pre, code { background: #f2f5f7; } pre { overflow-x: auto; padding: .5rem; }
table { border-collapse: collapse; } td, th { border: 1px solid #c9d2db; padding: .2rem .5rem; }
"""


def page(markdown: str) -> str:
    """Return the page as HTML, with an anchor for each section and a list of them."""
    parser = MarkdownIt("commonmark").enable("table")
    tokens = parser.parse(markdown)
    anchors = dict(_anchors(tokens))
    for token in tokens:
        if token.children:
            token.children = list(_without_files(token.children))
    listed = " · ".join(f'<a href="#{anchor}">{title}</a>' for anchor, title in anchors.items())
    body = parser.renderer.render(tokens, parser.options, {})
    head, _, rest = body.partition("<h2")
    html = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Runbooks</title>'
        f"<style>{STYLE}</style></head>\n<body>\n{head}<nav>{listed}</nav>\n<h2{rest}</body></html>\n"
    )
    return re.sub(r"{{|}}", lambda found: f'{{{{"{found[0]}"}}}}', html)


def write(folder: Path) -> None:
    """Write the page into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(page(SOURCE.read_text()))


def _anchors(tokens: list[Token]) -> Iterator[tuple[str, str]]:
    """Give each section an anchor, as GitHub does, and yield it with the title."""
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            anchor = re.sub(r"[^\w-]", "", inline.content.lower().replace(" ", "-"))
            token.attrSet("id", anchor)
            yield anchor, inline.content


def _without_files(tokens: list[Token]) -> Iterator[Token]:
    """Yield tokens with the name of the file in place of each link to another document."""
    file = ""
    for token in tokens:
        href = str(token.attrGet("href") or "")
        if token.type == "link_open" and not href.startswith(("#", "http")):
            file = href.partition("#")[0]
        elif token.type == "link_close" and file:
            yield Token("text", "", 0, content=f" (docs/{file})")
            file = ""
        else:
            yield token
