"""Which patients were erased when, so that their predictions that arrive later are not stored.

A process of the API keeps predictions on its disk until the database responds.
"""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    op.execute(TABLE.replace("%SCHEMA%", schema))


# Predictions made after the erasure stay: they are not what was to be erased. A trigger for each
# statement costs COPY less than one for each row. It runs as the owner of the tables: a role that
# may append predictions needs no other privilege, and no temporary table can take their place.
TABLE = """
CREATE TABLE erased_prediction (
    patient_hash text NOT NULL,
    encounter_hashes text[] NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE FUNCTION refuse_erased_predictions() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path TO %SCHEMA%, pg_temp AS $$ BEGIN
    IF EXISTS (SELECT FROM erased_prediction) THEN
        EXECUTE format(
            'DELETE FROM %1$I stored USING arrived, erased_prediction erased
             WHERE stored.%2$I = arrived.%2$I AND arrived.at <= erased_at
                AND (arrived.patient_hash = erased.patient_hash OR (
                    arrived.patient_hash IS NULL
                    AND arrived.encounter_hash = ANY (encounter_hashes)
                ))',
            TG_TABLE_NAME, TG_ARGV[0]
        );
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER erased_predictions_are_refused AFTER INSERT ON prediction
    REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased_predictions('id');
CREATE TRIGGER erased_predictions_are_refused AFTER INSERT ON shadow_prediction
    REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased_predictions('number');
"""
