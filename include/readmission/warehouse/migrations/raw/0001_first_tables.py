"""The tables of RAW in version 0.1.0; a database of that version keeps its rows."""

from alembic import op

revision = "0001"
down_revision = None

COLUMNS = (
    "encounter_id", "patient_nbr", "race", "gender", "age", "weight", "admission_type_id",
    "discharge_disposition_id", "admission_source_id", "time_in_hospital", "payer_code",
    "medical_specialty", "num_lab_procedures", "num_procedures", "num_medications",
    "number_outpatient", "number_emergency", "number_inpatient", "diag_1", "diag_2", "diag_3",
    "number_diagnoses", "max_glu_serum", "A1Cresult", "metformin", "repaglinide", "nateglinide",
    "chlorpropamide", "glimepiride", "acetohexamide", "glipizide", "glyburide", "tolbutamide",
    "pioglitazone", "rosiglitazone", "acarbose", "miglitol", "troglitazone", "tolazamide",
    "examide", "citoglipton", "insulin", "glyburide-metformin", "glipizide-metformin",
    "glimepiride-pioglitazone", "metformin-rosiglitazone", "metformin-pioglitazone", "change",
    "diabetesMed", "readmitted",
)  # fmt: skip


def upgrade() -> None:
    encounter = ", ".join(f'"{name}" text' for name in COLUMNS)
    op.execute(TABLES.replace("%COLUMNS%", encounter))
    op.execute(QUARANTINE)
    op.execute(DECISIONS)
    op.execute(VERDICTS)
    # Version 0.1.0 stored the hash of its statements in these comments.
    for table in ("quarantine_decision", "gate_verdict"):
        op.execute(f"COMMENT ON TABLE {table} IS NULL")


TABLES = """
CREATE TABLE IF NOT EXISTS batch (
    batch_id text PRIMARY KEY,
    number integer NOT NULL UNIQUE,
    rows integer NOT NULL,
    source_offset bigint NOT NULL,
    content_sha256 text NOT NULL,
    origin text NOT NULL,
    state text NOT NULL DEFAULT 'loaded' CHECK (state IN ('loaded', 'accepted', 'rejected')),
    reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz,
    kind text NOT NULL DEFAULT 'arrival' CHECK (kind IN ('arrival', 'replay'))
);
CREATE TABLE IF NOT EXISTS encounter (
    batch_id text NOT NULL REFERENCES batch,
    source_row bigint NOT NULL,
    %COLUMNS%,
    PRIMARY KEY (batch_id, source_row)
);
CREATE INDEX IF NOT EXISTS encounter_by_id ON encounter (encounter_id);
"""

QUARANTINE = """
CREATE TABLE IF NOT EXISTS quarantine (
    batch_id text NOT NULL,
    source_row bigint NOT NULL,
    reasons text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'open'
        CHECK (state IN ('open', 'fixed', 'waived', 'replayed')),
    correction jsonb NOT NULL DEFAULT '{}',
    decided_by text NOT NULL DEFAULT '',
    decided_at timestamptz,
    why text NOT NULL DEFAULT '',
    replay_batch text REFERENCES batch,
    PRIMARY KEY (batch_id, source_row),
    FOREIGN KEY (batch_id, source_row) REFERENCES encounter,
    CHECK (state = 'open' OR (decided_by <> '' AND why <> '')),
    CHECK ((state = 'open') = (decided_at IS NULL)),
    CHECK ((state = 'replayed') = (replay_batch IS NOT NULL))
);
CREATE OR REPLACE FUNCTION refuse_second_thoughts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'row % of % is %, which is final', OLD.source_row, OLD.batch_id, OLD.state;
END $$;
CREATE OR REPLACE TRIGGER final_rows_are_final BEFORE UPDATE OR DELETE ON quarantine
    FOR EACH ROW WHEN (OLD.state IN ('waived', 'replayed'))
    EXECUTE FUNCTION refuse_second_thoughts();
"""

DECISIONS = """
-- Without a foreign key: the log must outlive the rows that it is about.
CREATE TABLE IF NOT EXISTS quarantine_decision (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id text NOT NULL,
    source_row bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('fixed', 'waived')),
    correction jsonb NOT NULL,
    decided_by text NOT NULL CHECK (decided_by <> ''),
    decided_at timestamptz NOT NULL DEFAULT now(),
    why text NOT NULL CHECK (why <> '')
);
CREATE INDEX IF NOT EXISTS quarantine_decision_by_row
    ON quarantine_decision (batch_id, source_row);
CREATE OR REPLACE FUNCTION refuse_change_of_quarantine_decision() RETURNS trigger
    LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'decisions about quarantined rows are append-only'; END $$;
CREATE OR REPLACE TRIGGER quarantine_decision_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON quarantine_decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_quarantine_decision();
"""

VERDICTS = """
CREATE TABLE IF NOT EXISTS gate_verdict (
    batch_id text NOT NULL,
    gate text NOT NULL,
    passed boolean NOT NULL,
    expectations integer NOT NULL,
    failures text[] NOT NULL,
    seconds double precision NOT NULL,
    report text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_id, gate)
);
-- The exporter reads this view, which leaves out the failures: they may quote values.
CREATE OR REPLACE VIEW gate_result AS
    SELECT batch_id, gate, passed, expectations, cardinality(failures) AS failed, seconds,
           decided_at
    FROM gate_verdict;
"""
