"""Which batches' stays are published, and with which fingerprint; a change of them is noticed.

The batches that are there get no fingerprint, so the next batch publishes all of them again.
"""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("INSERT INTO known_batch SELECT DISTINCT batch_id, '' FROM known_stay")


# A change of known stays clears the fingerprint; publishing writes it afterwards.
TABLES = """
CREATE TABLE known_batch (
    batch_id text PRIMARY KEY,
    fingerprint text NOT NULL
);
CREATE FUNCTION forget_known_batch() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT AS $$ BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM known_batch;
    ELSE
        UPDATE known_batch SET fingerprint = '' WHERE batch_id IN (SELECT batch_id FROM gone);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER known_stay_deleted AFTER DELETE ON known_stay
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION forget_known_batch();
CREATE TRIGGER known_stay_updated AFTER UPDATE ON known_stay
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION forget_known_batch();
CREATE TRIGGER known_stays_emptied AFTER TRUNCATE ON known_stay
    FOR EACH STATEMENT EXECUTE FUNCTION forget_known_batch();
"""
