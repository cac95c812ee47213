"""Known stays with a keyed hash of the encounter's number, and their order instead of the number.

SQL cannot compute the hash. Stays that are there keep their order and have an empty hash until the
next batch is processed, which publishes them again. Until then, an encounter that was delivered
counts as one that was not: with all stays of its patient.
"""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(HASHED)


HASHED = """
ALTER TABLE known_stay ADD COLUMN encounter_hash text NOT NULL DEFAULT '';
ALTER TABLE known_stay ADD COLUMN ordinal integer NOT NULL DEFAULT 0;
UPDATE known_stay SET ordinal = ordered.ordinal FROM (
    SELECT batch_id, source_row,
        dense_rank() OVER (PARTITION BY patient_hash ORDER BY encounter_id) AS ordinal
    FROM known_stay
) AS ordered
WHERE (known_stay.batch_id, known_stay.source_row) = (ordered.batch_id, ordered.source_row);
ALTER TABLE known_stay DROP COLUMN encounter_id;
ALTER TABLE known_stay ALTER COLUMN encounter_hash DROP DEFAULT;
ALTER TABLE known_stay ALTER COLUMN ordinal DROP DEFAULT;
"""
