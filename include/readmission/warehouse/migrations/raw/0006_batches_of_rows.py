"""Check that encounters have a batch once for each statement instead of once for each row.

The foreign key took a third of the time of a load. The triggers refuse the same statements: rows
without a batch, and the removal of a batch that has rows.
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION rows_need_a_batch() RETURNS trigger LANGUAGE plpgsql
            SET search_path FROM CURRENT AS $$
        DECLARE absent text;
        BEGIN
            -- The lock keeps the batch until the rows are committed, as a foreign key does.
            PERFORM FROM batch WHERE batch_id IN (SELECT DISTINCT a.batch_id FROM arrived a)
                FOR KEY SHARE;
            SELECT a.batch_id INTO absent FROM (SELECT DISTINCT batch_id FROM arrived) a
                LEFT JOIN batch b USING (batch_id) WHERE b.batch_id IS NULL LIMIT 1;
            IF FOUND THEN
                RAISE foreign_key_violation USING
                    MESSAGE = format('encounters of %s have no line in the ledger', absent);
            END IF;
            RETURN NULL;
        END $$;
        CREATE FUNCTION batch_keeps_its_rows() RETURNS trigger LANGUAGE plpgsql
            SET search_path FROM CURRENT AS $$ BEGIN
            IF (TG_OP = 'DELETE' OR NEW.batch_id <> OLD.batch_id)
                AND EXISTS (SELECT FROM encounter e WHERE e.batch_id = OLD.batch_id) THEN
                RAISE foreign_key_violation USING
                    MESSAGE = format('batch %s has encounters', OLD.batch_id);
            END IF;
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END $$;
        CREATE TRIGGER new_rows_have_a_batch AFTER INSERT ON encounter
            REFERENCING NEW TABLE AS arrived
            FOR EACH STATEMENT EXECUTE FUNCTION rows_need_a_batch();
        CREATE TRIGGER changed_rows_have_a_batch AFTER UPDATE ON encounter
            REFERENCING NEW TABLE AS arrived
            FOR EACH STATEMENT EXECUTE FUNCTION rows_need_a_batch();
        CREATE TRIGGER batch_keeps_its_rows BEFORE DELETE OR UPDATE OF batch_id ON batch
            FOR EACH ROW EXECUTE FUNCTION batch_keeps_its_rows();
        CREATE FUNCTION ledger_keeps_its_batches() RETURNS trigger LANGUAGE plpgsql
            SET search_path FROM CURRENT AS $$ BEGIN
            IF EXISTS (SELECT FROM encounter) THEN
                RAISE foreign_key_violation USING
                    MESSAGE = 'encounters need their batches; truncate both tables at once';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER ledger_keeps_its_batches AFTER TRUNCATE ON batch
            FOR EACH STATEMENT EXECUTE FUNCTION ledger_keeps_its_batches();
        ALTER TABLE encounter DROP CONSTRAINT encounter_batch_id_fkey;
    """)
