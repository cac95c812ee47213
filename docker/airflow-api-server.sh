#!/bin/sh
# Airflow's pages and API with the one user they know. Airflow opens the file for writing: no secret can be
# mounted in its place.
set -eu
umask 077
mkdir -p "$AIRFLOW_HOME"
printf '{"admin": "%s"}' "${AIRFLOW_ADMIN_PASSWORD:?}" >"$AIRFLOW_HOME/passwords.json"
unset AIRFLOW_ADMIN_PASSWORD
exec airflow api-server --host 0.0.0.0 --port 8080 --workers 1
