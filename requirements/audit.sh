#!/usr/bin/env bash
# Compare the shared set of versions with published advisories; `make audit` installs the program.
#
#   requirements/audit.sh PIP_AUDIT
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly PIP_AUDIT=${1:?the path of pip-audit} LOCK=requirements/constraints.txt
packages=$(grep -c '==.*\\$' "$LOCK")

status=0
found=$("$PIP_AUDIT" --requirement "$LOCK" --no-deps --disable-pip --progress-spinner off 2>&1) || status=$?
unknown=$(grep -c 'could not be audited' <<<"$found" || true)
if grep -q 'known vulnerabilit' <<<"$found" && [ "$status" != 0 ]; then
    printf '%s\n' "$found"
    exit 1
elif [ "$status" != 0 ] || [ "$unknown" -ge "$packages" ]; then
    # A machine without access to the advisories must still be able to run the other scans.
    printf '%-12s not compared with advisories: no database of advisories can be reached\n' packages
else
    printf '%-12s %4d without a known vulnerability, %d unknown\n' packages $((packages - unknown)) "$unknown"
fi
