#!/usr/bin/env bash
# Make the certificate with which tasks, scheduler and workers of Dask prove who they are. Needs bash and openssl.
#
#   certificate.sh FOLDER    write ca.crt, tls.crt and tls.key; then, in the cluster:
#     kubectl create secret generic dask-tls --namespace mlops-proyecto3 --from-file=FOLDER
#
# Whoever has tls.key can run code on the workers. The authority signs this one certificate, and its key is deleted.
set -euo pipefail
umask 077

readonly DAYS=3650
folder=${1:?which folder}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# In files, because Git Bash would take /CN=… on the command line for a path.
cat >"$work/ca.cnf" <<CONFIG
[req]
distinguished_name = subject
prompt = no
[subject]
CN = readmission Dask
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
CONFIG
cat >"$work/dask.cnf" <<CONFIG
[req]
distinguished_name = subject
prompt = no
[subject]
CN = dask
[dask]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:dask-scheduler
CONFIG

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

mkdir -p "$folder"
new_key "$work/ca.key"
openssl req -x509 -new -sha256 -days "$DAYS" -key "$work/ca.key" -config "$work/ca.cnf" -extensions authority \
    -out "$folder/ca.crt"
new_key "$folder/tls.key"
openssl req -new -key "$folder/tls.key" -config "$work/dask.cnf" -out "$work/dask.csr"
openssl x509 -req -sha256 -days "$DAYS" -in "$work/dask.csr" -CA "$folder/ca.crt" -CAkey "$work/ca.key" \
    -CAcreateserial -CAserial "$work/serial" -extfile "$work/dask.cnf" -extensions dask -out "$folder/tls.crt" 2>/dev/null
