"""Known stays with a keyed hash of the encounter's number, and their order instead of the number.

SQL cannot compute the hash, and without it the stay in a request would be taken for one of
its patient's earlier stays. So the copy is emptied: stays are unknown until the next batch is
processed, which publishes all of them again.
"""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(HASHED)


HASHED = """
DELETE FROM known_stay;
ALTER TABLE known_stay
    DROP COLUMN encounter_id,
    ADD COLUMN encounter_hash text NOT NULL,
    ADD COLUMN ordinal integer NOT NULL;
"""
