-- Creates the roles of this server besides the owner of its first database, so that limits.sql can limit them. They have
-- no password yet: the operator sets it afterwards.
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
