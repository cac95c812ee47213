"""The test rows on which each verdict on a challenger was based."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # No foreign key: `promotion` is append-only, and its trigger is to refuse TRUNCATE, too.
    op.execute("""
        CREATE TABLE judged_rows (
            promotion_id bigint PRIMARY KEY,
            encounters bigint[] NOT NULL,
            row_count integer NOT NULL CHECK (row_count >= cardinality(encounters)),
            content_sha256 text NOT NULL,
            seed bigint NOT NULL
        )
    """)
