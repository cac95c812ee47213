"""The dashboards are what their source says, and every panel is fit to be read."""

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.source.__main__ import FOLDER, write
from grafana.source.dashboards import predictions, slo
from grafana.source.pictures.prometheus import first_choices, panels, targets
from readmission.settings import CHECKOUT
from tests.grafana.prometheus.alerting import metrics_in, rules
from tests.grafana.prometheus.test_rules import known_metrics
from tests.promtool import promtool

FILES = sorted(FOLDER.glob("*.json"))
COLUMNS = 24
DATASOURCES = CHECKOUT / "grafana" / "provisioning" / "datasources" / "prometheus.yml"

Json = dict[str, Any]

RECORDED = {rule["record"] for rule in rules() if "record" in rule}

each_board = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def read(path: Path) -> Json:
    return json.loads(path.read_text())


EACH_PANEL = [
    pytest.param(panel, id=f"{path.stem}: {panel['title']}")
    for path in FILES
    for panel in panels(read(path))
]
each_panel = pytest.mark.parametrize("panel", EACH_PANEL)


def test_the_files_are_what_the_source_writes(tmp_path: Path) -> None:
    write(tmp_path)

    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    there = {path.name: path.read_text() for path in FOLDER.iterdir()}
    assert there == written, "run `make dashboards`"


def test_there_are_the_four_dashboards() -> None:
    assert {path.stem for path in FILES} == {"predictions", "pipeline", "quality", "slo"}


def test_no_two_dashboards_share_their_address_or_their_title() -> None:
    boards = [read(path) for path in FILES]

    assert len({board["uid"] for board in boards}) == len(FILES)
    assert len({board["title"] for board in boards}) == len(FILES)


@each_board
def test_no_two_panels_share_their_number_or_their_title(path: Path) -> None:
    board = read(path)

    numbers = Counter(panel["id"] for panel in board["panels"])
    titles = Counter(panel["title"] for panel in board["panels"])
    assert numbers.most_common(1)[0][1] == 1, numbers
    assert titles.most_common(1)[0][1] == 1, titles


@each_board
def test_panels_fill_the_grid_and_do_not_overlap(path: Path) -> None:
    places = {panel["title"]: cells(panel["gridPos"]) for panel in read(path)["panels"]}

    for (one, here), (other, there) in combinations(places.items(), 2):
        assert not here & there, f"{one!r} and {other!r} overlap"
    taken = Counter(y for place in places.values() for _, y in place)
    assert set(taken.values()) == {COLUMNS}, "a line of the grid is not filled"
    assert all(x < COLUMNS for place in places.values() for x, _ in place)


def cells(place: Json) -> set[tuple[int, int]]:
    return {
        (x, y)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    }


@each_panel
def test_a_panel_says_what_it_is_in_which_unit_and_what_it_means_to_be_empty(panel: Json) -> None:
    fields = panel["fieldConfig"]["defaults"]

    assert panel["title"].strip()
    assert fields["unit"].strip()
    assert panel["description"].endswith("."), "a description is a sentence"
    assert len(panel["description"].split()) >= 3
    assert fields["noValue"].strip()


@each_panel
def test_a_panel_asks_the_one_datasource(panel: Json) -> None:
    (provisioned,) = yaml.safe_load(DATASOURCES.read_text())["datasources"]
    datasource = {"type": provisioned["type"], "uid": provisioned["uid"]}

    assert panel["datasource"] == datasource
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["datasource"] == datasource
        assert target["range"] is not target["instant"]


@each_panel
def test_a_panel_names_its_series(panel: Json) -> None:
    several = len(panel["targets"]) > 1
    for target in panel["targets"]:
        if panel["type"] == "table":
            continue
        if panel["type"] != "stat" or several or " by (" in target["expr"].replace(" by (le)", ""):
            assert target.get("legendFormat"), f"{target['expr']} has no legend"


@each_panel
def test_what_a_legend_names_is_what_its_query_keeps(panel: Json) -> None:
    for target in panel["targets"]:
        kept = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", target["expr"]))))
        named = set(re.findall(r"{{(\w+)}}", target.get("legendFormat", "")))
        assert named <= kept | ({"instance"} if "process_" in target["expr"] else set())


@each_panel
def test_a_rate_looks_back_as_far_as_grafana_says_or_over_a_fixed_window(panel: Json) -> None:
    for target in panel["targets"]:
        windows = set(re.findall(r"\[([^\]]+)\]", target["expr"]))
        assert windows <= {"$__rate_interval", "1h", "1d"}, target["expr"]


@each_panel
def test_a_query_reads_metrics_that_exist(panel: Json) -> None:
    known = known_metrics() | RECORDED | {"ALERTS"}
    for target in panel["targets"]:
        read = {re.sub(r"^(airflow_.*)_(sum|count)$", r"\1", name) for name in names(target)}
        assert read
        assert read <= known


def names(target: Json) -> set[str]:
    return metrics_in(target["expr"].replace("$__rate_interval", "1m"))


def test_limits_that_are_drawn_are_those_of_the_rules() -> None:
    objectives = {
        rule["labels"]["slo"]: float(rule["expr"].removeprefix("vector(").removesuffix(")"))
        for rule in rules()
        if rule.get("record") == "slo:objective"
    }
    (page,) = (rule["expr"] for rule in rules() if rule.get("alert") == "ErrorBudgetBurnsFast")
    slow = " ".join(
        rule["expr"]
        for rule in rules()
        if rule.get("record") == "job:slo_bad_requests:rate5m"
        and rule["labels"]["slo"] == "latency"
    )

    assert set(objectives) == set(slo.SLOS)
    for objective in objectives.values():
        assert f"{objective * 100:g} % of" in slo.board().description
    assert f"({slo.FAST} * (1 - slo:objective))" in page
    assert f'{predictions.HISTOGRAM}_bucket{{le="{predictions.LATENCY_OBJECTIVE}"}}' in slow


def test_prometheus_can_read_every_query(tmp_path: Path) -> None:
    """promtool reads rules, and a rule may be any query."""
    boards = [read(path) for path in FILES]
    queries = {
        target.expr
        for board in boards
        for panel in panels(board)
        for target in targets(panel, first_choices(board))
    } | {one["expr"] for board in boards for one in board["annotations"]["list"]}
    rules = [
        {"record": f"dashboard:query:{number}", "expr": query}
        for number, query in enumerate(sorted(queries))
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))

    checked = promtool("check", "rules", file)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(rules)} rules found" in checked.stdout


@each_board
def test_no_choice_of_the_reader_is_left_open(path: Path) -> None:
    board = read(path)
    for panel in panels(board):
        for target in targets(panel, first_choices(board)):
            assert "$" not in target.expr
