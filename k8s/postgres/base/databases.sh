#!/bin/bash
# Run once by a new server: the databases in $DATABASES, each with one role that reaches no other, and
# the role `monitoring`: who may connect sees a database's size. What else it may read, the tables say.
set -euo pipefail
psql=(psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres)
for database in postgres template1; do
    "${psql[@]}" --command "REVOKE ALL ON DATABASE $database FROM PUBLIC"
done
# psql reads a password from the environment: no list of processes shows it.
"${psql[@]}" <<'SQL'
\getenv password MONITORING_DB_PASSWORD
CREATE ROLE monitoring LOGIN PASSWORD :'password' CONNECTION LIMIT 10;
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
