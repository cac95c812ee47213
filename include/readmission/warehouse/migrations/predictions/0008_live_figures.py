"""How each model version did on outcomes that it could not have seen, as of the last outcomes.

`against` is empty for a version's own figures. For a version in shadow it names the champion, and
the figures are differences from it.
"""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(TABLE)


TABLE = """
CREATE TABLE live_figure (
    model_version text NOT NULL,
    against text NOT NULL DEFAULT '',
    attribute text NOT NULL DEFAULT '',
    patient_group text NOT NULL DEFAULT '',
    metric text NOT NULL,
    figure double precision NOT NULL,
    low double precision,
    high double precision,
    measured_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (model_version, against, attribute, patient_group, metric)
);
"""
