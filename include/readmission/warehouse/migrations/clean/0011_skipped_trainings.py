"""Batches on which no model is trained on purpose."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("""
        -- Without a foreign key: a batch is deleted and written again when its quarantine changes.
        CREATE TABLE skipped_training (
            batch_id text PRIMARY KEY,
            reason text NOT NULL CHECK (reason <> ''),
            run_id text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        );
    """)
