"""The client reports queries that Prometheus rejects."""

import pytest

from grafana.source.pictures.prometheus import Prometheus


def test_an_invalid_query_is_an_error(prometheus: Prometheus) -> None:
    with pytest.raises(ValueError, match="parse error"):
        prometheus.query("rate(")
