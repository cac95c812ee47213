"""The site's own pages: overview, quarantine and drift, as plain HTML without scripts."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from readmission.domain.drift import MODERATE, STRONG, Level
from readmission.quality.report.overview import GATES, Overview

QUARANTINE_ROWS = 2_000
"""Rows on the page of the quarantine, newest batches first; it says how many it leaves out."""

SOURCES = {
    "uci": "UCI 296",
    "file": "file",
    "synthetic": "synthetic",
}
"""How the pages call the origins of encounters."""


def render(overview: Overview, now: datetime | None = None) -> Mapping[str, str]:
    """Return the content of each of the site's own files by name.

    Parameters
    ----------
    overview : Overview
        What the pages show.
    now : datetime, optional
        When it was gathered.
    """
    stamp = f"{now or datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    environment = _environment()
    shared = {"overview": overview, "stamp": stamp, "gates": GATES, "sources": SOURCES}
    pages: dict[str, dict[str, object]] = {
        "index.html": {},
        "quarantine.html": {"rows": overview.quarantine[:QUARANTINE_ROWS]},
        "drift.html": {"table": heatmap(overview.drift), "moderate": MODERATE, "strong": STRONG},
    }
    files = {
        name: environment.get_template(f"{name}.j2").render(current=name, **shared, **own)
        for name, own in pages.items()
    }
    return {**files, "assets/site.css": environment.get_template("site.css").render()}


def heatmap(indices: pd.DataFrame) -> Markup:
    """Return population stability indices as a table whose cells show how far a column moved.

    Parameters
    ----------
    indices : DataFrame, shape (columns, batches)
        Rows and columns are labelled; what was not measured is NaN.

    Returns
    -------
    Markup
        A ``table``; each cell holds its figure, so that colour is not all there is to read.
    """
    rows = [
        (column, [None if pd.isna(psi) else (psi, Level.of(psi)) for psi in values])
        for column, values in zip(indices.index, indices.to_numpy(), strict=True)
    ]
    template = _environment().get_template("heatmap.html.j2")
    return Markup(template.render(batches=list(indices.columns), rows=rows))  # noqa: S704


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
