"""A fingerprint of the stays of each batch, kept by triggers, which tells whether they changed.

It was computed over all stays whenever a batch was processed.
"""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(FUNCTION)
    op.execute(TRIGGERS)
    # The triggers lock the table against writes until the migration is committed.
    op.execute(FIRST)


TABLE = """
-- The sum of the hashes of a batch's rows does not depend on their order.
CREATE TABLE history_fingerprint (
    batch_id text PRIMARY KEY,
    stays bigint NOT NULL,
    hash numeric NOT NULL
)
"""
FUNCTION = """
CREATE FUNCTION keep_history_fingerprint() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT AS $$ BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM history_fingerprint;
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        INSERT INTO history_fingerprint AS f
            SELECT a.batch_id, count(*), sum(hashtextextended(a::text, 0)) FROM arrived a
            GROUP BY 1 ORDER BY 1
            ON CONFLICT (batch_id) DO UPDATE
            SET stays = f.stays + EXCLUDED.stays, hash = f.hash + EXCLUDED.hash;
    END IF;
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        INSERT INTO history_fingerprint AS f
            SELECT g.batch_id, -count(*), -sum(hashtextextended(g::text, 0)) FROM gone g
            GROUP BY 1 ORDER BY 1
            ON CONFLICT (batch_id) DO UPDATE
            SET stays = f.stays + EXCLUDED.stays, hash = f.hash + EXCLUDED.hash;
        DELETE FROM history_fingerprint
            WHERE stays = 0 AND batch_id IN (SELECT batch_id FROM gone);
    END IF;
    RETURN NULL;
END $$;
"""
TRIGGERS = """
CREATE TRIGGER new_stays AFTER INSERT ON patient_history
    REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION keep_history_fingerprint();
CREATE TRIGGER changed_stays AFTER UPDATE ON patient_history
    REFERENCING NEW TABLE AS arrived OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION keep_history_fingerprint();
CREATE TRIGGER deleted_stays AFTER DELETE ON patient_history
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION keep_history_fingerprint();
CREATE TRIGGER no_stays AFTER TRUNCATE ON patient_history
    FOR EACH STATEMENT EXECUTE FUNCTION keep_history_fingerprint();
"""
FIRST = """
INSERT INTO history_fingerprint
SELECT h.batch_id, count(*), sum(hashtextextended(h::text, 0)) FROM patient_history h GROUP BY 1
"""
