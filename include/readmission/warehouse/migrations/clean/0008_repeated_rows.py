"""The ledger counts the rows of a batch that had arrived before."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(LEDGER)


LEDGER = """
ALTER TABLE batch
    ADD COLUMN repeated_rows integer NOT NULL DEFAULT 0 CHECK (repeated_rows >= 0),
    DROP CONSTRAINT batch_check,
    ADD CONSTRAINT batch_check
        CHECK (raw_rows = clean_rows + quarantined_rows + repeated_rows + erased_rows);
"""
