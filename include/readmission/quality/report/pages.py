"""The site's own pages: batches, quarantine, warnings and drift, as HTML without scripts."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from readmission import __version__
from readmission.domain.drift import MODERATE, STRONG, Level
from readmission.quality import catalogue
from readmission.quality.report.keys import WARNINGS
from readmission.quality.report.overview import Overview
from readmission.warehouse.verdicts import MARKS, Status

QUARANTINE_ROWS = 2_000
"""Largest number of rows on the quarantine page; the page says how many rows there are in all."""

CORRECTIONS = 200
"""Largest number of corrections on the overview; the page says how many there are in all."""

ORIGINS = {"uci": "UCI 296", "file": "file", "synthetic": "synthetic"}
"""Display names of the origins."""


def render(overview: Overview, now: datetime | None = None) -> Mapping[str, str]:
    """Return the content of each of the site's own files, by file name.

    Parameters
    ----------
    overview : Overview
        The data that the pages show.
    now : datetime, optional
        When the overview was gathered.
    """
    stamp = f"{now or datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    environment = _environment()
    shared = {"overview": overview, "stamp": stamp, "gates": catalogue.GATES}
    pages: dict[str, dict[str, object]] = {
        "index.html": {"corrections": overview.corrections[:CORRECTIONS]},
        "quarantine.html": {"rows": overview.quarantine[:QUARANTINE_ROWS]},
        WARNINGS: {"titles": {gate.name: gate.title for gate in catalogue.GATES}},
        "drift.html": {"table": heatmap(overview.drift), "moderate": MODERATE, "strong": STRONG},
    }
    files = {
        name: environment.get_template(f"{name}.j2").render(current=name, **shared, **own)
        for name, own in pages.items()
    }
    return {**files, "assets/site.css": environment.get_template("site.css").render()}


def heatmap(indices: pd.DataFrame) -> Markup:
    """Return population stability indices as an HTML table, coloured by how far a column drifted.

    Parameters
    ----------
    indices : DataFrame, shape (columns, batches)
        Labelled by column and batch; NaN where drift was not measured.

    Returns
    -------
    Markup
        A ``table``; each cell also holds its number, so that it can be read without its colour.
    """
    rows = [
        (column, [None if pd.isna(psi) else (psi, Level.of(psi)) for psi in values])
        for column, values in zip(indices.index, indices.to_numpy(), strict=True)
    ]
    template = _environment().get_template("heatmap.html.j2")
    return Markup(template.render(batches=list(indices.columns), rows=rows))  # noqa: S704


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(Status=Status, marks=MARKS, origins=ORIGINS, release=__version__)
    return environment
