-- Every role that limits.sql knows and this server lacks, without a password: the operator sets it afterwards. Roles of other
-- servers are not made: pg_hba would not let them in.
DO $roles$
DECLARE
    owner name := (SELECT rolname FROM pg_roles WHERE rolname IN ('raw', 'clean', 'mlflow', 'airflow'));
    role name;
BEGIN
    FOREACH role IN ARRAY
        ARRAY ['monitoring'] || CASE owner WHEN 'clean' THEN ARRAY ['predictions', 'audit', 'audit_writer'] ELSE '{}' END
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
    END LOOP;
    ALTER ROLE monitoring SET default_transaction_read_only = on;
END
$roles$;
