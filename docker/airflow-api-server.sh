#!/bin/sh
# Start Airflow's api-server with a single user, admin. Airflow opens the password file for writing, so a mounted
# secret would not work.
set -eu
umask 077
mkdir -p "$AIRFLOW_HOME"
printf '{"admin": "%s"}' "${AIRFLOW_ADMIN_PASSWORD:?}" >"$AIRFLOW_HOME/passwords.json"
unset AIRFLOW_ADMIN_PASSWORD
# The lock-out of logins needs the client's address. Whoever sets this trusts the proxy in front to report it.
exec airflow api-server --host 0.0.0.0 --port 8080 --workers 1 ${FORWARDED_ALLOW_IPS:+--proxy-headers}
