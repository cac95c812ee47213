"""Visits in the year before each known stay.

This database does not have them, so the copy is emptied: stays are unknown until the next batch is
processed, which publishes all of them again.
"""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute(COLUMNS)


COLUMNS = """
DELETE FROM known_stay;
ALTER TABLE known_stay
    ADD COLUMN inpatient integer NOT NULL,
    ADD COLUMN emergency integer NOT NULL,
    ADD COLUMN outpatient integer NOT NULL;
"""
