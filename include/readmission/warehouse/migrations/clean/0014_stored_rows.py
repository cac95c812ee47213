"""Count the encounters of each batch and split as they are written."""

from alembic import op

from readmission.warehouse.migrations.stored_rows import statements

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    # Rows that no batch has corrected are counted under ''.
    key = {
        "batch_id": "batch_id",
        "part": "part",
        "superseded_by": "coalesce(superseded_by, '')",
    }
    for statement in statements(key):
        op.execute(statement)
