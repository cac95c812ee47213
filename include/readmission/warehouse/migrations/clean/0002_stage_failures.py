"""The failures of each batch at each stage, and how often the sweep has started it again."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE stage_failure (
            batch_id text NOT NULL,
            stage text NOT NULL CHECK (stage IN ('clean', 'training', 'promotion')),
            run_id text NOT NULL,
            kind text NOT NULL CHECK (kind IN ('error', 'restart')),
            lasting boolean NOT NULL DEFAULT false,
            reason text NOT NULL DEFAULT '',
            at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (batch_id, stage, run_id, kind)
        )
    """)
