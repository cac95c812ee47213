#!/bin/bash
# dump.sh FOLDER DATABASE...: dump databases into FOLDER/DATABASE/TIME.dump and read each dump back.
# The server and who asks come from the environment, as libpq reads it; a database whose role has the
# password NAME_DB_PASSWORD is dumped by that role.
set -euo pipefail
folder=$1
shift
for database in "$@"; do
    password=${database^^}_DB_PASSWORD
    export PGUSER=$database PGPASSWORD=${!password}
    mkdir -p "$folder/$database"
    file=$folder/$database/$(date -u +%Y%m%dT%H%M%SZ).dump
    pg_dump --dbname "$database" --format custom --no-password --file "$file.part"
    # A dump that cannot be read is none.
    pg_restore --list "$file.part" >/dev/null
    mv "$file.part" "$file"
    echo "dumped $database: $(wc -c <"$file") bytes"
done
