#!/bin/sh
# Make the user of the store who may read the reports of the gates, and nothing else; again is harmless.
set -eu
until mc ready store >/dev/null 2>&1; do sleep 2; done
cat >/tmp/reader.json <<'POLICY'
{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::data-docs/*"]}
]}
POLICY
mc admin policy create store docs-reader /tmp/reader.json
mc admin user add store "$DOCS_ACCESS_KEY" "$DOCS_SECRET_KEY"
# MinIO calls it an error that the user has the policy already.
mc admin policy attach store docs-reader --user "$DOCS_ACCESS_KEY" \
    || mc admin user info store "$DOCS_ACCESS_KEY" | grep -q docs-reader
