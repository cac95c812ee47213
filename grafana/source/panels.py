"""Build the kinds of panel that the dashboards use: time series, stat, bar gauge, table, text.

`Board` adds each panel's id and position.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, timeseries
from grafana_foundation_sdk.builders import stat as stats
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.builders import text as texting
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

Panel = bargauge.Panel | stats.Panel | tables.Panel | texting.Panel | timeseries.Panel
P = TypeVar("P", bargauge.Panel, stats.Panel, tables.Panel, timeseries.Panel)
Thresholds = Sequence[tuple[float | None, str]]
"""Pairs of a lower bound and its colour; the first bound is None."""

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="prometheus")

NEUTRAL: Thresholds = ((None, "blue"),)
ZERO_IS_GOOD: Thresholds = ((None, "green"), (1, "red"))
ONE_IS_GOOD: Thresholds = ((None, "red"), (1, "green"))

PER_SECOND = "suffix: /s"
NO_EXPORTER = "No data from the exporter"
NO_REQUEST = "No requests in this time range"

RUNBOOKS = "runbooks"
"""Variable of every dashboard: the address of the runbooks."""
STAT_HEIGHT = 4
HEIGHT = 8


@dataclass(frozen=True)
class Query:
    """One query of a panel.

    Parameters
    ----------
    expr : str
        PromQL.
    legend : str
        Name of each series, with ``{{label}}`` for labels. A stat with one value needs none.
    """

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class PanelOptions:
    """Text, unit and size of a panel.

    Parameters
    ----------
    title, description : str
        Title, and what the panel shows and how to read it.
    unit : str
        One of Grafana's units.
    empty : str
        Text to show if a query returns no data.
    width : int
        Width in Grafana's columns, out of 24.
    tall : bool
        Whether a stat is as high as a graph, to stand next to one.
    runbook : str
        Alert about what the panel shows; the panel links to its runbook.
    """

    title: str
    description: str
    unit: str = units.Short
    empty: str = "No data yet"
    width: int = 12
    tall: bool = False
    runbook: str = ""


def time_series(
    options: PanelOptions,
    *queries: Query,
    stacked: bool = False,
    bars: bool = False,
    thresholds: Thresholds = (),
    minimum: float | None = 0,
    maximum: float | None = None,
) -> timeseries.Panel:
    """Return a graph of values over time.

    Parameters
    ----------
    options : PanelOptions
        Text, unit and size.
    queries : Query
        Queries to draw.
    stacked : bool
        Whether to stack the series, because they add up to a total.
    bars : bool
        Whether to draw stacked bars instead of lines, for counts of events.
    thresholds : sequence
        Thresholds to draw as dashed lines.
    minimum, maximum : float, optional
        Fixed ends of the axis.
    """
    panel = _with_options(timeseries.Panel(), options, HEIGHT).targets(
        [_target(query, position) for position, query in enumerate(queries)]
    )
    panel = (
        panel.fill_opacity(70 if bars else 25 if stacked else 8)
        .line_width(0 if bars else 2)
        .show_points(looks.VisibilityMode.NEVER if bars else looks.VisibilityMode.AUTO)
        .draw_style(looks.GraphDrawStyle.BARS if bars else looks.GraphDrawStyle.LINE)
        .legend(common.VizLegendOptions().show_legend(True).calcs(["lastNotNull"]))
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
    )
    if bars:
        # One bar per minute. With shorter steps the windows overlap and an event counts twice.
        panel = panel.interval("1m")
    if stacked or bars:
        panel = panel.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL))
    if thresholds:
        style = common.GraphThresholdsStyleConfig().mode(looks.GraphTresholdsStyleMode.DASHED)
        panel = panel.thresholds(_thresholds(thresholds)).thresholds_style(style)
    if minimum is not None:
        panel = panel.min(minimum)
    return panel if maximum is None else panel.max(maximum)


def stat(
    options: PanelOptions,
    *queries: Query,
    thresholds: Thresholds = NEUTRAL,
    texts: Sequence[tuple[str, str, str]] = (),
    decimals: int | None = None,
    name_only: bool = False,
) -> stats.Panel:
    """Return the newest value of each series in large type.

    Parameters
    ----------
    options : PanelOptions
        Text, unit and size.
    queries : Query
        Queries whose values to show.
    thresholds : sequence
        Colours of the values.
    texts : sequence of (value, text, colour)
        Text and colour to show instead of a value.
    decimals : int, optional
        Digits after the decimal point.
    name_only : bool
        Whether to show the name of each series instead of its value.
    """
    panel = _with_options(stats.Panel(), options, HEIGHT if options.tall else STAT_HEIGHT)
    mode = looks.BigValueTextMode.NAME if name_only else looks.BigValueTextMode.AUTO
    panel = (
        panel.targets([_target(query, position) for position, query in enumerate(queries)])
        .text_mode(mode)
        .graph_mode(looks.BigValueGraphMode.NONE if name_only else looks.BigValueGraphMode.AREA)
        .color_mode(looks.BigValueColorMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(_thresholds(thresholds))
        .mappings([*_text_mappings(texts), _nan_mapping(options.empty)])
    )
    return panel if decimals is None else panel.decimals(decimals)


def bar_gauge(
    options: PanelOptions,
    *queries: Query,
    thresholds: Thresholds = NEUTRAL,
    minimum: float = 0,
    maximum: float | None = None,
) -> bargauge.Panel:
    """Return the newest value of each series as a horizontal bar."""
    panel = (
        _with_options(bargauge.Panel(), options, HEIGHT)
        .targets([_target(query, position, instant=True) for position, query in enumerate(queries)])
        .orientation(looks.VizOrientation.HORIZONTAL)
        .display_mode(looks.BarGaugeDisplayMode.BASIC)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(_thresholds(thresholds))
        .mappings([_nan_mapping(options.empty)])
        .min(minimum)
    )
    return panel if maximum is None else panel.max(maximum)


def table(
    options: PanelOptions, query: Query, columns: Sequence[str], value: str = ""
) -> tables.Panel:
    """Return the newest value of each series as a table row.

    Parameters
    ----------
    options : PanelOptions
        Text, unit and size.
    query : Query
        Query whose series to list.
    columns : sequence of str
        Labels to show, in this order.
    value : str
        Heading of the value's column; without a heading the value is not shown.
    """
    shown = [*columns, *(["Value"] if value else [])]
    keep = models.DataTransformerConfig("filterFieldsByName", options={"include": {"names": shown}})
    order = models.DataTransformerConfig(
        "organize",
        options={
            "indexByName": {name: position for position, name in enumerate(shown)},
            "renameByName": {name: name.replace("_", " ") for name in columns} | {"Value": value},
        },
    )
    target = _target(query, instant=True).format(PromQueryFormat.TABLE)
    panel = _with_options(tables.Panel(), options, HEIGHT).show_header(True)
    return panel.targets([target]).transformations([keep, order])


def text(title: str, markdown: str, width: int = 12, height: int = HEIGHT) -> texting.Panel:
    """Return a panel that shows a text; variables in it are replaced."""
    return (
        texting.Panel().title(title).mode(TextMode.MARKDOWN).content(markdown)
        .height(height).span(width)
    )  # fmt: skip


def _with_options(panel: P, options: PanelOptions, height: int) -> P:
    if options.runbook:
        panel = panel.links([_runbook(options.runbook)])
    return (
        panel.title(options.title)
        .description(options.description)
        .unit(options.unit)
        .no_value(options.empty)
        .datasource(DATASOURCE)
        .height(height)
        .span(options.width)
    )


def _runbook(alert: str) -> dashboard.DashboardLink:
    link = dashboard.DashboardLink(f"Runbook: {alert}").type(models.DashboardLinkType.LINK)
    return link.url(f"${{{RUNBOOKS}:raw}}#{alert.lower()}").target_blank(True)


def _target(query: Query, position: int = 0, instant: bool = False) -> Dataquery:
    target = Dataquery().expr(query.expr).ref_id(ascii_uppercase[position]).datasource(DATASOURCE)
    target = target.instant() if instant else target.range()
    return target.legend_format(query.legend) if query.legend else target


def _thresholds(thresholds: Thresholds) -> dashboard.ThresholdsConfig:
    return dashboard.ThresholdsConfig().steps(
        [models.Threshold(bound, colour) for bound, colour in thresholds]
    )


def _text_mappings(texts: Sequence[tuple[str, str, str]]) -> list[models.ValueMapping]:
    results = {
        value: models.ValueMappingResult(text=text, color=colour) for value, text, colour in texts
    }
    return [models.ValueMap(results)] if results else []


def _nan_mapping(empty: str) -> models.ValueMapping:
    """Dividing by zero gives NaN; show the panel's text for no data instead."""
    result = models.ValueMappingResult(text=empty)
    match = models.SpecialValueMatch.NULL_AND_NAN
    return models.SpecialValueMap(models.DashboardSpecialValueMapOptions(match, result))
