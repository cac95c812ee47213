"""Candidates, their promotion verdicts and their test metrics."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from readmission.exporter.catalogue import (
    LAST_EVENT,
    MODEL,
    PROMOTIONS,
    SUBGROUP,
    WAITING,
    Sample,
)

VERSIONS = 8
"""How many of the newest model versions are exported."""
ELIGIBLE = "eligible_"
"""Prefix of the metrics over the patients who can be readmitted."""


@dataclass(frozen=True)
class ModelsReading:
    """Trainings and promotions, as CLEAN records them.

    Parameters
    ----------
    verdicts : mapping of str to int
        How many promotions ended with each verdict, and how many rollbacks there were.
    metrics : mapping of str to mapping
        Test metrics by version, of the newest versions.
    subgroups : tuple of str and mapping, optional
        The most recently promoted version, and its metrics by attribute, group and name.
    trained_at, judged_at : datetime, optional
        When the last training and the last promotion finished.
    judged_batch : tuple of str and datetime, optional
        The newest batch with a verdict, and when the verdict was recorded.
    trained : frozenset of str
        Batches with a candidate.
    unjudged : frozenset of str
        Batches whose candidate has no verdict yet.
    """

    verdicts: Mapping[str, int] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    subgroups: tuple[str, Mapping[str, Mapping[str, Mapping[str, float]]]] | None = None
    trained_at: datetime | None = None
    judged_at: datetime | None = None
    judged_batch: tuple[str, datetime] | None = None
    trained: frozenset[str] = frozenset()
    unjudged: frozenset[str] = frozenset()


def read(connection: psycopg.Connection) -> ModelsReading:
    """Read the candidates, the promotions and the rollbacks."""
    verdicts = connection.execute(_VERDICTS).fetchall()
    candidates = connection.execute(_CANDIDATES).fetchall()
    newest = connection.execute(_JUDGED).fetchone()
    return ModelsReading(
        verdicts={verdict: count for verdict, count, _ in verdicts},
        metrics=dict(connection.execute(_TEST_METRICS, (VERSIONS,)).fetchall()),
        subgroups=connection.execute(_SUBGROUPS).fetchone(),
        trained_at=max((at for _, at, _ in candidates), default=None),
        judged_at=max((at for _, _, at in verdicts if at), default=None),
        judged_batch=(newest[0], newest[1]) if newest else None,
        trained=frozenset(batch_id for batch_id, _, _ in candidates),
        unjudged=frozenset(batch_id for batch_id, _, judged in candidates if not judged),
    )


def samples(models: ModelsReading, stopped: set[str]) -> Iterator[Sample]:
    """Yield all samples; `stopped` are the batches that a gate stopped before promotion."""
    for verdict, count in models.verdicts.items():
        yield PROMOTIONS(count, verdict)
    yield WAITING(len(models.unjudged - stopped), "promotion")
    for stage, at in (("training", models.trained_at), ("promotion", models.judged_at)):
        if at:
            yield LAST_EVENT(at.timestamp(), stage)
    for version, metrics in models.metrics.items():
        for name, value in metrics.items():
            yield MODEL(value, version, *metric_and_rows(name))
    if models.subgroups:
        yield from _subgroup_samples(*models.subgroups)


def _subgroup_samples(
    version: str, subgroups: Mapping[str, Mapping[str, Mapping[str, float]]]
) -> Iterator[Sample]:
    for attribute, groups in subgroups.items():
        for group, metrics in groups.items():
            for name, value in metrics.items():
                yield SUBGROUP(value, version, attribute, group, name)


def metric_and_rows(name: str) -> tuple[str, str]:
    """Split a logged name into the metric and the rows it covers: ``all`` or ``eligible``."""
    rows = "eligible" if name.startswith(ELIGIBLE) else "all"
    return name.removeprefix(ELIGIBLE), rows


# An alert misses the first increase of a counter that starts above zero, so zeros are exported.
_VERDICTS = """
SELECT verdict, count(promotion_id), max(created_at)
FROM unnest(ARRAY['promoted', 'refused']) AS verdict LEFT JOIN promotion USING (verdict)
GROUP BY verdict
UNION ALL SELECT 'rolled_back', count(*), NULL FROM rollback
"""

_CANDIDATES = """
SELECT c.batch_id, c.created_at, EXISTS (
    SELECT FROM promotion p
    WHERE (p.batch_id, p.challenger_version) = (c.batch_id, c.version)
) FROM candidate c
"""

_JUDGED = """
SELECT batch_id, max(created_at) FROM promotion GROUP BY batch_id
ORDER BY split_part(batch_id, '-', 2)::integer DESC LIMIT 1
"""

_TEST_METRICS = """
SELECT challenger_version, figures -> 'challenger' FROM promotion
WHERE figures ? 'challenger' ORDER BY promotion_id DESC LIMIT %s
"""

_SUBGROUPS = """
SELECT challenger_version, figures -> 'subgroups' FROM promotion
WHERE verdict = 'promoted' AND figures ? 'subgroups' ORDER BY promotion_id DESC LIMIT 1
"""
