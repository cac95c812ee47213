"""The evidence as one HTML page that opens offline: texts, outputs and pictures in one file."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from readmission.stack.evidence.lines import LineResult, LineStatus

WORDS = {
    "en": {
        "title": "Evidence of the acceptance checklist",
        "made": "Collected on",
        "summary": "{passed} passed, {failed} failed, {unchecked} cannot be checked here",
        "pictures": "Pages",
        "missing": "no picture",
        LineStatus.PASSED: "pass",
        LineStatus.FAILED: "fail",
        LineStatus.UNCHECKED: "cannot be checked here",
    },
    "es": {
        "title": "Evidencias de la lista de aceptación",
        "made": "Recogidas el",
        "summary": "{passed} cumplen, {failed} fallan, {unchecked} no se pueden comprobar aquí",
        "pictures": "Páginas",
        "missing": "sin imagen",
        LineStatus.PASSED: "cumple",
        LineStatus.FAILED: "falla",
        LineStatus.UNCHECKED: "no se puede comprobar aquí",
    },
}
"""Every text of the page itself, by language; outputs stay as they are."""
LANGUAGES = tuple(WORDS)
DRAWN = {
    "en": "Dashboard, drawn from its own queries; not a screenshot of Grafana",
    "es": "Tablero, dibujado a partir de sus propias consultas; no es una captura de Grafana",
}
"""Title of the picture of a dashboard where there is no Grafana."""
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; color: #1c2733; }
section { border: 1px solid #c9d2db; border-left-width: .5rem; }
section { margin: 1rem 0; padding: .5rem 1rem; }
section.passed { border-left-color: #1b7f4d; } section.failed { border-left-color: #b3261e; }
section.unchecked, section.picture { border-left-color: #6b7785; }
section { break-inside: avoid; } h2 { font-size: 1rem; margin: .3rem 0; }
.status { float: right; font-weight: 600; }
pre { background: #f2f5f7; padding: .5rem; white-space: pre-wrap; overflow-wrap: anywhere; }
pre { max-height: 30rem; overflow: auto; font-size: 12px; } img { max-width: 100%; }
@media print { img { max-height: 23cm; } pre { max-height: none; } }
"""


@dataclass(frozen=True)
class Picture:
    """A screenshot of a page.

    Parameters
    ----------
    title : str
        What it shows.
    png : bytes
        The picture; empty if it could not be taken.
    problem : str
        Why there is none.
    """

    title: str
    png: bytes = b""
    problem: str = ""


def page(
    results: Sequence[LineResult], pictures: Sequence[Picture], language: str, at: datetime
) -> str:
    """Return the whole page as HTML.

    Parameters
    ----------
    results : sequence of LineResult
        Every line of the checklist.
    pictures : sequence of Picture
        Screenshots.
    language : str
        One of `LANGUAGES`.
    at : datetime
        When the evidence was collected.
    """
    words = WORDS[language]
    when = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    body = [
        f"<h1>{words['title']}</h1><p>{words['made']} {when}. {summary(results, language)}.</p>",
        *(_line(result, language) for result in results),
    ]
    if pictures:
        body += [f"<h1>{words['pictures']}</h1>", *(_picture(one, language) for one in pictures)]
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{words['title']}</title><style>{STYLE}</style></head>"
        f"<body>{''.join(body)}</body></html>\n"
    )


def summary(results: Sequence[LineResult], language: str) -> str:
    """Return how many lines passed, failed and could not be checked."""
    found = [result.status for result in results]
    return WORDS[language]["summary"].format(
        passed=found.count(LineStatus.PASSED),
        failed=found.count(LineStatus.FAILED),
        unchecked=found.count(LineStatus.UNCHECKED),
    )


def _line(result: LineResult, language: str) -> str:
    line, status = result.line, result.status
    return (
        f'<section class="{status.name.lower()}" id="{line.name}">'
        f'<span class="status">{WORDS[language][status]}</span>'
        f"<h2>{escape(line.titles[language])}</h2><pre>$ {escape(line.command)}</pre>"
        f"<pre>{escape(result.reasons.get(language, result.output))}</pre></section>"
    )


def _picture(picture: Picture, language: str) -> str:
    title = escape(picture.title)
    if picture.png:
        data = base64.b64encode(picture.png).decode()
        shown = f'<img alt="{title}" src="data:image/png;base64,{data}">'
    else:
        shown = f"<pre>{WORDS[language]['missing']}: {escape(picture.problem)}</pre>"
    return f'<section class="picture"><h2>{title}</h2>{shown}</section>'
