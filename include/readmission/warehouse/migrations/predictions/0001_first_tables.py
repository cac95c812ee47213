"""The tables of the prediction log in version 0.1.0; such a database keeps its rows."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(TABLES)
    # Version 0.1.0 stored the hash of its statements in this comment.
    op.execute("COMMENT ON TABLE outcome_batch IS NULL")


TABLES = """
CREATE TABLE IF NOT EXISTS prediction (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    request_id text NOT NULL,
    row integer NOT NULL,
    model_version text NOT NULL,
    encounter_hash text,
    patient_hash text,
    features jsonb NOT NULL,
    p_no double precision NOT NULL,
    p_over_30 double precision NOT NULL,
    p_under_30 double precision NOT NULL,
    predicted_class text NOT NULL CHECK (predicted_class IN ('NO', '>30', '<30'))
);
CREATE INDEX IF NOT EXISTS prediction_at ON prediction (at);
CREATE TABLE IF NOT EXISTS outcome (
    encounter_hash text PRIMARY KEY,
    readmitted text NOT NULL CHECK (readmitted IN ('NO', '>30', '<30')),
    part text NOT NULL CHECK (part IN ('train', 'val', 'test')),
    known_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS outcome_batch (
    batch_id text PRIMARY KEY,
    content_sha256 text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
"""
