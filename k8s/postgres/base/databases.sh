#!/bin/bash
# Run once by a new server: the databases in $DATABASES, each with one role that reaches no other.
set -euo pipefail
psql=(psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres)
for database in postgres template1; do
    "${psql[@]}" --command "REVOKE ALL ON DATABASE $database FROM PUBLIC"
done
for database in $DATABASES; do
    # psql reads the password from the environment: no list of processes shows it.
    "${psql[@]}" --set name="$database" --set variable="${database^^}_DB_PASSWORD" <<'SQL'
\getenv password :variable
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
