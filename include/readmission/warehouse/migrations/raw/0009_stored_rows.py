"""Count the encounters of each batch as they are written, and index the rows of a replay."""

from alembic import op

from readmission.warehouse.migrations.stored_rows import statements

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    for statement in statements({"batch_id": "batch_id"}):
        op.execute(statement)
    op.execute(REPLAYED)


# The rows that were replayed in a batch were searched in the whole quarantine, for each batch.
REPLAYED = """
CREATE INDEX quarantine_by_replay ON quarantine (replay_batch) WHERE replay_batch IS NOT NULL
"""
