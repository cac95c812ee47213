"""Pictures show what Prometheus says, and helpers of queries count what happened."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from grafana.source import promql
from grafana.source.__main__ import FOLDER
from grafana.source.dashboards.quality import NO_DRIFT
from grafana.source.pictures.figure import LABEL, picture
from grafana.source.pictures.formatting import worded
from grafana.source.pictures.plots import Span
from grafana.source.pictures.prometheus import Prometheus, all_choices, panels
from readmission.stack.site.ports import HOST, free_ports
from tests.promtool import promtool

START_SECONDS = 30
STEP = 15
NOW = int(time.time()) // STEP * STEP
HOUR_AGO, JUST_NOW = NOW - 3_600, NOW - 300
SERIES = (
    # Name, labels, first sample, values: the last one stays.
    ("readmission_production_version", "", HOUR_AGO, (4,)),
    ("readmission_drift_psi", 'feature="payer_code"', HOUR_AGO, (0.312,)),
    ("readmission_database_up", 'database="raw"', HOUR_AGO, (1,)),
    ("readmission_database_up", 'database="clean"', HOUR_AGO, (0,)),
    ("readmission_rows", 'stage="raw"', HOUR_AGO, range(15_000, 18_600, STEP)),
    ("readmission_model_metric", 'metric="weighted_f1",rows="all"', HOUR_AGO, (0.5,)),
    ("readmission_model_metric", 'metric="auroc_any",rows="all"', HOUR_AGO, (0.6,)),
    ("airflow_ti_finish", 'state="failed"', JUST_NOW, (1,)),
    ("airflow_ti_finish", 'state="success"', NOW - 7_200, (5, *([5] * 250), 7)),
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus with an hour of a few metrics."""
    home = tmp_path_factory.mktemp("prometheus")
    (home / "history.txt").write_text(history())
    (home / "prometheus.yml").write_text("{}")
    made = promtool(
        "tsdb", "create-blocks-from", "openmetrics", home / "history.txt", home / "data"
    )
    assert made.returncode == 0, made.stderr
    port = free_ports(1)[0]
    command = [
        "prometheus", f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}", f"--web.listen-address={HOST}:{port}",
    ]  # fmt: skip
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        url = f"http://{HOST}:{port}"
        wait_until_ready(f"{url}/-/ready")
        with Prometheus(url) as client:
            yield client
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def history() -> str:
    lines, typed = [], set()
    for name, labels, first, values in SERIES:
        if name not in typed:
            lines.append(f"# TYPE {name} gauge")
            typed.add(name)
        for number, at in enumerate(range(first, NOW + STEP, STEP)):
            value = values[min(number, len(values) - 1)]
            lines.append(f"{name}{{{labels}}} {value} {at}")
    return "\n".join([*lines, "# EOF", ""])


def wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} did not answer within {START_SECONDS} s")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_picture_has_every_panel_and_says_that_it_is_none_of_grafana(
    path: Path, asked: Prometheus
) -> None:
    board = json.loads(path.read_text())

    figure = picture(board, asked, Span(HOUR_AGO, NOW, STEP))

    words = [text.get_text() for text in figure.texts]
    assert LABEL in words[1]
    assert {panel["title"] for panel in panels(board)} <= set(words)
    assert len(figure.axes) == len(panels(board))


@pytest.mark.parametrize(
    ("board", "title", "words"),
    [
        ("pipeline", "Version in production", {"4"}),
        ("pipeline", "Databases that answer", {"up", "down", "raw", "clean"}),
        ("pipeline", "Failed tasks in 24 h", {"1"}),
        ("pipeline", "Failed runs in 24 h", {"0"}),
        ("pipeline", "From RAW to verdict", {"No verdict yet"}),
        ("quality", "Drift of the outcome", {NO_DRIFT}),
        ("quality", "Drift by feature", {"0.312"}),
        ("predictions", "Latency p99", {"No request in this time"}),
    ],
)  # fmt: skip
def test_a_panel_shows_its_figures_or_its_empty_state(
    board: str, title: str, words: set[str], asked: Prometheus
) -> None:
    dashboard = json.loads((FOLDER / f"{board}.json").read_text())
    dashboard["panels"] = [panel for panel in panels(dashboard) if panel["title"] == title]

    (axes,) = picture(dashboard, asked, Span(HOUR_AGO, NOW, STEP)).axes

    assert {text.get_text() for text in axes.texts} == words


def test_a_line_follows_its_series(asked: Prometheus) -> None:
    dashboard = json.loads((FOLDER / "pipeline.json").read_text())
    dashboard["panels"] = [one for one in panels(dashboard) if one["title"] == "Rows by stage"]

    (axes,) = picture(dashboard, asked, Span(HOUR_AGO, NOW, STEP)).axes

    (line,) = axes.lines
    values = list(line.get_ydata())
    assert (values[0], values[100]) == (15_000, 16_500)
    assert line.get_label() == "raw  18.6 K"


def test_a_reader_can_choose_every_metric_there_is(asked: Prometheus) -> None:
    board = json.loads((FOLDER / "quality.json").read_text())

    chosen = {(one["metric"], one["rows"]) for one in all_choices(board, asked)}

    assert chosen == {
        (metric, rows) for metric in ("weighted_f1", "auroc_any") for rows in ("all", "eligible")
    }


def test_a_query_that_makes_no_sense_is_an_error(asked: Prometheus) -> None:
    with pytest.raises(ValueError, match="parse error"):
        asked.newest("rate(")


def test_the_event_that_made_a_series_counts(asked: Prometheus) -> None:
    def ended(query: str) -> dict[str, int]:
        return {series["state"]: round(value) for series, value in asked.newest(query, NOW)}

    counted = ended(promql.events("airflow_ti_finish", "1h", "state"))
    compared = ended(promql.increase("airflow_ti_finish", "state", "1h"))
    assert (counted, compared) == ({"failed": 1, "success": 2}, {"failed": 0, "success": 2})


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.00042, "s", None, "420 µs"),
        (0.05, "s", None, "50 ms"),
        (90, "s", None, "1.5 min"),
        (0, "s", None, "0 s"),
        (2 * 86_400, "s", None, "2 d"),
        (-7_200, "s", None, "-2 h"),
        (0.995, "percentunit", 1, "99.5 %"),
        (3 << 20, "bytes", None, "3 MiB"),
        (12, "reqps", None, "12 req/s"),
        (14.4, "suffix: x", None, "14.4 x"),
        (101_766, "short", None, "102 K"),
        (999, "short", None, "999"),
        (4, "string", None, "4"),
    ],
)
def test_a_number_is_written_as_grafana_writes_it(
    value: float, unit: str, decimals: int | None, text: str
) -> None:
    assert worded(value, unit, decimals) == text
