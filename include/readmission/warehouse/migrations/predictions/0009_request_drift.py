"""The drift of recent requests from the training rows of the champion, as of the last batch."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(TABLE)


TABLE = """
CREATE TABLE request_drift (
    column_name text PRIMARY KEY,
    psi double precision NOT NULL,
    reference_version text NOT NULL,
    requests integer NOT NULL,
    measured_at timestamptz NOT NULL DEFAULT now()
);
"""
