#!/usr/bin/env bash
# Make the TLS certificates of the PostgreSQL servers. Needs bash and openssl.
#
#   certificates.sh names          list the Secrets; each is a folder of files of the same name
#   certificates.sh make FOLDER    write them, unless FOLDER has them
#   certificates.sh renew FOLDER   write new ones; clients trust the previous authority, too
#
# The key of the authority is deleted once it has signed: nobody can make another certificate that clients trust.
# With OWNER=UID:GID, the keys of the servers belong to that user.
set -euo pipefail
umask 077

readonly SERVERS=(postgres-raw postgres-clean postgres-mlflow airflow-postgres)
readonly CA=postgres-ca NAMESPACE=mlops-proyecto3 DAYS=3650

# Print the configuration of one certificate: its name and the hosts it is valid for.
describe() {
    local host hosts=()
    # CloudNativePG's Services have a suffix.
    for host in "$1" "$1-rw" "$1-ro" "$1-r"; do
        hosts+=("DNS:$host" "DNS:$host.$NAMESPACE" "DNS:$host.$NAMESPACE.svc" "DNS:$host.$NAMESPACE.svc.cluster.local")
    done
    # In a file, because Git Bash would take /CN=… on the command line for a path.
    cat <<CONFIG
[req]
distinguished_name = subject
prompt = no
[subject]
CN = $1
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = $(IFS=, && echo "${hosts[*]}")
CONFIG
}

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

make_authority() {
    describe "readmission PostgreSQL $(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$work/ca.cnf"
    new_key "$work/ca.key"
    openssl req -x509 -new -sha256 -days "$DAYS" -key "$work/ca.key" -config "$work/ca.cnf" -extensions authority \
        -out "$work/ca.crt"
}

make_server() {
    local server=$1
    describe "$server" >"$work/$server.cnf"
    new_key "$work/$server.key"
    openssl req -new -key "$work/$server.key" -config "$work/$server.cnf" -out "$work/$server.csr"
    openssl x509 -req -sha256 -days "$DAYS" -in "$work/$server.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" \
        -CAcreateserial -extfile "$work/$server.cnf" -extensions server -out "$work/$server.crt" 2>/dev/null
}

# The newest authority that clients trust until now.
trusted() { [ ! -f "$folder/$CA/ca.crt" ] || openssl x509 -in "$folder/$CA/ca.crt"; }

# The authority comes last: a folder that has it has everything.
install_files() {
    local server target
    for server in "${SERVERS[@]}"; do
        target=$folder/$server-tls
        mkdir -p "$target"
        mv "$work/$server.crt" "$target/tls.crt"
        mv "$work/$server.key" "$target/tls.key"
        [ -z "${OWNER:-}" ] || chown "$OWNER" "$target/tls.crt" "$target/tls.key"
    done
    trusted >>"$work/ca.crt"
    # Clients of any user read it.
    chmod a+r "$work/ca.crt"
    mkdir -p "$folder/$CA"
    mv "$work/ca.crt" "$folder/$CA/ca.crt"
}

make_all() {
    local server
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    make_authority
    for server in "${SERVERS[@]}"; do make_server "$server"; done
    install_files
}

case ${1:-} in
names) printf '%s\n' "${SERVERS[@]/%/-tls}" "$CA" ;;
make | renew)
    folder=${2:?which folder}
    if [ "$1" = make ] && [ -f "$folder/$CA/ca.crt" ]; then exit; fi
    make_all
    ;;
*)
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
