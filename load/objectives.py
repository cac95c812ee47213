"""The service-level objectives; a load test that misses one fails.

The alerts (`grafana/prometheus/rules/slo.yml`) have the same objectives. Here the client measures
them: the latency includes the network, and a wrong response counts as a failure.
"""

from collections.abc import Mapping

from load.stats import ALL, EndpointStats

AVAILABILITY = 0.995
"""Share of all requests that must succeed."""

P99_MILLISECONDS = 100
"""Latency that 99 of 100 single predictions must not exceed."""

PREDICTION = "POST /predict"
"""The endpoint with a latency objective; the latency of a file depends on its size."""


def missed(stats: Mapping[str, EndpointStats]) -> list[str]:
    """Return the objectives that were missed, each as a sentence.

    Parameters
    ----------
    stats : mapping of str to EndpointStats
        By endpoint, and of all endpoints together.
    """
    total, predictions = stats[ALL], stats.get(PREDICTION)
    if predictions is None or not predictions.requests:
        return ["no prediction was requested"]
    sentences = []
    if total.availability < AVAILABILITY:
        sentences.append(
            f"{total.availability:.3%} of all requests succeeded, not {AVAILABILITY:.1%}"
        )
    if predictions.p99 > P99_MILLISECONDS:
        sentences.append(
            f"99 of 100 predictions took up to {predictions.p99} ms, not {P99_MILLISECONDS} ms"
        )
    return sentences
