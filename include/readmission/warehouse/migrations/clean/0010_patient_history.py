"""The stays of each patient under a keyed hash, from which histories are computed."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(TABLE)


TABLE = """
-- Without a foreign key: a batch is deleted and written again when its quarantine has changed.
CREATE TABLE patient_history (
    batch_id text NOT NULL,
    source_row bigint NOT NULL,
    patient_hash text NOT NULL,
    encounter_id bigint NOT NULL,
    days integer NOT NULL,
    medicines integer NOT NULL,
    discharge text NOT NULL,
    diagnosis text NOT NULL,
    followed_soon boolean NOT NULL,
    PRIMARY KEY (batch_id, source_row)
);
CREATE INDEX patient_history_by_patient ON patient_history (patient_hash, encounter_id);
"""
