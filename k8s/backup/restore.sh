#!/bin/bash
# restore.sh FILE DATABASE: replace the contents of a database with a dump, in one transaction. If anything fails,
# the database stays as it was. The current contents are dropped, so stop all writers first. Grants are restored too,
# so their roles must exist (postgres/base/databases.sh creates them).
set -euo pipefail
umask 077
file=$1 database=$2
password=${database^^}_DB_PASSWORD address=${database^^}_DB_ADDRESS
export PGUSER=$database PGPASSWORD=${!password}
[ -z "${!address:-}" ] || export PGHOST=${!address%:*} PGPORT=${!address##*:}
contents=$(mktemp)
trap 'rm -f "$contents"' EXIT
# Some dumps create the schema `public` and some do not, so leave it out and create it below as in a new database.
pg_restore --list "$file" | grep -v ' SCHEMA - public ' >"$contents"
new_schema="SET LOCAL client_min_messages TO warning;
    DROP SCHEMA IF EXISTS auth CASCADE; -- MLflow's users
    DROP SCHEMA public CASCADE;
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
    COMMENT ON SCHEMA public IS 'standard public schema';"
# COMMIT is sent only if the whole dump could be read; without it, the transaction is rolled back.
{
    echo "BEGIN; $new_schema" \
        && pg_restore --no-owner --use-list "$contents" --file - "$file" \
        && echo 'COMMIT;'
} | psql --dbname "$database" --no-password --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
    --output /dev/null
echo "restored $database from $file"
