"""The append-only history of moves of the alias ``production`` by hand, stored in CLEAN."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from readmission.domain.production import Production, PromotionByHand

MANUAL, SETTLED, PROMOTED = "manual", "settled", "promoted"


@dataclass(frozen=True)
class ProductionMove:
    """One change of the version in production that no verdict caused.

    Parameters
    ----------
    kind : str
        ``manual``: somebody moved or deleted the alias in MLflow; ``settled``: the alias names the
        promoted version again; ``promoted``: somebody promoted a version by hand.
    left, version : str, optional
        The version before and after; None if it is not known or the alias was deleted.
    by, reason : str
        Who promoted by hand, and why. MLflow does not tell who moved an alias.
    at : datetime
        When; of a manual move, when it was noticed.
    """

    kind: str
    left: str | None
    version: str | None
    by: str
    reason: str
    at: datetime


class MoveLog:
    """The moves in CLEAN; every method is one transaction."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def record_promotions(self, promotions: Sequence[PromotionByHand]) -> int:
        """Append the promotions by hand that are new, and return their number."""
        rows = [(one.version, one.by, one.reason, one.at) for one in promotions]
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany(_INSERT_PROMOTION, rows)
            return max(cursor.rowcount, 0)  # `rowcount` is -1 if there were no rows.

    def record_state(self, production: Production) -> ProductionMove | None:
        """Append a row if production was moved by hand, or settled, since the last call.

        Returns
        -------
        ProductionMove or None
            The new row; None if it has already been recorded.
        """
        with self.connection.transaction():
            # Two sweeps at once must not both find the same move new.
            self.connection.execute("LOCK TABLE production_move IN SHARE ROW EXCLUSIVE MODE")
            moves = [move for move in self._moves() if move.kind != PROMOTED]
            last = moves[-1] if moves else None
            known = (last.left, last.version) if last and last.kind == MANUAL else None
            if production.moved:
                new = (production.promoted_version, production.aliased)
                if new == known:
                    return None
                self.connection.execute(_INSERT, (MANUAL, *new))
            elif known and production.aliased:
                self.connection.execute(_INSERT, (SETTLED, known[1], production.aliased))
            else:
                return None
            return self._moves()[-1]

    def moves(self) -> list[ProductionMove]:
        """Return all moves in the order in which they were recorded."""
        with self.connection.transaction():
            return self._moves()

    def _moves(self) -> list[ProductionMove]:
        with self.connection.cursor(row_factory=class_row(ProductionMove)) as cursor:
            return cursor.execute(_SELECT).fetchall()


_INSERT = "INSERT INTO production_move (kind, version_left, version) VALUES (%s, %s, %s)"

_INSERT_PROMOTION = """
INSERT INTO production_move (kind, version, moved_by, reason, at)
VALUES ('promoted', %s, %s, %s, %s)
ON CONFLICT (version, at) WHERE kind = 'promoted' DO NOTHING
"""

_SELECT = """
SELECT kind, version_left AS left, version, moved_by AS by, reason, at FROM production_move
ORDER BY move_id
"""
