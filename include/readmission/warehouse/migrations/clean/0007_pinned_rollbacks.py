"""Why a rollback happened, and whether and until when it pinned its version."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE rollback
            ADD COLUMN reason text NOT NULL DEFAULT '',
            ADD COLUMN pinned boolean NOT NULL DEFAULT false,
            ADD COLUMN pinned_until timestamptz
    """)
