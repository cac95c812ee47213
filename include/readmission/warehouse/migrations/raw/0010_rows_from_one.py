"""Count from 1 in the reasons of held corrections, which named the earlier row from 0."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


# A correction is held for this reason alone. Decided rows are final, but their reason is shown too.
STATEMENTS = (
    "ALTER TABLE quarantine DISABLE TRIGGER final_rows_are_final",
    """
    UPDATE quarantine q SET reasons = ARRAY[replace(
        q.reasons[1],
        format('corrects row %s of ', c.earlier_row),
        format('corrects row %s of ', c.earlier_row + 1)
    )]
    FROM correction c
    WHERE (q.batch_id, q.source_row) = (c.batch_id, c.source_row)
      AND cardinality(q.reasons) = 1 AND q.reasons[1] LIKE 'corrects row %'
    """,
    "ALTER TABLE quarantine ENABLE TRIGGER final_rows_are_final",
)
