"""Candidates, their promotion verdicts and their test metrics."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from readmission.domain.batch_ids import BatchId, batch_number, parse_batch_id
from readmission.exporter.catalogue import (
    LAST_EVENT,
    MODEL,
    NEWEST_BATCH,
    NEWEST_BATCH_ALARM,
    PROMOTIONS,
    SUBGROUP,
    Sample,
)
from readmission.exporter.rows import RowReader, finite, moment, numbered

VERDICTS, ROLLED_BACK, MOVED = ("promoted", "refused"), "rolled_back", "manual"
VERSIONS = 8
"""How many of the newest model versions are exported."""
LOOKED_THROUGH = 4 * VERSIONS
"""How many of the newest verdicts are read, in case some of them are bad."""
ELIGIBLE = "eligible_"
"""Prefix of the metrics over the patients who can be readmitted."""


@dataclass(frozen=True)
class ModelsReading:
    """Trainings and promotions, as CLEAN records them.

    Parameters
    ----------
    verdicts : mapping of str to int
        How many promotions ended with each verdict, and how many rollbacks and moves of the alias
        by hand there were.
    metrics : mapping of str to mapping
        Test metrics by version, of the newest versions.
    subgroups : tuple of str and mapping, optional
        The most recently promoted version, and its metrics by attribute, group and name.
    newest_batch : tuple of str, mapping and bool, optional
        The newest challenger with figures of its own batch, these figures, and whether they raised
        the alarm.
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
    newest_batch: tuple[str, Mapping[str, float], bool] | None = None
    trained_at: datetime | None = None
    judged_at: datetime | None = None
    judged_batch: tuple[str, datetime] | None = None
    trained: frozenset[str] = frozenset()
    unjudged: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Judged:
    """One line of the history of promotions."""

    batch_id: BatchId
    verdict: str
    at: datetime


def read(connection: psycopg.Connection, rows: RowReader) -> ModelsReading:
    """Read the candidates, the promotions and the rollbacks."""
    judged = rows.keep("promotion", connection.execute(_PROMOTIONS).fetchall(), _judged)
    candidates = rows.keep("candidate", connection.execute(_CANDIDATES).fetchall(), _candidate)
    skipped = frozenset(batch_id for (batch_id,) in connection.execute(_SKIPPED))
    rollbacks = connection.execute("SELECT count(*) FROM rollback").fetchone() or (0,)
    moves = connection.execute(_MOVES).fetchone() or (0,)
    counted = Counter(one.verdict for one in judged)
    newest = max(judged, key=lambda one: (batch_number(one.batch_id), one.at), default=None)
    return ModelsReading(
        # An alert misses the first increase of a counter that starts above zero: export zeros.
        verdicts={verdict: counted[verdict] for verdict in VERDICTS}
        | {ROLLED_BACK: rollbacks[0], MOVED: moves[0]},
        metrics=_test_metrics(connection, rows),
        subgroups=_subgroups(connection, rows),
        newest_batch=_newest_batch(connection, rows),
        trained_at=max((at for _, at, _ in candidates), default=None),
        judged_at=max((one.at for one in judged), default=None),
        judged_batch=(newest.batch_id, newest.at) if newest else None,
        trained=frozenset(batch_id for batch_id, _, _ in candidates) | skipped,
        unjudged=frozenset(batch_id for batch_id, _, judged in candidates if not judged),
    )


def samples(models: ModelsReading) -> Iterator[Sample]:
    """Yield all samples except that of the waiting batches."""
    for verdict, count in models.verdicts.items():
        yield PROMOTIONS(count, verdict)
    for stage, at in (("training", models.trained_at), ("promotion", models.judged_at)):
        if at:
            yield LAST_EVENT(at.timestamp(), stage)
    for version, metrics in models.metrics.items():
        for name, value in metrics.items():
            yield MODEL(value, version, *metric_and_rows(name))
    if models.subgroups:
        yield from _subgroup_samples(*models.subgroups)
    if models.newest_batch:
        version, metrics, alarm = models.newest_batch
        yield NEWEST_BATCH_ALARM(alarm, version)
        for name, value in metrics.items():
            yield NEWEST_BATCH(value, version, name)


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


def _judged(row: tuple[Any, ...]) -> _Judged:
    batch_id, verdict, at = row
    if verdict not in VERDICTS:
        raise ValueError(f"the verdict is {verdict!r}, expected {' or '.join(VERDICTS)}")
    return _Judged(parse_batch_id(batch_id), verdict, moment(at, f"created_at of {batch_id}"))


def _candidate(row: tuple[Any, ...]) -> tuple[BatchId, datetime, bool]:
    batch_id, at, judged = row
    return parse_batch_id(batch_id), moment(at, f"created_at of {batch_id}"), judged


def _test_metrics(connection: psycopg.Connection, rows: RowReader) -> dict[str, dict[str, float]]:
    found = connection.execute(_TEST_METRICS, (LOOKED_THROUGH,)).fetchall()
    newest = dict(rows.keep("promotion", found, _figures)[:VERSIONS])
    return {
        number: _numbers(rows, named, f"of version {number}") for number, named in newest.items()
    }


def _subgroups(
    connection: psycopg.Connection, rows: RowReader
) -> tuple[str, dict[str, dict[str, dict[str, float]]]] | None:
    found = connection.execute(_SUBGROUPS, (LOOKED_THROUGH,)).fetchall()
    for number, attributes in rows.keep("promotion", found, _figures):
        return number, {
            attribute: {
                group: _numbers(rows, named, f"of {group} in version {number}")
                for group, named in rows.keep("promotion", members.items(), _named)
            }
            for attribute, members in rows.keep("promotion", attributes.items(), _named)
        }
    return None


def _newest_batch(
    connection: psycopg.Connection, rows: RowReader
) -> tuple[str, dict[str, float], bool] | None:
    found = connection.execute(_NEWEST_BATCH, (LOOKED_THROUGH,)).fetchall()
    for number, figures in rows.keep("promotion", found, _figures):
        for _, metrics in rows.keep("promotion", [("metrics", figures.get("metrics"))], _named):
            place = f"of the newest batch of version {number}"
            return number, _numbers(rows, metrics, place), figures.get("alarm") is True
    return None


def _figures(row: tuple[Any, ...]) -> tuple[str, dict[str, Any]]:
    batch_id, number, figures = row
    place = f"the figures of {parse_batch_id(batch_id)}"
    return numbered(number), _named((place, figures))[1]


def _named(pair: tuple[str, Any]) -> tuple[str, dict[str, Any]]:
    name, values = pair
    if not isinstance(values, dict):
        raise TypeError(f"{name}: expected values by name")
    return name, values


def _numbers(rows: RowReader, named: Mapping[str, Any], place: str) -> dict[str, float]:
    def parse(pair: tuple[str, Any]) -> tuple[str, float]:
        return pair[0], finite(pair[1], f"{pair[0]} {place}")

    return dict(rows.keep("promotion", named.items(), parse))


_PROMOTIONS = "SELECT batch_id, verdict, created_at FROM promotion"

_SKIPPED = "SELECT batch_id FROM skipped_training"

_MOVES = "SELECT count(*) FROM production_move WHERE kind = 'manual'"

_CANDIDATES = """
SELECT c.batch_id, c.created_at, EXISTS (
    SELECT FROM promotion p
    WHERE (p.batch_id, p.challenger_version) = (c.batch_id, c.version)
) FROM candidate c
"""

_TEST_METRICS = """
SELECT batch_id, challenger_version, figures -> 'challenger' FROM promotion
WHERE figures ? 'challenger' ORDER BY promotion_id DESC LIMIT %s
"""

_SUBGROUPS = """
SELECT batch_id, challenger_version, figures -> 'subgroups' FROM promotion
WHERE verdict = 'promoted' AND figures ? 'subgroups' ORDER BY promotion_id DESC LIMIT %s
"""

_NEWEST_BATCH = """
SELECT batch_id, challenger_version, figures -> 'newest_batch' FROM promotion
WHERE jsonb_typeof(figures -> 'newest_batch') = 'object' ORDER BY promotion_id DESC LIMIT %s
"""
