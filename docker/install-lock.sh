#!/bin/sh
# install-lock.sh LOCK: install a lock file into /opt/venv. The build secret `ca` can add a certificate authority.
set -eu
if [ -s /run/secrets/ca ]; then
    # Trust the extra authority in addition to the base image's, for this step only.
    authorities=$(mktemp)
    trap 'rm -f "$authorities"' EXIT
    cat /etc/ssl/certs/ca-certificates.crt /run/secrets/ca >"$authorities" 2>/dev/null \
        || cat /run/secrets/ca >"$authorities"
    export PIP_CERT="$authorities"
fi
python3 -m pip --python /opt/venv/bin/python install \
    --quiet --compile --no-deps --require-hashes --only-binary :all: --requirement "$1"
