"""Every alert has a unit test, a runbook and metrics that exist."""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from prometheus_client.metrics_core import Metric

from api.metrics import LATENCY_BUCKETS, PREDICTION_PATHS, Metrics
from api.routes.predict import router as predict_router
from api.routes.predict_batch import router as predict_batch_router
from readmission.exporter import catalogue
from readmission.exporter.catalogue import MetricFamily
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
RUNBOOK_PARTS = ("What it means", "Look", "Do", "Call for help")
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
RETENTION_FILES = (
    "docker-compose.override.yml",
    "include/readmission/stack/services/observability/prometheus.py",
    "k8s/prometheus/server.yaml",
)
"""Files that set how long Prometheus keeps samples."""

each_alert = pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])


def test_promtool_accepts_the_rules() -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", *sorted(RULES.glob("*.yml")))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted(UNIT_TESTS.glob("*.yml")), ids=lambda path: path.stem)
def test_rules_pass_their_unit_tests(path: Path) -> None:
    done = promtool("test", "rules", path)

    assert done.returncode == 0, done.stdout + done.stderr


@each_alert
def test_unit_tests_cover_an_alert_firing_and_not_firing(alert: Rule) -> None:
    covered = set(cases())

    assert Case(alert["alert"], fires=True) in covered
    assert Case(alert["alert"], fires=False) in covered


def test_unit_tests_name_only_alerts_that_exist() -> None:
    # promtool treats an unknown alert as one that does not fire.
    assert {case.alert for case in cases()} <= {alert["alert"] for alert in alerts()}


def test_rules_have_unique_names() -> None:
    names = [rule.get("alert", (rule.get("record"), str(rule.get("labels")))) for rule in rules()]

    assert len(names) == len(set(names))


@each_alert
def test_an_alert_has_a_severity_a_duration_and_all_annotations(alert: Rule) -> None:
    annotations = alert["annotations"]

    assert alert["labels"]["severity"] in SEVERITIES
    assert alert["for"]
    assert set(annotations) == {"summary", "description", "runbook_url"}
    page = "{{ $externalURL }}/consoles/runbooks.html"
    assert annotations["runbook_url"] == f"{page}#{alert['alert'].lower()}"


@each_alert
def test_an_alert_has_a_runbook_with_all_parts(alert: Rule) -> None:
    text = runbooks()[alert["annotations"]["runbook_url"].partition("#")[2]]

    assert [part for part in RUNBOOK_PARTS if f"**{part}.**" not in text] == []
    assert text.startswith(f"({alert['labels']['severity']})\n")


def test_every_runbook_belongs_to_an_alert() -> None:
    known = {alert["alert"].lower() for alert in alerts()}

    assert set(runbooks()) - known == set()


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_reads_only_metrics_that_exist(rule: Rule) -> None:
    read = metrics_in(rule["expr"])

    assert read or rule["record"] == "slo:objective"
    assert read <= known_metrics() | {other["record"] for other in rules() if "record" in other}


@cache
def known_metrics() -> frozenset[str]:
    """Return the metrics of Prometheus, the API, the exporter and Airflow."""
    return frozenset({"up", *api_metrics(), *exporter_metrics(), *airflow_metrics()})


def api_metrics() -> set[str]:
    families: list[Metric] = list(Metrics().registry.collect())
    return {
        family.name + suffix for family in families for suffix in SUFFIXES.get(family.type, ("",))
    }


def exporter_metrics() -> set[str]:
    return {metric.name for metric in vars(catalogue).values() if isinstance(metric, MetricFamily)}


def airflow_metrics() -> set[str]:
    """Return Airflow's metrics and the plugins', under the names that statsd_exporter gives."""
    listed = files("airflow") / "_shared" / "observability" / "metrics" / "metrics_template.yaml"
    names = [
        metric["name"] + suffix
        for metric in yaml.safe_load(listed.read_text())["metrics"]
        for suffix in (("", "_count", "_sum") if metric["type"] == "timer" else ("",))
    ]
    for plugin in (CHECKOUT / "plugins").glob("*.py"):
        names += re.findall(r'stats\.incr\("(\w+)"', plugin.read_text())
    return {"airflow_" + re.sub(r"\W", "_", name) for name in names}


def test_objectives_cover_all_prediction_endpoints() -> None:
    expr = next(r["expr"] for r in rules() if r.get("record") == "job:prediction_requests:rate5m")
    paths = re.search(r'path=~"([^"]+)"', expr)

    routes = {
        route.path
        for router in (predict_router, predict_batch_router)
        for route in router.routes
        if route.path.startswith("/predict")
    }
    assert paths is not None
    assert set(paths[1].split("|")) == set(PREDICTION_PATHS) == routes


def test_the_latency_objective_is_a_bucket_of_the_histogram() -> None:
    bounds = {
        float(bound) for rule in rules() for bound in re.findall(r'le="([^"]+)"', rule["expr"])
    }

    assert bounds
    assert bounds <= set(LATENCY_BUCKETS)


@pytest.mark.parametrize("path", RETENTION_FILES)
def test_prometheus_keeps_samples_for_the_longest_window(path: str) -> None:
    retention = re.search(r"retention\.time=(\d+)d", (CHECKOUT / path).read_text())

    windows = [int(days) for rule in rules() for days in re.findall(r"\[(\d+)d]", rule["expr"])]
    assert retention is not None
    assert int(retention[1]) > max(windows)


def test_the_drift_alert_fires_where_the_pipeline_raised_an_alarm() -> None:
    alert = next(alert for alert in alerts() if alert["alert"] == "DriftStrong")

    assert catalogue.DRIFT_ALARM.name in metrics_in(alert["expr"])


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
def test_metrics_in_finds_the_names_in_an_expression(expr: str, names: set[str]) -> None:
    assert metrics_in(expr) == names
