"""Stays of accepted batches under keyed hashes, which the API copies to look up earlier stays.

Every change of the stays raises the version, in the same transaction, so that a copy is made again
only if there is something new.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(TABLES)


TABLES = """
CREATE TABLE known_stay (
    batch_id text NOT NULL,
    source_row bigint NOT NULL,
    number integer NOT NULL,
    patient_hash text NOT NULL,
    encounter_id bigint NOT NULL,
    days integer NOT NULL,
    medicines integer NOT NULL,
    discharge text NOT NULL,
    diagnosis text NOT NULL,
    followed_soon boolean NOT NULL,
    PRIMARY KEY (batch_id, source_row)
);
CREATE INDEX known_stay_by_patient ON known_stay (patient_hash);
CREATE TABLE known_stays_version (version bigint NOT NULL);
CREATE UNIQUE INDEX known_stays_one_version ON known_stays_version ((true));
INSERT INTO known_stays_version VALUES (0);
CREATE FUNCTION raise_known_stays_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE known_stays_version SET version = version + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER known_stay_changed
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON known_stay
FOR EACH STATEMENT EXECUTE FUNCTION raise_known_stays_version();
"""
