#!/bin/bash
# restore.sh FILE DATABASE: make a database what its dump says, in one transaction, or leave it as it is.
# What the database holds now is dropped: stop whoever writes to it first. Who may read what comes back, too,
# so the roles that had rights on it must be there (postgres/base/databases.sh makes them).
set -euo pipefail
file=$1 database=$2
password=${database^^}_DB_PASSWORD address=${database^^}_DB_ADDRESS
export PGUSER=$database PGPASSWORD=${!password}
[ -z "${!address:-}" ] || export PGHOST=${!address%:*} PGPORT=${!address##*:}
contents=$(mktemp)
trap 'rm -f "$contents"' EXIT
# The schema itself is made here, as a new database has it; some dumps name it and some do not.
pg_restore --list "$file" | grep -v ' SCHEMA - public ' >"$contents"
new_schema="SET LOCAL client_min_messages TO warning;
    DROP SCHEMA public CASCADE;
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
    COMMENT ON SCHEMA public IS 'standard public schema';"
# COMMIT is said last, and only if the whole dump could be read; what ends without it is rolled back.
{
    echo "BEGIN; $new_schema" \
        && pg_restore --no-owner --use-list "$contents" --file - "$file" \
        && echo 'COMMIT;'
} | psql --dbname "$database" --no-password --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
    --output /dev/null
echo "restored $database from $file"
