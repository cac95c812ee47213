"""Erasures: what was erased, and the keyed hashes of patients whose rows are refused."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(TABLES)


TABLES = """
-- Neither of the first two tables says whose rows they were.
CREATE TABLE erasure (
    erasure_id uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL DEFAULT now(),
    erased_by text NOT NULL CHECK (erased_by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    models text[] NOT NULL DEFAULT '{}',
    verdicts text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE erased_rows (
    erasure_id uuid NOT NULL REFERENCES erasure,
    batch_id text NOT NULL,
    rows integer NOT NULL CHECK (rows > 0),
    PRIMARY KEY (erasure_id, batch_id)
);
CREATE INDEX erased_rows_by_batch ON erased_rows (batch_id);
-- The erasure of a patient is named only until it is complete.
CREATE TABLE erased_patient (
    patient_hash text PRIMARY KEY,
    key_id text NOT NULL,
    pending uuid REFERENCES erasure
);
CREATE FUNCTION refuse_change_of_erasure() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'erasures are append-only'; END $$;
CREATE TRIGGER erasure_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_erasure();
CREATE TRIGGER erased_rows_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erased_rows
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_erasure();
"""
