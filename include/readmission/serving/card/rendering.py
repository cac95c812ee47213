"""A model card as Markdown and as a page of HTML that prints well; both have the same sections."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from readmission.serving.card.attributes import OUTPUT, PATIENTS, USERS, hti_1

Card = Mapping[str, Any]
Table = tuple[Sequence[str], Sequence[Sequence[str]]]
Section = tuple[str, Sequence[str], Table | None]
"""Heading, paragraphs and a table."""

_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:.5rem 0}td,th{border:1px solid #bbb;padding:.2rem .6rem;"
    "text-align:left;overflow-wrap:anywhere}section{break-inside:avoid}svg{margin-right:1rem}"
    "@media print{body{margin:0;font-size:11px}}"
)
_SIZE, _MARGIN = 260, 30


def markdown(card: Card) -> str:
    """Return the card in Markdown."""
    lines = [f"# {_title(card)}", ""]
    for heading, paragraphs, table in _sections(card):
        lines += [f"## {heading}", ""]
        for paragraph in paragraphs:
            lines += [_cell(paragraph), ""]
        if table:
            names, rows = table
            lines += [f"| {' | '.join(map(_cell, names))} |", "|" + "---|" * len(names)]
            lines += [f"| {' | '.join(map(_cell, row))} |" for row in rows]
            lines += [""]
    return "\n".join(lines)


def html(card: Card) -> str:
    """Return the card as a page without scripts, with plots."""
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(_title(card))}'
        f"</title><style>{_STYLE}</style></head><body><h1>{escape(_title(card))}</h1>"
    ]
    for heading, paragraphs, table in _sections(card):
        parts.append(f"<section><h2>{escape(heading)}</h2>")
        parts += [f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs]
        parts += [_PLOTS[heading](card["report"])] if heading in _PLOTS else []
        parts += [_html_table(*table)] if table else []
        parts.append("</section>")
    return "".join([*parts, "</body></html>"])


def _title(card: Card) -> str:
    return f"Model card: {card['title']}, trained {card['trained_at']}"


def _sections(card: Card) -> Iterator[Section]:
    data, report = card["data"], card["report"]
    yield "Purpose", [card["intended_use"], f"{PATIENTS}. {USERS}. Output: {OUTPUT}."], None
    yield "Limits", list(card["limits"]), None
    yield "Data", [
        f"{data.get('rows')} rows of {data.get('batches')} batches up to {data.get('batch_id')},"
        f" origin {data.get('data_source')}; {report['rows']['all']} validation rows, of which"
        f" {report['rows']['eligible']} are eligible. Drift from these rows is measured with each"
        " later batch."
    ], _table(("attribute", "group", "share"), (
        (attribute, group, f"{share:.1%}")
        for attribute, groups in report["demographics"].items() for group, share in groups.items()
    ))  # fmt: skip
    drift = report.get("drift") or ()
    if drift:
        yield (
            _DRIFT,
            [
                "Of the newest batch from the earlier ones: the columns with the largest population"
                " stability index (PSI) over validation rows; 0.10 is moderate, 0.25 strong."
            ],
            _table(("column", "PSI"), ((one["column"], f"{one['psi']:.3f}") for one in drift)),
        )
    yield _METRICS, ["On validation rows; 95 % intervals by bootstrap over patients."], _table(
        ("metric", "all rows", "eligible rows"),
        ((name, *(_interval(report["intervals"][rows][name]) for rows in ("all", "eligible")))
         for name in report["intervals"]["all"]),
    )  # fmt: skip
    yield "Groups of patients", [], _table(("attribute", "group", "rows", "AUROC(<30)",
        "95 % interval", "<30 among the 20 % at highest risk", "mean risk minus share of <30"), (
        (attribute, group, f"{one['rows']:.0f}", f"{one['auroc_under_30']:.3f}",
         _ends(one),
         f"{one['recall_top_20']:.3f}", f"{one['calibration_gap_under_30']:+.3f}")
        for attribute, groups in report["subgroups"].items() for group, one in groups.items()
    ))  # fmt: skip
    yield _CALIBRATION, ["Readmission within 30 days, by tenths of the predicted risk."], _table(
        ("mean risk", "observed", "rows"),
        ((f"{one['risk']:.3f}", f"{one['observed']:.3f}", f"{one['rows']:.0f}")
         for one in report["calibration"]),
    )  # fmt: skip
    yield _DECISION, [
        "Net benefit per patient of following up those whose risk reaches the threshold, of"
        " following up everybody, and of a LACE-like score of 10 or more; nobody has 0."
    ], _table(("threshold", "model", "everybody", "LACE-like"), (
        (f"{one['threshold']:.2f}", *(f"{one[name]:.4f}" for name in ("model", "all", "lace")))
        for one in report["decision_curve"]
    ))  # fmt: skip
    weights = ", ".join(f"{name} {weight}" for name, weight in card["decision_weights"].items())
    yield "Decision weights", [f"The largest product of probability and weight: {weights}."], None
    yield "Features", [", ".join(report["features"])], None
    yield (
        "Promotion criteria",
        [],
        _table(
            ("criterion", "limit"), ((one["title"], one["limit"]) for one in report["criteria"])
        ),
    )
    lineage = ((name, str(value)) for name, value in data.items())
    yield "Lineage", [], _table(("fact", "value"), lineage)
    yield "Source attributes (HTI-1)", [], _table(("number", "attribute", "value"), (
        (one["number"], one["attribute"], one["value"] if isinstance(one["value"], str)
         else "as in the sections above") for one in hti_1(card)
    ))  # fmt: skip


_DRIFT, _METRICS = "Drift", "Metrics"
_CALIBRATION, _DECISION = "Calibration", "Decision curve"


def _table(names: Sequence[str], rows: Any) -> Table:
    return names, [tuple(row) for row in rows]


def _ends(one: Mapping[str, float]) -> str:
    """Return the interval of a group's AUROC, which cards of release 0.2.0 do not have."""
    if "auroc_under_30_low" not in one:
        return "–"
    return f"{one['auroc_under_30_low']:.3f} to {one['auroc_under_30_high']:.3f}"


def _interval(found: Sequence[float]) -> str:
    figure, low, high = found
    return f"{figure:.3f} [{low:.3f}, {high:.3f}]"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _html_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _drift_plot(report: Card) -> str:
    """Return a bar for each column, in the order of the table, as one line around all bars."""
    bars = [
        point
        for place, one in enumerate(report["drift"])
        for point in (
            (place, 0.0), (place, one["psi"]), (place + 0.8, one["psi"]), (place + 0.8, 0.0),
        )
    ]  # fmt: skip
    strong = [(0.0, 0.25), (float(len(report["drift"])), 0.25)]
    label = "PSI of each column, in the order of the table; above the grey line it is strong"
    return _svg(label, {"#999": strong, "#4c78a8": bars})


def _calibration_plot(report: Card) -> str:
    points = [(one["risk"], one["observed"]) for one in report["calibration"]]
    top = max(max(point) for point in points) or 1.0
    lines = {"#999": [(0.0, 0.0), (top, top)], "#e45756": points}
    return _svg("Observed share against mean risk; the grey line is perfect", lines)


def _decision_plot(report: Card) -> str:
    curve = report["decision_curve"]
    colours = {"#e45756": "model", "#999": "all", "#4c78a8": "lace"}
    lines = {
        colour: [(one["threshold"], max(one[name], 0.0)) for one in curve]
        for colour, name in colours.items()
    }
    return _svg("Net benefit by threshold: model red, everybody grey, LACE-like blue", lines)


def _svg(label: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    points = [point for line in lines.values() for point in line]
    right, top = (max(point[axis] for point in points) or 1.0 for axis in (0, 1))
    drawn = "".join(
        f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="'
        + " ".join(
            f"{_MARGIN + x / right * _SIZE:.1f},{_MARGIN + _SIZE - y / top * _SIZE:.1f}"
            for x, y in line
        )
        + '"/>'
        for colour, line in lines.items()
    )
    side = _SIZE + 2 * _MARGIN
    return (
        f'<svg role="img" aria-label="{escape(label)}" width="{side}" height="{side}"'
        f' viewBox="0 0 {side} {side}"><path d="M{_MARGIN} {_MARGIN}v{_SIZE}h{_SIZE}" fill="none"'
        f' stroke="#222"/><text x="{_MARGIN}" y="20" font-size="12">{top:.2f}</text><text'
        f' x="{side - 2 * _MARGIN}" y="{side - 10}" font-size="12">{right:.2f}</text>{drawn}</svg>'
        f"<p><small>{escape(label)}</small></p>"
    )


_PLOTS = {_DRIFT: _drift_plot, _CALIBRATION: _calibration_plot, _DECISION: _decision_plot}
"""The plot of a section."""
