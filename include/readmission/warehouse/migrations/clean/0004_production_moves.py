"""The moves of the alias ``production`` by hand, and the promotions by hand."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE production_move (
            move_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kind text NOT NULL CHECK (kind IN ('manual', 'settled', 'promoted')),
            version_left text,
            version text,
            moved_by text NOT NULL DEFAULT '',
            reason text NOT NULL DEFAULT '',
            at timestamptz NOT NULL DEFAULT now(),
            recorded_at timestamptz NOT NULL DEFAULT now(),
            CHECK (kind = 'manual' OR version IS NOT NULL)
        );
        CREATE UNIQUE INDEX production_move_promoted ON production_move (version, at)
            WHERE kind = 'promoted';
        CREATE FUNCTION refuse_change_of_production_move() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'moves of production are append-only'; END $$;
        CREATE TRIGGER production_move_is_append_only
            BEFORE UPDATE OR DELETE OR TRUNCATE ON production_move
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_production_move();
    """)
