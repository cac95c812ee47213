"""Rows that had already arrived in an earlier delivery, word for word."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(TABLES)


TABLES = """
-- The earlier row is named without a foreign key: it may be erased, and this one stays repeated.
CREATE TABLE repeated_row (
    batch_id text NOT NULL,
    source_row bigint NOT NULL,
    earlier_batch text NOT NULL,
    earlier_row bigint NOT NULL,
    PRIMARY KEY (batch_id, source_row),
    FOREIGN KEY (batch_id, source_row) REFERENCES encounter
);
"""
