"""An index by which `GET /predictions/{request_id}` finds the predictions of a request."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("CREATE INDEX prediction_by_request ON prediction (request_id, row)")
