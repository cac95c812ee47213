"""Warnings of the gates of CLEAN can be acknowledged, among them those about drift."""

from alembic import op

from readmission.warehouse.migrations.gate_warnings import TABLES

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(DRIFT)


# The exporter reads this view: it may not read the sentences of a verdict.
DRIFT = """
CREATE VIEW drift_result AS
    SELECT batch_id, column_name, psi, alarm,
           EXISTS (SELECT FROM gate_warning w
                   WHERE w.batch_id = d.batch_id AND w.gate = 'clean' AND w.acknowledged
                     AND w.subject = d.column_name || ' has drifted') AS acknowledged
    FROM drift d
"""
