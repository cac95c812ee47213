"""PromQL helpers return the expected values on a real Prometheus."""

from grafana.source import promql
from grafana.source.pictures.prometheus import Prometheus
from tests.grafana.source.history import NOW


def test_the_first_event_of_a_new_series_counts(prometheus: Prometheus) -> None:
    def finished(query: str) -> dict[str, int]:
        return {series["state"]: round(value) for series, value in prometheus.query(query, NOW)}

    from_zero = finished(promql.increase_from_zero("airflow_ti_finish", "1h", "state"))
    plain = finished(promql.increase("airflow_ti_finish", "state", "1h"))
    assert (from_zero, plain) == ({"failed": 1, "success": 2}, {"failed": 0, "success": 2})
