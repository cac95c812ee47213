"""A corrected row replaces an earlier row of the same encounter, which stays in CLEAN."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(TABLES)


TABLES = """
-- Without a foreign key: a batch is deleted and written again when its quarantine has changed.
ALTER TABLE encounter
    ADD COLUMN superseded_by text,
    DROP CONSTRAINT encounter_pkey,
    ADD PRIMARY KEY (batch_id, source_row);
DROP INDEX encounter_by_batch;
CREATE UNIQUE INDEX encounter_once ON encounter (encounter_id) WHERE superseded_by IS NULL;
CREATE INDEX encounter_superseded ON encounter (superseded_by) WHERE superseded_by IS NOT NULL;
"""
