"""The model that a challenger was compared with is called champion, as everywhere else."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # Rows keep their figures as written: the table is append-only. `ModelHistory` reads both names.
    op.execute("ALTER TABLE promotion RENAME COLUMN incumbent_version TO champion_version")
