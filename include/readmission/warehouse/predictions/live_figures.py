"""The figures of each model version on live outcomes, with their intervals."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from readmission.warehouse.sql.replacing import replacing

OUTCOMES, UNDER_30, AGREED = "outcomes", "under_30", "agreed"
"""Counts: known outcomes, those that are <30, and those for which two versions agreed."""


@dataclass(frozen=True)
class LiveFigure:
    """One figure.

    Parameters
    ----------
    model_version : str
        The version that predicted.
    against : str
        Empty, or the champion that it was compared with in shadow; the figure is then challenger
        minus champion.
    attribute, patient_group : str
        The group of patients, e.g. ``gender`` and ``Female``; empty for all patients.
    metric : str
        `OUTCOMES`, `UNDER_30`, `AGREED`, or the name of a metric.
    figure : float
        Its value.
    low, high : float, optional
        Its 95 % interval; counts have none.
    """

    model_version: str
    against: str
    attribute: str
    patient_group: str
    metric: str
    figure: float
    low: float | None = None
    high: float | None = None

    @property
    def is_count(self) -> bool:
        """Whether the figure is a number of encounters."""
        return self.metric in (OUTCOMES, UNDER_30, AGREED)


def replace(connection: psycopg.Connection, figures: Iterable[LiveFigure]) -> None:
    """Store these figures instead of all earlier ones, in one transaction."""
    with replacing(connection, "live_figure") as cursor:
        cursor.executemany(_INSERT, [astuple(one) for one in figures])


def stored(connection: psycopg.Connection) -> list[LiveFigure]:
    """Return the figures that were stored last."""
    with connection.transaction(), connection.cursor(row_factory=class_row(LiveFigure)) as cursor:
        return cursor.execute(_SELECT).fetchall()


def measured_at(connection: psycopg.Connection) -> datetime | None:
    """Return when the stored figures were measured; None if there are none."""
    with connection.transaction():
        row = connection.execute("SELECT max(measured_at) FROM live_figure").fetchone()
    return row[0] if row else None


_INSERT = """
INSERT INTO live_figure (
    model_version, against, attribute, patient_group, metric, figure, low, high
) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_SELECT = """
SELECT model_version, against, attribute, patient_group, metric, figure, low, high
FROM live_figure ORDER BY 1, 2, 3, 4, 5
"""
