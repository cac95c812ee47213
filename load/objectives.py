"""What callers may expect of the service; a load test that sees less of it fails.

The same figures as the alerts (`grafana/prometheus/rules/slo.yml`), here as callers see them: the
way there and back is part of the latency, and an answer that is wrong counts as none.
"""

from collections.abc import Mapping

from load.figures import ALL, Figures

AVAILABILITY = 0.995
"""Share of all requests that are answered, and answered well."""

P99_MILLISECONDS = 100
"""Within which 99 of 100 single predictions are answered."""

PREDICTION = "POST /predict"
"""The requests whose latency is promised; how long a file takes depends on the file."""


def missed(seen: Mapping[str, Figures]) -> list[str]:
    """Return the objectives that were missed, each as a sentence.

    Parameters
    ----------
    seen : mapping of str to Figures
        By endpoint, and of all of them together; milliseconds.
    """
    total, predictions = seen[ALL], seen.get(PREDICTION)
    if predictions is None or not predictions.requests:
        return ["no prediction was asked for"]
    sentences = []
    if total.availability < AVAILABILITY:
        sentences.append(
            f"{total.availability:.3%} of all requests were answered well, not {AVAILABILITY:.1%}"
        )
    if predictions.p99 > P99_MILLISECONDS:
        sentences.append(
            f"99 of 100 predictions took up to {predictions.p99} ms, not {P99_MILLISECONDS} ms"
        )
    return sentences
