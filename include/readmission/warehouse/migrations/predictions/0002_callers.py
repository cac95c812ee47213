"""Who requested a prediction: the caller's key and address. Older rows have neither."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE prediction ADD COLUMN caller text, ADD COLUMN peer text")
