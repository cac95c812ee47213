#!/bin/bash
# recover.sh FOLDER TIME: bring the database server in $PGDATA, which is stopped, to a time. FOLDER holds what
# `python -m readmission.operations.recovery get-server` has downloaded: a copy of the server, and its changes. The data
# folder that is there is renamed, and comes back if the recovery fails.
set -euo pipefail
folder=$1 until=$2 data=${PGDATA:?}
umask 077
# It becomes a setting of the server.
if [[ ! $until =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}([T\ ][0-9:.]+(\ ?(Z|UTC|[+-][0-9:]+))?)?$ ]]; then
    echo "$until is not a time such as 2026-11-28T14:30:00+00" >&2
    exit 1
fi
before=$data.before-$(date -u +%Y%m%dT%H%M%SZ)
undo() {
    echo "the server was not recovered to $until" >&2
    pg_ctl stop --pgdata "$data" --mode immediate --silent 2>/dev/null || true
    rm -rf "$data"
    [ ! -e "$before" ] || mv "$before" "$data"
    exit 1
}
if [ -e "$data/postmaster.pid" ]; then
    echo "$data belongs to a server that runs or was killed; stop it, and delete its postmaster.pid if that is left" >&2
    exit 1
fi
[ ! -e "$data" ] || mv "$data" "$before"
# Also if the Job or the container is stopped.
trap undo ERR INT TERM
mkdir -p "$data"
chmod 700 "$data"
tar -xzf "$folder/copy.tar.gz" -C "$data"
settings=$data/postgresql.auto.conf
cp "$settings" "$folder/settings"
cat >>"$settings" <<CONF
restore_command = 'gzip -dc "$folder/changes/%f.gz" >"%p"'
recovery_target_time = '$until'
recovery_target_action = 'promote'
CONF
touch "$data/recovery.signal"
# Nobody connects meanwhile. The server keeps the new timeline's history until its own archiver runs again.
log=$folder/recovery.log
pg_ctl start --pgdata "$data" --wait --timeout 600 --log "$log" --silent --options "-c listen_addresses= \
    -c unix_socket_directories=$folder -c hot_standby=off -c ssl=off -c archive_mode=on -c archive_command=false" \
    || { cat "$log" >&2 && false; }
# `pg_ctl` does not wait for the end of a recovery.
until grep -qs '^ready' "$data/postmaster.pid"; do
    pg_ctl status --pgdata "$data" >/dev/null || { cat "$log" >&2 && false; }
    sleep 0.5
done
grep 'recovery stopping\|last completed transaction' "$log" || true
pg_ctl stop --pgdata "$data" --mode fast --wait --timeout 600 --silent
cp "$folder/settings" "$settings"
trap - ERR INT TERM
echo "recovered $data to $until"
[ ! -e "$before" ] || echo "the former data are in $before; delete them once the recovered ones were checked"
