"""Visits in the year before each stay, read from its encounter.

The fingerprints of the batches change with the stays, so the next batch publishes all of them.
"""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(VISITS)
    op.execute(NO_DEFAULTS)
    op.execute(FINGERPRINTS)


# A stay whose batch is being written again has no encounter, and is written again with it.
COLUMNS = """
ALTER TABLE patient_history
    ADD COLUMN inpatient integer NOT NULL DEFAULT 0,
    ADD COLUMN emergency integer NOT NULL DEFAULT 0,
    ADD COLUMN outpatient integer NOT NULL DEFAULT 0
"""
VISITS = """
UPDATE patient_history h
SET inpatient = e.number_inpatient, emergency = e.number_emergency, outpatient = e.number_outpatient
FROM encounter e WHERE e.batch_id = h.batch_id AND e.source_row = h.source_row
"""
NO_DEFAULTS = """
ALTER TABLE patient_history
    ALTER COLUMN inpatient DROP DEFAULT,
    ALTER COLUMN emergency DROP DEFAULT,
    ALTER COLUMN outpatient DROP DEFAULT
"""
# The triggers computed the difference from rows that had gained columns meanwhile.
FINGERPRINTS = """
DELETE FROM history_fingerprint;
INSERT INTO history_fingerprint
SELECT h.batch_id, count(*), sum(hashtextextended(h::text, 0)) FROM patient_history h GROUP BY 1
"""
