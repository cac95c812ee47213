#!/usr/bin/env bash
# Generate secrets; this script has the only list of them. Needs bash and openssl.
#
#   secrets.sh env FILE       add missing secrets to an .env file for Compose; existing ones stay
#   secrets.sh names          list the Secrets of the cluster
#   secrets.sh secret NAME    generate the content of one Secret as KEY=VALUE lines
set -euo pipefail
umask 077

# Columns: Secret in the cluster, variable, kind
secret_table() {
    cat <<'TABLE'
airflow-postgres POSTGRES_AIRFLOW_SUPERUSER password
airflow-postgres AIRFLOW_DB_PASSWORD password
postgres-raw POSTGRES_RAW_SUPERUSER password
postgres-raw RAW_DB_PASSWORD password
postgres-clean POSTGRES_CLEAN_SUPERUSER password
postgres-clean CLEAN_DB_PASSWORD password
postgres-clean PREDICTIONS_DB_PASSWORD password
audit AUDIT_DB_PASSWORD password
audit AUDIT_WRITER_DB_PASSWORD password
postgres-mlflow POSTGRES_MLFLOW_SUPERUSER password
postgres-mlflow MLFLOW_DB_PASSWORD password
mlflow-users MLFLOW_VIEWER_PASSWORD password
mlflow-users MLFLOW_TRAINING_PASSWORD password
mlflow-users MLFLOW_PROMOTION_PASSWORD password
mlflow-users MLFLOW_ADMIN_PASSWORD password
minio S3_ACCESS_KEY password
minio S3_SECRET_KEY password
minio-reader DOCS_ACCESS_KEY password
minio-reader DOCS_SECRET_KEY password
backup-upload BACKUP_ACCESS_KEY password
backup-upload BACKUP_SECRET_KEY password
backup-restore RESTORE_ACCESS_KEY password
backup-restore RESTORE_SECRET_KEY password
backup-copy COPIER_DB_PASSWORD password
backup-seal BACKUP_RECIPIENT given
backup-seal BACKUP_SIGNING_KEY given
airflow AIRFLOW_ADMIN_PASSWORD password
airflow AIRFLOW_FERNET_KEY fernet
airflow AIRFLOW_JWT_SECRET password
airflow AIRFLOW_API_SECRET password
api-keys API_KEY_PREDICT password
api-keys API_KEY_ADMIN password
api-keys READMISSION_API_KEYS hashes
prediction-log PREDICTION_LOG_KEY password
signing SIGNING_KEY ed25519
signing TRUSTED_SIGNING_KEYS public-keys
monitoring MONITORING_DB_PASSWORD password
monitoring MONITORING_ACCESS_KEY password
monitoring MONITORING_SECRET_KEY password
prometheus PROMETHEUS_PASSWORD password
grafana GRAFANA_ADMIN_PASSWORD password
TABLE
}

sha256() { printf '%s' "$1" | openssl dgst -sha256 -r | cut -d ' ' -f 1; }

# Hexadecimal, so that a password needs no escaping in a URL or in JSON.
make_secret() {
    case $1 in
    password) openssl rand -hex 24 ;;
    # 32 random bytes are an Ed25519 private key.
    ed25519) openssl rand -base64 32 ;;
    public-keys) public_keys ;;
    # Empty unless the environment has it: `python -m readmission.operations.backups new-key` makes both at once.
    given) ;;
    fernet) openssl rand -base64 32 | tr '+/' '-_' ;;
    hashes) hashes ;;
    esac
}

# Print the public key of SIGNING_KEY, and the keys that are trusted already: after a rotation the models in use
# still carry the signature of the previous key. OpenSSL reads a private key in PKCS #8, which is a fixed prefix here.
public_keys() {
    local key
    key=$({
        printf '\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20'
        printf '%s' "$SIGNING_KEY" | openssl base64 -d -A
    } | openssl pkey -inform DER -pubout -outform DER | tail -c 32 | openssl base64 -A)
    case ",${TRUSTED_SIGNING_KEYS:-}," in
    *",$key,"*) echo "$TRUSTED_SIGNING_KEYS" ;;
    *) echo "$key${TRUSTED_SIGNING_KEYS:+,$TRUSTED_SIGNING_KEYS}" ;;
    esac
}

# Print the hashes of the API's keys; its clients have the keys. Keys that somebody added beside ours stay, but once one
# of ours was replaced, the list begins again: the old one must not stay valid.
hashes() {
    local predict admin known=",${READMISSION_API_KEYS:-},"
    predict=predict:$(sha256 "$API_KEY_PREDICT") admin=admin:$(sha256 "$API_KEY_ADMIN")
    case $known in
    *",$predict,"*) case $known in *",$admin,"*) echo "$READMISSION_API_KEYS" && return ;; esac ;;
    esac
    echo "$predict,$admin"
}

# Print KEY=VALUE for each table row on standard input; a variable that is already set keeps its value.
make_lines() {
    local variable kind
    while read -r _ variable kind; do
        if [ -z "${!variable:-}" ] || [ "$kind" = hashes ] || [ "$kind" = public-keys ]; then
            printf -v "$variable" '%s' "$(make_secret "$kind")"
        fi
        echo "$variable=${!variable}"
    done
}

complete_env() {
    local file=$1 line variable
    touch "$file"
    while IFS= read -r line; do
        variable=${line%%=*}
        if secret_table | grep -q " $variable "; then
            printf -v "$variable" '%s' "${line#*=}"
        fi
    done <"$file"
    {
        # Keep all other lines of the file.
        grep -vE "^($(secret_table | cut -d ' ' -f 2 | paste -sd '|' -))=" "$file" || true
        secret_table | make_lines
    } >"$file.new"
    mv "$file.new" "$file"
}

case ${1:-} in
env) complete_env "${2:?which file}" ;;
names) secret_table | cut -d ' ' -f 1 | uniq ;;
secret) secret_table | grep "^${2:?which secret} " | make_lines ;;
*)
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
