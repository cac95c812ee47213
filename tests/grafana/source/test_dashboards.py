"""The dashboards match their sources, and every panel has the text and queries that it needs."""

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.metrics import LATENCY_BUCKETS
from grafana.source import runbooks as console
from grafana.source.__main__ import FOLDER, write
from grafana.source.dashboards import predictions, slo
from grafana.source.pictures.dashboard_json import default_variables, panels, targets
from readmission.exporter.sources import pages
from readmission.settings import CHECKOUT, Settings
from tests.grafana.prometheus.alerting import alerts, metrics_in, rules
from tests.grafana.prometheus.test_rules import known_metrics
from tests.promtool import promtool

FILES = sorted(FOLDER.glob("*.json"))
COLUMNS = 24
DATASOURCES = CHECKOUT / "grafana" / "provisioning" / "datasources" / "prometheus.yml"

Json = dict[str, Any]

RECORDED = {rule["record"] for rule in rules() if "record" in rule}

each_dashboard = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def read(path: Path) -> Json:
    return json.loads(path.read_text())


EACH_PANEL = [
    pytest.param(panel, id=f"{path.stem}: {panel['title']}")
    for path in FILES
    for panel in panels(read(path))
]
each_panel = pytest.mark.parametrize(
    "panel", [one for one in EACH_PANEL if one.values[0]["type"] != "text"]
)


def test_the_committed_files_match_the_sources(tmp_path: Path) -> None:
    write(tmp_path)

    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text() for path in FOLDER.iterdir()}
    assert committed == written, "run `make dashboards`"


def test_there_are_five_dashboards() -> None:
    assert {path.stem for path in FILES} == {"home", "predictions", "pipeline", "quality", "slo"}


def test_the_first_dashboard_links_to_every_page_and_to_the_other_dashboards() -> None:
    dashboard = read(FOLDER / "home.json")
    texts = "\n".join(
        panel["options"]["content"] for panel in panels(dashboard) if panel["type"] == "text"
    )

    addresses = {f"${{{name}:raw}}" for name in default_variables(dashboard)}
    boards = {f"/d/{read(path)['uid']}" for path in FILES if path.stem != "home"}
    linked = re.findall(r"\[[^]]+]\(([^)]+)\)", texts)
    assert {"${airflow:raw}", "${mlflow:raw}", "${reports:raw}", "${runbooks:raw}"} <= addresses
    assert set(linked) == addresses | boards


def test_the_variables_of_links_are_pages_that_the_exporter_knows() -> None:
    settings = Settings(
        airflow_page_url="http://a",
        mlflow_page_url="http://m",
        page_url="http://p",
        prometheus_page_url="http://r",
    )
    known = {labels[0] for _, labels, _ in pages(settings)}

    queried = {
        found
        for path in FILES
        for variable in read(path)["templating"]["list"]
        for found in re.findall(r'page_info{page="(\w+)"}', str(variable.get("query", "")))
    }
    assert queried == known
    assert list(pages(Settings())) == []


def test_a_panel_links_to_the_runbook_of_an_alert_that_exists() -> None:
    links = [
        link for path in FILES for panel in panels(read(path)) for link in panel.get("links", ())
    ]

    known = {f"${{runbooks:raw}}#{alert['alert'].lower()}" for alert in alerts()}
    assert len(links) > 20
    assert {link["url"] for link in links} <= known


def test_the_page_of_the_runbooks_is_up_to_date_and_has_each_alert() -> None:
    text = (console.FOLDER / console.FILE).read_text()

    assert text == console.page(console.SOURCE.read_text()), "run `make dashboards`"
    assert all(f'<h2 id="{alert["alert"].lower()}">' in text for alert in alerts())
    assert set(re.findall(r'href="([^"#]*)', text)) == {""}, "only links within the page"


def test_dashboards_have_unique_uids_and_titles() -> None:
    dashboards = [read(path) for path in FILES]

    assert len({dashboard["uid"] for dashboard in dashboards}) == len(FILES)
    assert len({dashboard["title"] for dashboard in dashboards}) == len(FILES)


@each_dashboard
def test_panels_of_a_dashboard_have_unique_ids_and_titles(path: Path) -> None:
    dashboard = read(path)

    ids = Counter(panel["id"] for panel in dashboard["panels"])
    titles = Counter(panel["title"] for panel in dashboard["panels"])
    assert ids.most_common(1)[0][1] == 1, ids
    assert titles.most_common(1)[0][1] == 1, titles


@each_dashboard
def test_panels_fill_the_grid_without_overlap(path: Path) -> None:
    cells_of = {panel["title"]: cells(panel["gridPos"]) for panel in read(path)["panels"]}

    for (title, panel), (other_title, other) in combinations(cells_of.items(), 2):
        assert not panel & other, f"{title!r} and {other_title!r} overlap"
    cells_per_line = Counter(y for panel in cells_of.values() for _, y in panel)
    assert set(cells_per_line.values()) == {COLUMNS}, "a line of the grid has a gap"
    assert all(x < COLUMNS for panel in cells_of.values() for x, _ in panel)


def cells(position: Json) -> set[tuple[int, int]]:
    return {
        (x, y)
        for x in range(position["x"], position["x"] + position["w"])
        for y in range(position["y"], position["y"] + position["h"])
    }


@each_panel
def test_a_panel_has_a_title_a_unit_a_description_and_a_text_for_no_data(panel: Json) -> None:
    fields = panel["fieldConfig"]["defaults"]

    assert panel["title"].strip()
    assert fields["unit"].strip()
    assert panel["description"].endswith("."), "a description is a sentence"
    assert len(panel["description"].split()) >= 3
    assert fields["noValue"].strip()


@each_panel
def test_a_panel_queries_the_provisioned_datasource(panel: Json) -> None:
    (provisioned,) = yaml.safe_load(DATASOURCES.read_text())["datasources"]
    datasource = {"type": provisioned["type"], "uid": provisioned["uid"]}

    assert panel["datasource"] == datasource
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["datasource"] == datasource
        assert target["range"] is not target["instant"]


@each_panel
def test_series_that_need_a_legend_have_one(panel: Json) -> None:
    several = len(panel["targets"]) > 1
    for target in panel["targets"]:
        if panel["type"] == "table":
            continue
        if panel["type"] != "stat" or several or " by (" in target["expr"].replace(" by (le)", ""):
            assert target.get("legendFormat"), f"{target['expr']} has no legend"


@each_panel
def test_a_legend_uses_only_labels_that_its_query_keeps(panel: Json) -> None:
    for target in panel["targets"]:
        kept = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", target["expr"]))))
        used = set(re.findall(r"{{(\w+)}}", target.get("legendFormat", "")))
        assert used <= kept | ({"instance"} if "process_" in target["expr"] else set())


@each_panel
def test_a_query_uses_grafanas_window_or_a_fixed_one(panel: Json) -> None:
    for target in panel["targets"]:
        windows = set(re.findall(r"\[([^\]]+)\]", target["expr"]))
        assert windows <= {"$__rate_interval", "1h", "1d"}, target["expr"]


@each_panel
def test_a_query_reads_only_metrics_that_exist(panel: Json) -> None:
    known = known_metrics() | RECORDED | {"ALERTS"}
    for target in panel["targets"]:
        names = metrics_in(target["expr"].replace("$__rate_interval", "1m"))
        read = {re.sub(r"^(airflow_.*)_(sum|count)$", r"\1", name) for name in names}
        assert read
        assert read <= known


def test_limits_in_the_dashboards_match_the_rules() -> None:
    # given
    objectives = {
        rule["labels"]["slo"]: float(rule["expr"].removeprefix("vector(").removesuffix(")"))
        for rule in rules()
        if rule.get("record") == "slo:objective"
    }
    expressions = {rule["alert"]: rule["expr"] for rule in rules() if "alert" in rule}
    slow_requests = " ".join(
        rule["expr"]
        for rule in rules()
        if rule.get("record") == "job:slo_bad_requests:rate5m"
        and rule["labels"]["slo"] == "latency"
    )

    # then
    assert set(objectives) == set(slo.SLOS)
    for objective in objectives.values():
        assert f"{objective * 100:g} % of" in slo.board().description
    assert f"({slo.PAGING} * (1 - slo:objective))" in expressions["ErrorBudgetBurnsFast"]
    bucket = f'{predictions.LATENCY_HISTOGRAM}_bucket{{le="{predictions.LATENCY_OBJECTIVE}"}}'
    assert bucket in slow_requests
    limit = f"> {predictions.MODEL_AGE_LIMIT} * {predictions.DAY}"
    assert expressions["ModelTooOld"].endswith(limit)


def test_the_latency_distribution_shows_buckets_of_the_api() -> None:
    assert set(map(float, predictions.LATENCY_BOUNDS)) <= set(LATENCY_BUCKETS)


def test_prometheus_can_parse_every_query(tmp_path: Path) -> None:
    """promtool checks rules only, so each query becomes a recording rule."""
    # given
    dashboards = [read(path) for path in FILES]
    queries = {
        target.expr
        for dashboard in dashboards
        for panel in panels(dashboard)
        for target in targets(panel, default_variables(dashboard))
    } | {
        annotation["expr"]
        for dashboard in dashboards
        for annotation in dashboard["annotations"]["list"]
    }
    recorded = [
        {"record": f"dashboard:query:{number}", "expr": query}
        for number, query in enumerate(sorted(queries))
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": recorded}]}))

    # when
    checked = promtool("check", "rules", file)

    # then
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(recorded)} rules found" in checked.stdout


@each_dashboard
def test_every_variable_in_a_query_has_a_default(path: Path) -> None:
    dashboard = read(path)
    for panel in panels(dashboard):
        for target in targets(panel, default_variables(dashboard)):
            assert "$" not in target.expr
