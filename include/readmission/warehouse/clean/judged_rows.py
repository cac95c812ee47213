"""The test rows on which each verdict on a challenger was based, so that it can be recomputed."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from readmission.warehouse.clean.model_history import ModelHistory, Promotion
from readmission.warehouse.clean.warehouse import CleanWarehouse


@dataclass(frozen=True)
class JudgedRows:
    """The rows on which both models were scored, and the seed of the bootstrap.

    Parameters
    ----------
    encounters : sequence of int
        Numbers of the encounters, ascending; without those that were erased since.
    row_count : int
        How many there were when the verdict was recorded.
    content_sha256 : str
        SHA-256 of everything in the rows that the figures depend on.
    seed : int
        Seed of the bootstrap.
    """

    encounters: Sequence[int]
    row_count: int
    content_sha256: str
    seed: int

    @property
    def erased(self) -> int:
        """How many of the encounters were erased since."""
        return self.row_count - len(self.encounters)


class JudgedRowLog:
    """The judged rows in CLEAN; every method is one transaction."""

    def __init__(self, warehouse: CleanWarehouse) -> None:
        self.warehouse = warehouse
        self.connection = warehouse.connection

    def record(self, promotion: Promotion, rows: JudgedRows) -> Promotion:
        """Append a verdict together with its rows, and return it.

        Encounters that were erased while the models were scored are left out, so that no erased
        number is stored.
        """
        with self.warehouse.numbering():
            stored = ModelHistory(self.connection).record_promotion(promotion)
            self.connection.execute(
                _INSERT,
                (
                    stored.promotion_id,
                    list(rows.encounters),
                    rows.row_count,
                    rows.content_sha256,
                    rows.seed,
                ),
            )
        return stored

    def rows_of(self, promotion_id: int) -> JudgedRows | None:
        """Return the rows of a verdict, or None if an earlier version recorded it without them."""
        with (
            self.connection.transaction(),
            self.connection.cursor(row_factory=class_row(JudgedRows)) as cursor,
        ):
            return cursor.execute(_SELECT, (promotion_id,)).fetchone()

    def verdicts_on(self, patient: int) -> dict[int, bool]:
        """Return every verdict whose rows are known, and whether a patient's row is among them."""
        with self.connection.transaction():
            return dict(self.connection.execute(_USED, (patient,)).fetchall())


_INSERT = """
INSERT INTO judged_rows (promotion_id, encounters, row_count, content_sha256, seed)
SELECT %s, ARRAY(
    SELECT unnest(%s::bigint[]) INTERSECT SELECT encounter_id FROM encounter ORDER BY 1
), %s, %s, %s
ON CONFLICT (promotion_id) DO NOTHING
"""
_SELECT = """
SELECT encounters, row_count, content_sha256, seed FROM judged_rows WHERE promotion_id = %s
"""
_USED = """
SELECT promotion_id, encounters && ARRAY(
    SELECT encounter_id FROM encounter WHERE patient_nbr = %s
) FROM judged_rows
"""
