#!/bin/bash
# copy.sh FOLDER SERVER...: copy whole database servers into FOLDER/server-SERVER/TIME.IDENTIFIER.tar.gz, for
# point-in-time recovery with the changes that archive.sh archives. A server has the name of its first database. The role
# `copier` copies it, with the password COPIER_DB_PASSWORD, from the address NAME_DB_ADDRESS (host:port).
set -euo pipefail
# Nobody else on the machine reads a dump before it is encrypted.
umask 077
folder=$1
shift
export PGUSER=copier PGPASSWORD=$COPIER_DB_PASSWORD
for server in "$@"; do
    address=${server^^}_DB_ADDRESS
    export PGHOST=${!address%:*} PGPORT=${!address##*:}
    mkdir -p "$folder/server-$server"
    part=$folder/server-$server/copy.part
    identifier=$(psql --no-psqlrc --no-password --tuples-only --no-align --dbname replication=true \
        --command IDENTIFY_SYSTEM | cut -d '|' -f 1)
    # A busy server may delete changes that the copy still needs; it keeps them for a slot, which ends with its psql.
    coproc slot { psql --no-psqlrc --no-password --tuples-only --no-align --dbname replication=true; }
    echo "CREATE_REPLICATION_SLOT copy_$$ TEMPORARY PHYSICAL RESERVE_WAL;" >&"${slot[1]}"
    read -r -t 60 _ <&"${slot[0]}"
    pg_basebackup --pgdata - --format tar --wal-method fetch --checkpoint fast --no-password | gzip --fast >"$part"
    input=${slot[1]}
    exec {input}>&-
    wait
    # The time when it was finished: a recovery needs a copy that was finished before.
    file=$folder/server-$server/$(date -u +%Y%m%dT%H%M%SZ).$identifier.tar.gz
    mv "$part" "$file"
    echo "copied the server $server: $(wc -c <"$file") bytes"
done
