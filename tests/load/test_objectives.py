"""The load test has the same objectives as the alerts."""

import re

from load.objectives import AVAILABILITY, P99_MILLISECONDS
from readmission.settings import CHECKOUT

RULES = (CHECKOUT / "grafana" / "prometheus" / "rules" / "recording.yml").read_text()


def test_objectives_are_those_of_the_alerts() -> None:
    shares = re.findall(r"expr: vector\(([\d.]+)\)\s+labels: \{slo: (\w+)\}", RULES)
    limits = set(re.findall(r'prediction_latency_seconds_bucket\{le="([\d.]+)"\}', RULES))

    assert {slo: float(share) for share, slo in shares} == {
        "availability": AVAILABILITY,
        "latency": 0.99,
    }
    assert {float(limit) * 1_000 for limit in limits} == {P99_MILLISECONDS}
