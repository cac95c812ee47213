#!/bin/bash
# archive.sh PATH NAME: PostgreSQL's archive_command. It puts a finished file of the write-ahead log into a folder of
# $WAL_SPOOL, named after the first of $DATABASES, and succeeds once the archiver has stored the file in the bucket:
# PostgreSQL keeps the file until then. PostgreSQL runs this script in its data folder.
set -euo pipefail
path=$1 name=$2 spool=${WAL_SPOOL:?}/${DATABASES%% *}
mkdir -p "$spool"
# The server's own identifier: a new server under an old name does not overwrite the old one's files.
identifier=$(od -An -tu8 -N8 global/pg_control | tr -d ' ')
file=$spool/$identifier.$name
cp "$path" "$file.part"
mv "$file.part" "$file"
for ((i = 0; i < 300; i++)); do
    [ -e "$file" ] || exit 0
    if [ -e "$spool/failure" ]; then
        cat "$spool/failure" >&2
        exit 1
    fi
    sleep 0.2
done
echo "$name was not archived within a minute; is the archiver running?" >&2
exit 1
