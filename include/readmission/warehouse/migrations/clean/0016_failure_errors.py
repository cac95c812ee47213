"""The class of each error that has ended a run, which tells whether restarts fail in the same way.

The rows of earlier releases have none; they count as one class.
"""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("ALTER TABLE stage_failure ADD COLUMN error text NOT NULL DEFAULT ''")
