#!/bin/bash
# A new server runs this once. It creates the databases in $DATABASES, each with a role that can connect to no other
# database. It also creates the role `monitoring`, which may connect to each of them: that is enough to read a
# database's size. Tables grant `monitoring` further rights where it needs them. limits.sql then limits every role.
set -euo pipefail
psql=(psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres)
for database in postgres template1; do
    "${psql[@]}" --command "REVOKE ALL ON DATABASE $database FROM PUBLIC"
done
# psql reads the password from the environment, so that it appears in no process list.
"${psql[@]}" <<'SQL'
\getenv password MONITORING_DB_PASSWORD
CREATE ROLE monitoring LOGIN PASSWORD :'password';
ALTER ROLE monitoring SET default_transaction_read_only = on;
SQL
for database in $DATABASES; do
    "${psql[@]}" --set name="$database" --set variable="${database^^}_DB_PASSWORD" <<'SQL'
\getenv password :variable
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO monitoring;
SQL
done
