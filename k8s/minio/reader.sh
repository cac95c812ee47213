#!/bin/sh
# Create the store's users with few rights; safe to run again.
set -eu
until mc ready store >/dev/null 2>&1; do sleep 2; done

# make_user POLICY ACCESS_KEY SECRET_KEY: create a user and its policy, whose statement comes from standard input.
make_user() {
    printf '{"Version": "2012-10-17", "Statement": [%s]}' "$(cat)" >"$HOME/$1.json"
    mc admin policy create store "$1" "$HOME/$1.json"
    mc admin user add store "$2" "$3"
    # Attaching a policy that the user already has is an error in MinIO.
    mc admin policy attach store "$1" --user "$2" && return
    # The image has no grep.
    case $(mc admin user info store "$2") in *"$1"*) ;; *) return 1 ;; esac
}

# The API reads the reports of the gates.
make_user docs-reader "$DOCS_ACCESS_KEY" "$DOCS_SECRET_KEY" <<'ALLOWED'
{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::data-docs/*"]}
ALLOWED
# The exporter counts the objects in each bucket but cannot read them.
make_user monitoring "$MONITORING_ACCESS_KEY" "$MONITORING_SECRET_KEY" <<'ALLOWED'
{"Effect": "Allow", "Action": ["s3:ListAllMyBuckets", "s3:ListBucket"], "Resource": ["arn:aws:s3:::*"]}
ALLOWED
# The backup job reads the models, which it copies, and uploads into `backups`. There it can neither list, read nor
# delete, and what it overwrites stays, because the bucket keeps versions.
# MinIO lets everybody who may put an object delete it, unless that is denied.
make_user backup-upload "$BACKUP_ACCESS_KEY" "$BACKUP_SECRET_KEY" <<'ALLOWED'
{"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": ["arn:aws:s3:::backups/*"]},
{"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": ["arn:aws:s3:::mlflow", "arn:aws:s3:::mlflow/*"]},
{"Effect": "Deny", "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"], "Resource": ["arn:aws:s3:::backups/*"]}
ALLOWED
# A restore lists and reads dumps, with the key that decrypts them.
make_user backup-restore "$RESTORE_ACCESS_KEY" "$RESTORE_SECRET_KEY" <<'ALLOWED'
{"Effect": "Allow", "Action": ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetObject", "s3:GetObjectVersion"], "Resource": ["arn:aws:s3:::backups", "arn:aws:s3:::backups/*"]}
ALLOWED
