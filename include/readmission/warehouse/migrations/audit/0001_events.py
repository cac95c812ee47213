"""The audit trail, to which even the owner of the table can only append."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE audit_event (
            event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at timestamptz NOT NULL DEFAULT now(),
            actor text NOT NULL,
            actor_kind text NOT NULL
                CHECK (actor_kind IN ('api-key', 'airflow', 'os-user', 'anonymous')),
            action text NOT NULL,
            subject text,
            peer text,
            request_id text,
            detail jsonb NOT NULL DEFAULT '{}'
        );
        CREATE INDEX audit_event_at ON audit_event (at);
        CREATE FUNCTION refuse_change_of_audit_event() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$;
        CREATE TRIGGER audit_event_is_append_only
            BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_event();
    """)
