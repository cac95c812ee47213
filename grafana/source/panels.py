"""The kinds of panels the dashboards are made of; each has a title, unit, meaning and empty state.

Widths are in Grafana's columns, of which there are 24; `id` and place follow when a
dashboard is put together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, stat, table, timeseries
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

Panel = bargauge.Panel | stat.Panel | table.Panel | timeseries.Panel
P = TypeVar("P", bargauge.Panel, stat.Panel, table.Panel, timeseries.Panel)
Steps = Sequence[tuple[float | None, str]]
"""Colours and the values from which they hold; the first holds from the bottom."""

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="prometheus")

PLAIN: Steps = ((None, "blue"),)
NONE_IS_GOOD: Steps = ((None, "green"), (1, "red"))
ONE_IS_GOOD: Steps = ((None, "red"), (1, "green"))

PER_SECOND = "suffix: /s"
NO_EXPORTER = "The exporter has reported nothing"
NO_REQUEST = "No request in this time"

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
        Name of its series, with ``{{label}}`` for labels; a lone stat needs none.
    """

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class About:
    """What a reader must know of a panel.

    Parameters
    ----------
    title : str
        Of the panel.
    description : str
        What is shown, and what to make of it.
    unit : str
        One of Grafana's units.
    empty : str
        What stands there when there is nothing to show.
    width : int
        Columns of 24.
    tall : bool
        Whether a figure stands beside graphs and is as high as they are.
    """

    title: str
    description: str
    unit: str = units.Short
    empty: str = "Nothing yet"
    width: int = 12
    tall: bool = False


def lines(
    about: About,
    *queries: Query,
    stacked: bool = False,
    counted: bool = False,
    thresholds: Steps = (),
    minimum: float | None = 0,
    maximum: float | None = None,
) -> timeseries.Panel:
    """Return how something went over time.

    Parameters
    ----------
    about : About
        For the reader.
    queries : Query
        What is drawn.
    stacked : bool
        Whether the series are parts of a whole.
    bars : bool
        Whether every point counts the events since the one before.
    counted : bool
        Whether every point counts events since the one before: bars instead of lines.
    thresholds : sequence
        Limits to draw, the colour of the bottom first.
    minimum, maximum : float, optional
        Ends of the axis, where they are fixed.
    """
    panel = _described(timeseries.Panel(), about, HEIGHT).targets(
        [_target(query, number) for number, query in enumerate(queries)]
    )
    panel = (
        panel.fill_opacity(70 if counted else 25 if stacked else 8)
        .line_width(0 if counted else 2)
        .show_points(looks.VisibilityMode.NEVER if counted else looks.VisibilityMode.AUTO)
        .draw_style(looks.GraphDrawStyle.BARS if counted else looks.GraphDrawStyle.LINE)
        .legend(common.VizLegendOptions().show_legend(True).calcs(["lastNotNull"]))
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
    )
    if counted:
        # A bar a minute: the windows of neighbouring bars then hardly share an event.
        panel = panel.interval("1m")
    if stacked or counted:
        panel = panel.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL))
    if thresholds:
        style = common.GraphThresholdsStyleConfig().mode(looks.GraphTresholdsStyleMode.DASHED)
        panel = panel.thresholds(_thresholds(thresholds)).thresholds_style(style)
    if minimum is not None:
        panel = panel.min(minimum)
    return panel if maximum is None else panel.max(maximum)


def number(
    about: About,
    *queries: Query,
    thresholds: Steps = PLAIN,
    words: Sequence[tuple[str, str, str]] = (),
    decimals: int | None = None,
    name_only: bool = False,
) -> stat.Panel:
    """Return the newest value, large.

    Parameters
    ----------
    about : About
        For the reader.
    queries : Query
        One figure a series.
    thresholds : sequence
        Colours.
    words : sequence of (value, text, colour)
        What to write in place of a value.
    decimals : int, optional
        Digits after the point.
    name_only : bool
        Whether the label says it all, and the value nothing.
    """
    panel = _described(stat.Panel(), about, HEIGHT if about.tall else STAT_HEIGHT).targets(
        [_target(query, position) for position, query in enumerate(queries)]
    )
    mode = looks.BigValueTextMode.NAME if name_only else looks.BigValueTextMode.AUTO
    panel = (
        panel.text_mode(mode)
        .graph_mode(looks.BigValueGraphMode.NONE if name_only else looks.BigValueGraphMode.AREA)
        .color_mode(looks.BigValueColorMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(_thresholds(thresholds))
        .mappings([*_words(words), _not_a_number(about.empty)])
    )
    return panel if decimals is None else panel.decimals(decimals)


def ranking(
    about: About,
    *queries: Query,
    thresholds: Steps = PLAIN,
    minimum: float = 0,
    maximum: float | None = None,
) -> bargauge.Panel:
    """Return the newest value of each series side by side, as horizontal bars."""
    panel = _described(bargauge.Panel(), about, HEIGHT).targets(
        [_target(query, position, instant=True) for position, query in enumerate(queries)]
    )
    panel = (
        panel.orientation(looks.VizOrientation.HORIZONTAL)
        .display_mode(looks.BarGaugeDisplayMode.BASIC)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(_thresholds(thresholds))
        .mappings([_not_a_number(about.empty)])
        .min(minimum)
    )
    return panel if maximum is None else panel.max(maximum)


def rows(about: About, query: Query, columns: Sequence[str], value: str = "") -> table.Panel:
    """Return the newest series as a table of some labels and, if it is named, the value."""
    target = _target(query, 0, instant=True).format(PromQueryFormat.TABLE)
    shown = [*columns, *(["Value"] if value else [])]
    keep = models.DataTransformerConfig("filterFieldsByName", options={"include": {"names": shown}})
    order = models.DataTransformerConfig(
        "organize",
        options={
            "indexByName": {name: position for position, name in enumerate(shown)},
            "renameByName": {name: name.replace("_", " ") for name in columns} | {"Value": value},
        },
    )
    panel = _described(table.Panel(), about, HEIGHT).targets([target]).show_header(True)
    return panel.transformations([keep, order])


def _described(panel: P, about: About, height: int) -> P:
    return (
        panel.title(about.title)
        .description(about.description)
        .unit(about.unit)
        .no_value(about.empty)
        .datasource(DATASOURCE)
        .height(height)
        .span(about.width)
    )


def _target(query: Query, position: int, instant: bool = False) -> Dataquery:
    target = Dataquery().expr(query.expr).ref_id(ascii_uppercase[position]).datasource(DATASOURCE)
    target = target.instant() if instant else target.range()
    return target.legend_format(query.legend) if query.legend else target


def _thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    return dashboard.ThresholdsConfig().steps(
        [models.Threshold(value, colour) for value, colour in steps]
    )


def _words(words: Sequence[tuple[str, str, str]]) -> list[models.ValueMapping]:
    results = {
        value: models.ValueMappingResult(text=text, color=colour) for value, text, colour in words
    }
    return [models.ValueMap(results)] if results else []


def _not_a_number(empty: str) -> models.ValueMapping:
    """A share of nothing is no number, which Prometheus says and a reader need not see."""
    result = models.ValueMappingResult(text=empty)
    match = models.SpecialValueMatch.NULL_AND_NAN
    return models.SpecialValueMap(models.DashboardSpecialValueMapOptions(match, result))
