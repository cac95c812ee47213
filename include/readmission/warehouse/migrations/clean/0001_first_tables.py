"""The tables of CLEAN in version 0.1.0; a database of that version keeps its rows."""

from alembic import op

revision = "0001"
down_revision = None

FEATURES = (
    "race", "gender", "age", "admission_type_id", "discharge_disposition_id",
    "admission_source_id", "time_in_hospital", "payer_code", "medical_specialty",
    "num_lab_procedures", "num_procedures", "num_medications", "number_outpatient",
    "number_emergency", "number_inpatient", "diag_1", "diag_2", "diag_3", "number_diagnoses",
    "max_glu_serum", "A1Cresult", "metformin", "repaglinide", "nateglinide", "chlorpropamide",
    "glimepiride", "acetohexamide", "glipizide", "glyburide", "tolbutamide", "pioglitazone",
    "rosiglitazone", "acarbose", "miglitol", "troglitazone", "tolazamide", "examide",
    "citoglipton", "insulin", "glyburide-metformin", "glipizide-metformin",
    "glimepiride-pioglitazone", "metformin-rosiglitazone", "metformin-pioglitazone", "change",
    "diabetesMed",
)  # fmt: skip
TEXTS = {
    "race", "gender", "admission_type_id", "discharge_disposition_id", "admission_source_id",
    "payer_code", "medical_specialty", "diag_1", "diag_2", "diag_3",
}  # fmt: skip


def upgrade() -> None:
    features = ", ".join(
        f'"{name}" {"text" if name in TEXTS else "integer"} NOT NULL' for name in FEATURES
    )
    op.execute(TABLES.replace("%FEATURES%", features))
    op.execute(MODELS)
    op.execute(VERDICTS)
    # Version 0.1.0 stored the hash of its statements in these comments.
    for table in ("drift", "encounter", "gate_verdict", "promotion", "rollback"):
        op.execute(f"COMMENT ON TABLE {table} IS NULL")


TABLES = """
CREATE TABLE IF NOT EXISTS batch (
    batch_id text PRIMARY KEY,
    number integer NOT NULL UNIQUE,
    raw_rows integer NOT NULL,
    clean_rows integer NOT NULL,
    quarantined_rows integer NOT NULL,
    content_sha256 text NOT NULL,
    origin text NOT NULL,
    state text NOT NULL DEFAULT 'loaded' CHECK (state IN ('loaded', 'accepted', 'rejected')),
    reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz,
    CHECK (raw_rows = clean_rows + quarantined_rows)
);
CREATE TABLE IF NOT EXISTS patient (
    patient_nbr bigint PRIMARY KEY,
    part text NOT NULL CHECK (part IN ('train', 'val', 'test')),
    first_batch text NOT NULL
);
CREATE TABLE IF NOT EXISTS encounter (
    batch_id text NOT NULL,
    source_row bigint NOT NULL,
    encounter_id bigint NOT NULL,
    patient_nbr bigint NOT NULL,
    part text NOT NULL,
    eligible boolean NOT NULL,
    readmitted smallint NOT NULL,
    %FEATURES%,
    PRIMARY KEY (encounter_id)
);
CREATE INDEX IF NOT EXISTS encounter_by_batch ON encounter (batch_id, source_row);
"""

MODELS = """
CREATE TABLE IF NOT EXISTS candidate (
    batch_id text PRIMARY KEY,
    run_id text NOT NULL,
    family text NOT NULL,
    version text NOT NULL,
    data_sha256 text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS promotion (
    promotion_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id text NOT NULL,
    challenger_version text NOT NULL,
    incumbent_version text,
    verdict text NOT NULL CHECK (verdict IN ('promoted', 'refused')),
    reason text NOT NULL,
    figures jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (batch_id, challenger_version)
);
CREATE OR REPLACE FUNCTION refuse_change_of_promotion() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'promotions are append-only'; END $$;
CREATE OR REPLACE TRIGGER promotion_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON promotion
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_promotion();
CREATE TABLE IF NOT EXISTS rollback (
    version_left text NOT NULL,
    version_back text NOT NULL,
    asked_by text NOT NULL,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (version_left, at)
);
CREATE OR REPLACE FUNCTION refuse_change_of_rollback() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'rollbacks are append-only'; END $$;
CREATE OR REPLACE TRIGGER rollback_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON rollback
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_rollback();
CREATE TABLE IF NOT EXISTS drift (
    batch_id text NOT NULL,
    column_name text NOT NULL,
    psi double precision NOT NULL,
    level text NOT NULL,
    alarm boolean NOT NULL,
    reference_version text NOT NULL,
    measured_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_id, column_name)
);
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
