"""The values of dashboard variables come from the dashboard and from Prometheus."""

import json

import pytest

from grafana.source.__main__ import FOLDER
from grafana.source.pictures.dashboard_json import variable_combinations
from grafana.source.pictures.prometheus import Prometheus


def test_a_reader_can_select_every_metric(prometheus: Prometheus) -> None:
    dashboard = json.loads((FOLDER / "quality.json").read_text())

    combinations = {
        (variables["metric"], variables["rows"])
        for variables in variable_combinations(dashboard, prometheus)
    }

    assert combinations == {
        (metric, rows) for metric in ("weighted_f1", "auroc_any") for rows in ("all", "eligible")
    }


def test_an_unsupported_variable_query_is_an_error(prometheus: Prometheus) -> None:
    variable = {"name": "metric", "type": "query", "query": "metrics(readmission_.*)"}

    with pytest.raises(ValueError, match=r"'metric' has the query .* expected label_values"):
        list(variable_combinations({"templating": {"list": [variable]}}, prometheus))
