"""Sentences that the service composes, in the language of the visit.

The service speaks English. A plain text, such as the label of a field, is translated as a whole. A
sentence with figures is matched against `TEMPLATES`, its parts are translated one by one, and its
figures are written as the language writes them.
"""

import re
from functools import cache

from ui.language import choice, formats
from ui.language.catalogue import N_, _, translations

TEMPLATES = (
    # Why a challenger was promoted or refused
    N_("held: {pin}; without the pin: {reason}"),
    N_("late: {batch} is newer, and its model came first"),
    N_("{reason}; alarm: calibration error of any readmission on {batch} {figure}, limit: {limit}"),
    N_(
        "{reason}; version {version} proved better in shadow, on {count} live outcomes: {criterion}"
    ),
    N_("not better: {criterion}; {count} more failed; {compared}"),
    N_("not better: {criterion}; {compared}"),
    N_("criterion failed: {criterion}; {count} more failed; {compared}"),
    N_("criterion failed: {criterion}; {compared}"),
    N_("better: {criterion}; {compared}"),
    N_("not better: {compared}"),
    N_("probabilities got worse: {compared}"),
    N_("better: {compared}"),
    N_("first model, weighted F1 {figure}"),
    N_("no promoted version can be opened any longer, weighted F1 {figure}"),
    N_("weighted F1 {new} against {old}, log-loss {new_loss} against {old_loss}"),
    # A criterion, with its figure and its limit
    N_("{criterion} (95 % interval {low} to {high}), limit: {limit}"),
    N_("{criterion}, limit: {limit}"),
    N_("upper end below {figure}"),
    N_("upper end at least {figure}"),
    N_("lower end at most {figure}"),
    N_("at least {figure}"),
    N_("at most {figure}"),
    N_("none; on all batches {figure}"),
    N_("log-loss on the newest batch {figure}"),
    N_("weighted F1 on the newest batch {figure}"),
    N_("AUROC(<30) on the newest batch {figure}"),
    N_("calibration error of any readmission on the newest batch {figure}"),
    N_(
        "difference in log-loss from a refused version that proved better in shadow "
        "({group}) {figure}"
    ),
    N_("difference in log-loss from a refused version that proved better in shadow {figure}"),
    N_("difference in log-loss {figure}"),
    N_("difference in weighted F1 from the best champion so far {figure}"),
    N_("difference in weighted F1 {figure}"),
    N_("calibration error of <30 {figure}"),
    N_("calibration slope of <30 {figure}"),
    N_("difference in AUROC(<30) ({group}) {figure}"),
    N_("difference in AUROC(<30) {figure}"),
    N_("difference in the share of <30 among the 20 % at highest risk ({group}) {figure}"),
    N_("difference in the share of <30 among the 20 % at highest risk {figure}"),
    N_("gender: {value}"),
    N_("race: {value}"),
    N_("age: {value}"),
    # What people did to the version in production
    N_("version {version} is pinned until {time} by {name}: {words}"),
    N_("version {version} is pinned by {name}: {words}"),
    N_("Somebody deleted the alias production, which named version {version}; {rest}"),
    N_("Somebody moved the alias production by hand from version {old} to {new}; {rest}"),
    N_("{served}. To accept it: {command}"),
    N_("{served}, because {setting} is off"),
    N_("version {version} is served"),
    N_("version {version}"),
    # What a field accepts
    N_("{accepted}, or not recorded"),
    N_("{accepted}, or '?' when missing"),
    N_("a whole number from {low} to {high}"),
    N_("one of {values}"),
    N_("{name} or another field of GET /schema"),
    N_("{count} values, as many as the header has columns"),
    N_("{low} to {high}"),
)
"""Tried in this order: more specific templates come first."""
TEXTS = (
    N_("an ICD-9 code such as 250.83 or V57, or one of ICD-10 such as E11.9"),
    N_("up to 60 letters, digits, spaces and the signs / & -"),
    N_("no outcome: the service predicts it"),
    N_("one of the fields of GET /schema"),
    N_("one column with this name"),
    N_("one value"),
    N_("expected a JSON object with the fields of one encounter"),
    N_("no version is served"),
    N_("first model"),
    N_("unknown"),
    N_("passed"),
    N_("warned"),
    N_("failed"),
    N_("not run"),
    N_("log-odds"),
    N_("probability"),
)
"""Plain texts of the service that neither its schema nor its model card has."""
VERBATIM = frozenset({"name", "words", "command", "setting", "values", "batch"})
"""Parts that are a name, or somebody's own words."""

FIGURES = frozenset({"figure", "low", "high", "new_loss", "old_loss", "count"})
"""Parts that are a number, or `UNKNOWN`."""
UNKNOWN = "unknown"

_PART = re.compile(r"\{(\w+)\}")
_FIGURE = re.compile(r"([+-]?)(\d+)\.(\d+)")


def translate(text: str) -> str:
    """Return what the service says in the language of the visit; an unknown text as it is."""
    return translation(text) or text


def translation(text: str) -> str | None:
    """Return what the service says in the language of the visit, or None if it is unknown."""
    language = choice.current()
    if language == choice.SOURCE or not text:
        return text
    catalogue = translations(language)
    for written in (text, spaced(text)):
        whole = catalogue.gettext(written)
        if whole != written:
            return whole
    for template in TEMPLATES:
        found = _pattern(template).fullmatch(text)
        if found:
            parts = found.groupdict()
            return _(template, **{name: _part(name, parts[name]) for name in parts})
    return None


def spaced(text: str) -> str:
    """Put spaces between joined words, as in InternalMedicine and HeadandNeck."""
    text = re.sub(r"(?<=[a-z])(and|within)(?=[A-Z])", r" \1", text)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)


def _part(name: str, text: str) -> str:
    if name == "time":
        return formats.time(text.removesuffix(" UTC"))
    figure = _FIGURE.fullmatch(text)
    if figure is None:
        return text if name in VERBATIM else translate(text)
    sign, _whole, decimals = figure.groups()
    written = formats.number(abs(float(text)), len(decimals))
    return sign + written


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """Return an expression that finds the parts of a sentence made from a template."""
    pieces = _PART.split(template)
    # Even pieces are text, odd ones the names of parts.
    return re.compile(
        "".join(
            f"(?P<{piece}>{_expression(piece)})" if at % 2 else re.escape(piece)
            for at, piece in enumerate(pieces)
        ),
        re.DOTALL,
    )


def _expression(part: str) -> str:
    if part == "time":
        return r"[\d-]+ [\d:]+ UTC"
    return rf"[+-]?\d[\d.]*|{UNKNOWN}" if part in FIGURES else ".+?"
