"""What users did with the cards of CDS Hooks: accepted or overridden, and why.

A card's id is the MD5 of its request id, so feedback joins its predictions, and their outcomes, by
``card = md5(request_id)::uuid``.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(TABLE)


TABLE = """
CREATE TABLE card_feedback (
    card uuid NOT NULL,
    at timestamptz NOT NULL,
    service text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('accepted', 'overridden')),
    reason text,
    caller text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (card, at)
)
"""
