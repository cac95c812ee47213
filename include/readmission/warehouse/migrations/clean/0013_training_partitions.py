"""Copies of accepted batches in the object store, from which models are trained."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("""
        -- Without a foreign key: a batch is deleted and written again when its quarantine changes.
        -- The name has the hash of the rows; a line with another hash than the ledger is outdated.
        CREATE TABLE training_partition (
            batch_id text PRIMARY KEY,
            name text NOT NULL,
            sha256 text NOT NULL,
            bytes integer NOT NULL,
            written_at timestamptz NOT NULL DEFAULT now()
        );
    """)
