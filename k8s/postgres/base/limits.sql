-- Limits of each service role: connections and timeouts. Run by the superuser as often as you like; it skips roles
-- that this server does not have. A new server runs it once (after databases.sh); `readmission up` and deploy.sh run
-- it every time.
--
-- Connections are several times what was seen in use (docs/operations.md), so that an old and a new version fit side by
-- side. All limits of a server and its reserved connections fit into max_connections: no role can take the last
-- connection of another one.
DO $limits$
DECLARE
    role record;
BEGIN
    FOR role IN
        SELECT wanted.* FROM (VALUES
            -- role, connections, longest statement, longest pause within a transaction, longest wait for a lock
            ('airflow', 70, '5min', '10min', '2min'),
            ('mlflow', 40, '5min', '5min', '2min'),
            ('raw', 30, '5min', '5min', '2min'),
            ('clean', 30, '5min', '5min', '2min'),
            ('predictions', 40, '5min', '5min', '2min'),
            ('audit', 5, '5min', '5min', '2min'),
            ('audit_writer', 20, '10s', '10s', '5s'),
            ('monitoring', 20, '90s', '30s', '10s')
        ) AS wanted (name, connections, statement, pause, lock) JOIN pg_roles ON rolname = name
    LOOP
        EXECUTE format('ALTER ROLE %I CONNECTION LIMIT %s', role.name, role.connections);
        EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', role.name, role.statement);
        EXECUTE format(
            'ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', role.name, role.pause);
        EXECUTE format('ALTER ROLE %I SET lock_timeout = %L', role.name, role.lock);
    END LOOP;
    -- The exporter still sees a server whose other connections are all taken.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'monitoring')
        AND NOT pg_has_role('monitoring', 'pg_use_reserved_connections', 'member') THEN
        GRANT pg_use_reserved_connections TO monitoring;
    END IF;
END
$limits$;
