"""Every alert fires when it should and is silent when not, and leads to a page that helps."""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from prometheus_client.metrics_core import Metric

from api.metrics import LATENCY_BUCKETS, PREDICTION_PATHS, Metrics
from api.routes.predict import router as predicting
from api.routes.predict_batch import router as batches
from readmission.domain import drift
from readmission.exporter import catalogue
from readmission.exporter.catalogue import Figure
from readmission.settings import CHECKOUT
from tests.grafana.prometheus.alerting import (
    RULES,
    UNIT_TESTS,
    Case,
    Rule,
    alerts,
    cases,
    metrics_in,
    rules,
    runbooks,
)
from tests.promtool import promtool

SEVERITIES = {"page", "ticket"}
PARTS = ("What it means", "Look", "Do", "Call for help")
SAMPLES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
KEEPERS = (
    "docker-compose.override.yml",
    "include/readmission/stack/services/prometheus.py",
    "k8s/prometheus/server.yaml",
)

each_alert = pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])


def test_promtool_finds_nothing_wrong_with_the_rules() -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", *sorted(RULES.glob("*.yml")))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted(UNIT_TESTS.glob("*.yml")), ids=lambda path: path.stem)
def test_rules_do_what_their_unit_tests_say(path: Path) -> None:
    done = promtool("test", "rules", path)

    assert done.returncode == 0, done.stdout + done.stderr


@each_alert
def test_an_alert_is_seen_to_fire_and_not_to_fire(alert: Rule) -> None:
    seen = set(cases())

    assert Case(alert["alert"], fires=True) in seen
    assert Case(alert["alert"], fires=False) in seen


def test_no_unit_test_is_of_an_alert_that_is_gone() -> None:
    # promtool takes an alert it does not know for one that does not fire.
    assert {case.alert for case in cases()} <= {alert["alert"] for alert in alerts()}


def test_no_two_rules_share_their_name() -> None:
    names = [rule.get("alert", (rule.get("record"), str(rule.get("labels")))) for rule in rules()]

    assert len(names) == len(set(names))


@each_alert
def test_an_alert_says_who_is_wanted_what_is_wrong_and_what_helps(alert: Rule) -> None:
    told = alert["annotations"]

    assert alert["labels"]["severity"] in SEVERITIES
    assert alert["for"]
    assert set(told) == {"summary", "description", "runbook"}
    assert told["runbook"] == f"docs/runbooks.md#{alert['alert'].lower()}"


@each_alert
def test_an_alert_has_a_runbook_with_all_its_parts(alert: Rule) -> None:
    text = runbooks()[alert["annotations"]["runbook"].partition("#")[2]]

    assert [part for part in PARTS if f"**{part}.**" not in text] == []
    assert text.startswith(f"({alert['labels']['severity']})\n")


def test_no_runbook_is_of_an_alert_that_is_gone() -> None:
    known = {alert["alert"].lower() for alert in alerts()}

    assert set(runbooks()) - known == set()


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_reads_metrics_that_exist(rule: Rule) -> None:
    read = metrics_in(rule["expr"])

    assert read or rule["record"] == "slo:objective"
    assert read <= known_metrics() | {other["record"] for other in rules() if "record" in other}


@cache
def known_metrics() -> frozenset[str]:
    """Return what Prometheus, the API, the exporter and Airflow tell."""
    return frozenset({"up", *of_the_api(), *of_the_exporter(), *of_airflow()})


def of_the_api() -> set[str]:
    families: list[Metric] = list(Metrics().registry.collect())
    return {
        family.name + suffix for family in families for suffix in SAMPLES.get(family.type, ("",))
    }


def of_the_exporter() -> set[str]:
    return {figure.name for figure in vars(catalogue).values() if isinstance(figure, Figure)}


def of_airflow() -> set[str]:
    """Return Airflow's own list under the names that StatsD's exporter gives."""
    listed = files("airflow") / "_shared" / "observability" / "metrics" / "metrics_template.yaml"
    names = [metric["name"] for metric in yaml.safe_load(listed.read_text())["metrics"]]
    return {"airflow_" + re.sub(r"\W", "_", name) for name in names}


def test_objectives_count_what_the_api_answers() -> None:
    expr = next(r["expr"] for r in rules() if r.get("record") == "job:prediction_requests:rate5m")
    asked = re.search(r'path=~"([^"]+)"', expr)

    offered = {
        route.path
        for router in (predicting, batches)
        for route in router.routes
        if route.path.startswith("/predict")
    }
    assert asked is not None
    assert set(asked[1].split("|")) == set(PREDICTION_PATHS) == offered


def test_the_latency_objective_is_a_limit_of_a_bucket() -> None:
    limits = {
        float(limit) for rule in rules() for limit in re.findall(r'le="([^"]+)"', rule["expr"])
    }

    assert limits
    assert limits <= set(LATENCY_BUCKETS)


@pytest.mark.parametrize("path", KEEPERS)
def test_prometheus_keeps_what_the_longest_window_needs(path: str) -> None:
    kept = re.search(r"retention\.time=(\d+)d", (CHECKOUT / path).read_text())

    days = [int(days) for rule in rules() for days in re.findall(r"\[(\d+)d]", rule["expr"])]
    assert kept is not None
    assert int(kept[1]) > max(days)


def test_drift_alarms_where_the_pipeline_calls_it_strong() -> None:
    alert = next(alert for alert in alerts() if alert["alert"] == "DriftStrong")

    assert alert["expr"].endswith(f">= {drift.STRONG}")


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        (
            'sum by (job) (rate(a_total{path=~"/x"}[5m])) / on (slo) group_left () b',
            {"a_total", "b"},
        ),
        ('time() - max_over_time(c{d="e"}[1h]) > 30 * 86400 or absent(up)', {"c", "up"}),
        ("job:f:rate5m * 0 unless on (g, h) i == 1", {"job:f:rate5m", "i"}),
        ("vector(0.995)", set()),
    ],
)
def test_the_names_of_metrics_are_found_in_an_expression(expr: str, names: set[str]) -> None:
    assert metrics_in(expr) == names
