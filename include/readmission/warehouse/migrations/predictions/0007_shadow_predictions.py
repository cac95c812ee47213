"""What a challenger in shadow predicts, beside what the champion has returned."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(TABLE)


TABLE = """
CREATE TABLE shadow_prediction (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    request_id text NOT NULL,
    row integer NOT NULL,
    encounter_hash text,
    patient_hash text,
    champion_version text NOT NULL,
    champion double precision[] NOT NULL CHECK (cardinality(champion) = 3),
    champion_class text NOT NULL CHECK (champion_class IN ('NO', '>30', '<30')),
    challenger_version text NOT NULL CHECK (challenger_version <> champion_version),
    challenger double precision[] NOT NULL CHECK (cardinality(challenger) = 3),
    challenger_class text NOT NULL CHECK (challenger_class IN ('NO', '>30', '<30'))
);
CREATE INDEX shadow_prediction_at ON shadow_prediction (at);
"""
