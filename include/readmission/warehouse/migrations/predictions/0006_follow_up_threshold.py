"""The risk from which patients are followed up, each time that somebody chose it."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(TABLE)


TABLE = """
CREATE TABLE follow_up_threshold (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    threshold double precision CHECK (threshold BETWEEN 0 AND 1),
    followed integer CHECK (followed >= 0),
    discharged integer CHECK (discharged >= followed),
    decided_by text NOT NULL CHECK (decided_by <> ''),
    why text NOT NULL CHECK (why <> ''),
    decided_at timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION refuse_change_of_follow_up_threshold() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'thresholds of follow-up are append-only'; END $$;
CREATE TRIGGER follow_up_threshold_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON follow_up_threshold
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_follow_up_threshold();
"""
