#!/bin/bash
# restore.sh FILE DATABASE: make a database what its dump says, in one transaction, or leave it as it is.
# What the database holds now is dropped: stop whoever writes to it first.
set -euo pipefail
file=$1 database=$2
password=${database^^}_DB_PASSWORD
export PGUSER=$database PGPASSWORD=${!password}
contents=$(mktemp)
trap 'rm -f "$contents"' EXIT
# The schema itself is made here; some dumps name it and some do not.
pg_restore --list "$file" | grep -v ' SCHEMA - public ' >"$contents"
# COMMIT is said last, and only if the whole dump could be read; what ends without it is rolled back.
{
    echo 'BEGIN; DROP SCHEMA public CASCADE; CREATE SCHEMA public;' \
        && pg_restore --no-owner --no-privileges --use-list "$contents" --file - "$file" \
        && echo 'COMMIT;'
} | psql --dbname "$database" --no-password --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
    --output /dev/null
echo "restored $database from $file"
