#!/bin/sh
# install-lock.sh LOCK: install a lock into /opt/venv; an extra certificate authority may be the secret `ca`.
set -eu
if [ -s /run/secrets/ca ]; then
    # Certificates of the base image stay trusted beside the extra one, for this step only.
    authorities=$(mktemp)
    trap 'rm -f "$authorities"' EXIT
    cat /etc/ssl/certs/ca-certificates.crt /run/secrets/ca >"$authorities" 2>/dev/null \
        || cat /run/secrets/ca >"$authorities"
    export PIP_CERT="$authorities"
fi
python3 -m pip --python /opt/venv/bin/python install \
    --quiet --compile --no-deps --require-hashes --only-binary :all: --requirement "$1"
