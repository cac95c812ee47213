"""The candidates of each batch, and the append-only history of promotions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from readmission.errors import BatchNotFound
from readmission.warehouse.sql.batch_order import BATCH_NUMBER


@dataclass(frozen=True)
class Candidate:
    """The best model of one training, registered but not yet promoted or refused.

    Parameters
    ----------
    batch_id : str
        The batch whose arrival caused the training.
    run_id, family, version : str
        MLflow run, model family, registered version.
    data_sha256 : str
        Hash of the rows it was trained on.
    """

    batch_id: str
    run_id: str
    family: str
    version: str
    data_sha256: str
    created_at: datetime | None = None


@dataclass(frozen=True)
class Promotion:
    """One verdict on a challenger: whether it was promoted to production, and why.

    Parameters
    ----------
    batch_id : str
        The batch whose arrival caused the comparison.
    challenger_version, champion_version : str
        Registered versions of challenger and champion; None if there was no champion yet.
    verdict : str
        ``promoted`` or ``refused``.
    reason : str
        One sentence for people.
    figures : dict
        Metrics of both models on the same test rows, and the challenger's by group of patients.
    """

    batch_id: str
    challenger_version: str
    champion_version: str | None
    verdict: str
    reason: str
    figures: dict[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    promotion_id: int | None = None


_ONE_AT_A_TIME = 296_011
"""Advisory lock of a promotion: from the comparison until the alias has moved."""


class ModelHistory:
    """The candidates and promotions in CLEAN; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def candidates(self) -> list[Candidate]:
        """Return the newest candidate of every batch, in order of batches."""
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(Candidate)) as cursor,
        ):
            return cursor.execute(_CANDIDATES).fetchall()

    def candidate(self, batch_id: str) -> Candidate:
        """Return the candidate of one batch.

        Raises
        ------
        BatchNotFound
            If no training of the batch has finished.
        """
        found = [c for c in self.candidates() if c.batch_id == batch_id]
        if not found:
            raise BatchNotFound(batch_id, "candidate")
        return found[0]

    def record_candidate(self, candidate: Candidate) -> None:
        """Store a candidate; that of a repeated training replaces the earlier one."""
        with self.connection.transaction():
            self.connection.execute(
                _UPSERT_CANDIDATE,
                (
                    candidate.batch_id,
                    candidate.run_id,
                    candidate.family,
                    candidate.version,
                    candidate.data_sha256,
                ),
            )

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Wait until no other process judges a candidate or carries out a verdict.

        Airflow may restart a task although its first worker, presumed dead, still runs. The lock
        ends with the block or with the connection.
        """
        with self.connection.transaction():
            self.connection.execute("SELECT pg_advisory_lock(%s)", (_ONE_AT_A_TIME,))
        try:
            yield
        finally:
            with self.connection.transaction():
                self.connection.execute("SELECT pg_advisory_unlock(%s)", (_ONE_AT_A_TIME,))

    def promotions(self, *, figures: bool = True) -> list[Promotion]:
        """Return all promotions, oldest first.

        Parameters
        ----------
        figures : bool
            Whether to read their figures too, which are tens of kilobytes each.
        """
        columns = _WITH_FIGURES if figures else _WITHOUT_FIGURES
        return self._promotions(_PROMOTIONS.format(columns=columns))

    def _promotions(self, query: sql.Composed, *parameters: object) -> list[Promotion]:
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(Promotion)) as cursor,
        ):
            found = cursor.execute(query, parameters).fetchall()
        return [replace(one, figures=_named_as_today(one.figures)) for one in found]

    def record_promotion(self, promotion: Promotion) -> Promotion:
        """Append a verdict and return it, or return the stored verdict on the same challenger.

        If a promotion was killed after its verdict, repeating it returns that verdict, so that it
        carries out the same decision.
        """
        with self.connection.transaction():
            self.connection.execute(
                _INSERT_PROMOTION,
                (
                    promotion.batch_id,
                    promotion.challenger_version,
                    promotion.champion_version,
                    promotion.verdict,
                    promotion.reason,
                    Jsonb(promotion.figures),
                ),
            )
        stored = self.verdict(promotion.batch_id, promotion.challenger_version)
        return stored or promotion

    def verdict(self, batch_id: str, challenger_version: str) -> Promotion | None:
        """Return the verdict on a challenger, if there is one."""
        found = self._promotions(_VERDICT, batch_id, challenger_version)
        return found[0] if found else None


def _named_as_today(figures: dict[str, Any]) -> dict[str, Any]:
    """Version 0.1.0 stored the champion's figures as ``incumbent``; its rows are never changed."""
    return {("champion" if name == "incumbent" else name): found for name, found in figures.items()}


_CANDIDATES = sql.SQL("""
SELECT * FROM candidate WHERE {number} IS NOT NULL ORDER BY {number}
""").format(number=BATCH_NUMBER)

_WITHOUT_FIGURES = sql.SQL("""
promotion_id, batch_id, challenger_version, champion_version, verdict, reason, created_at
""")
_WITH_FIGURES = sql.SQL("{}, figures").format(_WITHOUT_FIGURES)
_PROMOTIONS = sql.SQL("SELECT {columns} FROM promotion ORDER BY promotion_id")
_VERDICT = sql.SQL("""
SELECT {columns} FROM promotion WHERE (batch_id, challenger_version) = (%s, %s)
""").format(columns=_WITH_FIGURES)

_UPSERT_CANDIDATE = """
INSERT INTO candidate (batch_id, run_id, family, version, data_sha256)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (batch_id) DO UPDATE SET
    (run_id, family, version, data_sha256, created_at)
    = (EXCLUDED.run_id, EXCLUDED.family, EXCLUDED.version, EXCLUDED.data_sha256, now())
"""

_INSERT_PROMOTION = """
INSERT INTO promotion
    (batch_id, challenger_version, champion_version, verdict, reason, figures)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (batch_id, challenger_version) DO NOTHING
"""
