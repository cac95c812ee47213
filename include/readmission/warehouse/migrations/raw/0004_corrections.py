"""Rows that bring other values for an encounter that RAW already has."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("""
        -- The row itself is in `encounter`, and a decision about it in `quarantine`. The earlier
        -- row is named without a foreign key: it may be erased before this one.
        CREATE TABLE correction (
            batch_id text NOT NULL,
            source_row bigint NOT NULL,
            earlier_batch text NOT NULL,
            earlier_row bigint NOT NULL,
            columns text[] NOT NULL CHECK (cardinality(columns) > 0),
            PRIMARY KEY (batch_id, source_row),
            FOREIGN KEY (batch_id, source_row) REFERENCES encounter
        );
        CREATE INDEX correction_by_earlier_row ON correction (earlier_batch, earlier_row);
    """)
