"""A picture of a dashboard shows every panel with what Prometheus returns for it."""

import json
from pathlib import Path

import pytest
from PIL import Image

from grafana.source.__main__ import FOLDER
from grafana.source.dashboards.pipeline import NO_DECISION
from grafana.source.dashboards.quality import NO_DRIFT
from grafana.source.panels import NO_REQUEST
from grafana.source.pictures.__main__ import save
from grafana.source.pictures.dashboard_json import panels
from grafana.source.pictures.figure import DISCLAIMER, draw_dashboard
from grafana.source.pictures.prometheus import Prometheus
from grafana.source.pictures.time_series import TimeRange
from tests.grafana.source.history import HOUR_AGO, NOW, STEP

LAST_HOUR = TimeRange(HOUR_AGO, NOW, STEP)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_picture_has_every_panel_and_the_disclaimer(path: Path, prometheus: Prometheus) -> None:
    dashboard = json.loads(path.read_text())

    figure = draw_dashboard(dashboard, prometheus, LAST_HOUR)

    texts = [text.get_text() for text in figure.texts]
    assert DISCLAIMER in texts[1]
    assert {panel["title"] for panel in panels(dashboard)} <= set(texts)
    assert len(figure.axes) == len(panels(dashboard))


def test_a_picture_is_saved_with_few_colours(prometheus: Prometheus, tmp_path: Path) -> None:
    dashboard = json.loads((FOLDER / "slo.json").read_text())
    figure = draw_dashboard(dashboard, prometheus, LAST_HOUR)

    save(figure, tmp_path / "slo.png")
    figure.savefig(tmp_path / "whole.png", dpi=100)

    with Image.open(tmp_path / "slo.png") as small, Image.open(tmp_path / "whole.png") as whole:
        assert (small.mode, small.size) == ("P", whole.size)
    saved, before = ((tmp_path / name).stat().st_size for name in ("slo.png", "whole.png"))
    assert saved < before / 2


@pytest.mark.parametrize(
    ("name", "title", "texts"),
    [
        ("pipeline", "Version in production", {"4"}),
        ("pipeline", "Database availability", {"up", "down", "raw", "clean"}),
        ("pipeline", "Failed tasks in 24 h", {"1"}),
        ("pipeline", "Failed runs in 24 h", {"0"}),
        ("pipeline", "From RAW to decision", {NO_DECISION}),
        ("quality", "Outcome drift", {NO_DRIFT}),
        ("quality", "Drift by column", {"0.312"}),
        ("predictions", "Latency p99", {NO_REQUEST}),
        ("home", "Production", {"4"}),
    ],
)  # fmt: skip
def test_a_panel_shows_its_values_or_its_text_for_no_data(
    name: str, title: str, texts: set[str], prometheus: Prometheus
) -> None:
    dashboard = json.loads((FOLDER / f"{name}.json").read_text())
    dashboard["panels"] = [panel for panel in panels(dashboard) if panel["title"] == title]

    (axes,) = draw_dashboard(dashboard, prometheus, LAST_HOUR).axes

    assert {text.get_text() for text in axes.texts} == texts


def test_a_text_shows_the_names_of_its_links(prometheus: Prometheus) -> None:
    dashboard = json.loads((FOLDER / "home.json").read_text())
    dashboard["panels"] = [one for one in panels(dashboard) if one["title"] == "Pages"]

    (axes,) = draw_dashboard(dashboard, prometheus, LAST_HOUR).axes

    (text,) = axes.texts
    assert "MLflow: experiments, runs" in text.get_text()
    assert "raw}" not in text.get_text()


def test_a_line_follows_its_series(prometheus: Prometheus) -> None:
    dashboard = json.loads((FOLDER / "pipeline.json").read_text())
    dashboard["panels"] = [one for one in panels(dashboard) if one["title"] == "Rows by stage"]

    (axes,) = draw_dashboard(dashboard, prometheus, LAST_HOUR).axes

    (line,) = axes.lines
    values = list(line.get_ydata())
    assert (values[0], values[100]) == (15_000, 16_500)
    assert line.get_label() == "raw  18.6 K"
