"""Candidates, the verdicts on them and what they scored on the test part."""

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
"""Model versions that are told apart; older ones are no longer shown."""
ELIGIBLE = "eligible_"
"""Prefix of the figures over patients who can be readmitted."""


@dataclass(frozen=True)
class Models:
    """What has become of the trainings.

    Parameters
    ----------
    verdicts : mapping of str to int
        How often each was given.
    figures : mapping of str to mapping
        Metrics on the test part, by version; the newest ones only.
    subgroups : tuple of str and mapping, optional
        The version promoted last, and its metrics by attribute, group and name.
    trained_at, judged_at : datetime, optional
        When the last training and the last promotion finished.
    judged_batch : tuple of str and datetime, optional
        The newest batch that got a verdict, and when.
    trained : frozenset of str
        Batches with a candidate.
    unjudged : frozenset of str
        Batches whose candidate waits for its verdict.
    """

    verdicts: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    subgroups: tuple[str, Mapping[str, Mapping[str, Mapping[str, float]]]] | None = None
    trained_at: datetime | None = None
    judged_at: datetime | None = None
    judged_batch: tuple[str, datetime] | None = None
    trained: frozenset[str] = frozenset()
    unjudged: frozenset[str] = frozenset()


def read(connection: psycopg.Connection) -> Models:
    """Read the candidates, the promotions and the rollbacks."""
    verdicts = connection.execute(_VERDICTS).fetchall()
    candidates = connection.execute(_CANDIDATES).fetchall()
    newest = connection.execute(_JUDGED).fetchone()
    return Models(
        verdicts={verdict: count for verdict, count, _ in verdicts},
        figures=dict(connection.execute(_FIGURES, (VERSIONS,)).fetchall()),
        subgroups=connection.execute(_SUBGROUPS).fetchone(),
        trained_at=max((at for _, at, _ in candidates), default=None),
        judged_at=max((at for _, _, at in verdicts if at), default=None),
        judged_batch=(newest[0], newest[1]) if newest else None,
        trained=frozenset(batch_id for batch_id, _, _ in candidates),
        unjudged=frozenset(batch_id for batch_id, _, judged in candidates if not judged),
    )


def show(models: Models, stopped: set[str]) -> Iterator[Sample]:
    """Yield all figures; `stopped` are the batches that the gate of predictions stopped."""
    for verdict, count in models.verdicts.items():
        yield PROMOTIONS(count, verdict)
    yield WAITING(len(models.unjudged - stopped), "promotion")
    for stage, at in (("training", models.trained_at), ("promotion", models.judged_at)):
        if at:
            yield LAST_EVENT(at.timestamp(), stage)
    for version, figures in models.figures.items():
        for name, value in figures.items():
            yield MODEL(value, version, *which(name))
    if models.subgroups:
        yield from _by_group(*models.subgroups)


def _by_group(
    version: str, subgroups: Mapping[str, Mapping[str, Mapping[str, float]]]
) -> Iterator[Sample]:
    for attribute, groups in subgroups.items():
        for group, figures in groups.items():
            for name, value in figures.items():
                yield SUBGROUP(value, version, attribute, group, name)


def which(name: str) -> tuple[str, str]:
    """Return the metric of a figure's name, and the rows it is about."""
    rows = "eligible" if name.startswith(ELIGIBLE) else "all"
    return name.removeprefix(ELIGIBLE), rows


# A counter that does not exist before it counts cannot raise an alert; hence the zeros.
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

_FIGURES = """
SELECT challenger_version, figures -> 'challenger' FROM promotion
WHERE figures ? 'challenger' ORDER BY promotion_id DESC LIMIT %s
"""

_SUBGROUPS = """
SELECT challenger_version, figures -> 'subgroups' FROM promotion
WHERE verdict = 'promoted' AND figures ? 'subgroups' ORDER BY promotion_id DESC LIMIT 1
"""
