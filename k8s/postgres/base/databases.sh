#!/bin/bash
# Creates the databases in $DATABASES, each with a role that can connect to no other database. It also creates the role
# `monitoring`, which may connect to each of them: that is enough to read a database's size. Tables grant `monitoring`
# further rights where it needs them. The server of the audit trail gets the role `audit_writer`, too, which may only
# append to it, and a server whose changes are archived gets `copier`, which copies the whole server. limits.sql then
# limits the roles of the services.
#
# A new server runs this once; deploy.sh runs it every time, so that older servers get what a new version needs. What is
# there keeps its password.
set -euo pipefail
psql=(psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres)
for database in postgres template1; do
    "${psql[@]}" --command "REVOKE ALL ON DATABASE $database FROM PUBLIC"
done
# psql reads the password from the environment, so that it appears in no process list.
make_role() {
    "${psql[@]}" --set name="$1" --set variable="${1^^}_DB_PASSWORD" <<'SQL'
SELECT count(*) = 0 AS missing FROM pg_roles WHERE rolname = :'name' \gset
\if :missing
    \getenv password :variable
    CREATE ROLE :"name" LOGIN PASSWORD :'password';
\endif
SQL
}
make_role monitoring
"${psql[@]}" --command "ALTER ROLE monitoring SET default_transaction_read_only = on"
for database in $DATABASES; do
    make_role "$database"
    "${psql[@]}" --set name="$database" <<'SQL'
SELECT count(*) = 0 AS missing FROM pg_database WHERE datname = :'name' \gset
\if :missing
    CREATE DATABASE :"name" OWNER :"name";
\endif
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO monitoring;
SQL
done
if [ -n "${AUDIT_WRITER_DB_PASSWORD:-}" ]; then
    make_role audit_writer
    "${psql[@]}" --command "GRANT CONNECT ON DATABASE audit TO audit_writer"
fi
if [ -n "${COPIER_DB_PASSWORD:-}" ]; then
    make_role copier
    "${psql[@]}" --command "ALTER ROLE copier REPLICATION CONNECTION LIMIT 2"
fi
