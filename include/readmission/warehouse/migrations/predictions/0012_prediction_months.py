"""A partition of the prediction log for each month: indexes stay small, and old months are dropped.

Predictions made before the end of the month of the upgrade stay in one partition; building its
primary key takes about as long as reading it. `keep_prediction_months` adds the months that follow.
"""

from alembic import op
from sqlalchemy import text

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    connection = op.get_bind()
    grants = connection.scalars(text(GRANTS)).all()
    end = connection.scalar(text(END_OF_MONTH))
    op.execute(TABLES)
    connection.execute(text(LATER), {"end": end})
    op.execute(
        "ALTER TABLE prediction ATTACH PARTITION prediction_before"
        f" FOR VALUES FROM (MINVALUE) TO ('{end}')"
    )
    for statement in grants:
        op.execute(statement)
    schema = connection.scalar(text("SELECT quote_ident(current_schema())"))
    op.execute(FUNCTION.replace("%SCHEMA%", schema))


GRANTS = """
SELECT format('GRANT %s ON prediction TO %s', privilege_type, grantee::regrole)
FROM pg_class, aclexplode(relacl)
WHERE pg_class.oid = 'prediction'::regclass AND grantee NOT IN (0, relowner)
"""

END_OF_MONTH = """
SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC'
"""

TABLES = """
ALTER TABLE prediction RENAME TO prediction_before;
ALTER TABLE prediction_before DROP CONSTRAINT prediction_pkey;
ALTER TABLE prediction_before ALTER COLUMN id SET NOT NULL;
ALTER INDEX prediction_at RENAME TO prediction_before_at;
ALTER INDEX prediction_by_request RENAME TO prediction_before_by_request;
CREATE TABLE prediction (LIKE prediction_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
    PARTITION BY RANGE (at);
ALTER TABLE prediction ADD PRIMARY KEY (id, at);
CREATE INDEX prediction_at ON prediction (at);
CREATE INDEX prediction_by_request ON prediction (request_id, row);
CREATE TABLE prediction_default PARTITION OF prediction DEFAULT;
"""

# A clock that was wrong may have made predictions of later months.
LATER = """
WITH later AS (DELETE FROM prediction_before WHERE at >= :end RETURNING *)
INSERT INTO prediction SELECT * FROM later
"""

# It runs as the owner of the tables, because the API may only read, insert and delete predictions.
# A month takes its rows out of the default partition, which has those that came before their month.
FUNCTION = """
CREATE FUNCTION keep_prediction_months(expired timestamptz) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = %SCHEMA%, pg_temp AS $$
DECLARE
    known record;
    added text;
    month timestamptz;
    next_month timestamptz;
    dropped integer := 0;
BEGIN
    IF NOT has_table_privilege(session_user, 'prediction', 'DELETE') THEN
        RAISE insufficient_privilege USING MESSAGE = 'this role may not delete predictions';
    END IF;
    FOR known IN
        SELECT relname AS name,
               substring(pg_get_expr(relpartbound, c.oid) FROM 'TO \\(''([^'']+)''\\)')::timestamptz
                   AS ends
        FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
        WHERE inhparent = 'prediction'::regclass AND relname <> 'prediction_default'
        ORDER BY ends
    LOOP
        month := known.ends;
        IF known.ends <= least(expired, now()) THEN
            EXECUTE format('DROP TABLE %I', known.name);
            dropped := dropped + 1;
        END IF;
    END LOOP;
    WHILE month < now() + interval '1 month' LOOP
        next_month := (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
        added := 'prediction_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
        EXECUTE format('CREATE TABLE %I (LIKE prediction INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                       added);
        EXECUTE format('WITH early AS (DELETE FROM prediction_default WHERE at >= %L AND at < %L'
                       ' RETURNING *) INSERT INTO %I SELECT * FROM early',
                       month, next_month, added);
        EXECUTE format('ALTER TABLE prediction ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       added, month, next_month);
        month := next_month;
    END LOOP;
    RETURN dropped;
END $$;
"""
