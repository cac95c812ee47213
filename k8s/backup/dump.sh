#!/bin/bash
# dump.sh FOLDER DATABASE...: dump databases into FOLDER/DATABASE/TIME.dump and check that each dump is readable.
# Each database is dumped by the role of the same name, with the password NAME_DB_PASSWORD, from the server at
# NAME_DB_ADDRESS (host:port), or from libpq's default server if that is not set.
set -euo pipefail
# Nobody else on the machine reads a dump before it is encrypted.
umask 077
folder=$1
shift
for database in "$@"; do
    password=${database^^}_DB_PASSWORD address=${database^^}_DB_ADDRESS
    export PGUSER=$database PGPASSWORD=${!password}
    [ -z "${!address:-}" ] || export PGHOST=${!address%:*} PGPORT=${!address##*:}
    mkdir -p "$folder/$database"
    file=$folder/$database/$(date -u +%Y%m%dT%H%M%SZ).dump
    pg_dump --dbname "$database" --format custom --no-password --file "$file.part"
    # Fail if the dump is not readable.
    pg_restore --list "$file.part" >/dev/null
    mv "$file.part" "$file"
    echo "dumped $database: $(wc -c <"$file") bytes"
done
