"""The ledger counts the rows of a batch that were erased."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(LEDGER)


LEDGER = """
ALTER TABLE batch
    ADD COLUMN erased_rows integer NOT NULL DEFAULT 0 CHECK (erased_rows >= 0),
    DROP CONSTRAINT batch_check,
    ADD CONSTRAINT batch_check
        CHECK (raw_rows = clean_rows + quarantined_rows + erased_rows);
CREATE INDEX encounter_by_patient ON encounter (patient_nbr);
"""
