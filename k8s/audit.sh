#!/usr/bin/env bash
# Scan everything that is applied to a cluster, and the Dockerfile, for insecure settings; `make audit` installs the
# scanner. .checkov.yaml lists the skipped checks and why they are skipped.
#
#   k8s/audit.sh CHECKOV
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly CHECKOV=${1:?the path of checkov}
trees=$(mktemp -d)
trap 'rm -rf "$trees"' EXIT
failed=no

# The pod of a task, with the namespace that Airflow sets. It is not a server, so skip the checks for probes.
task() {
    printf -- '---\n'
    sed 's/^  name: task$/&\n  namespace: mlops-proyecto3\n  annotations: {checkov.io\/skip1: CKV_K8S_8, checkov.io\/skip2: CKV_K8S_9}/' \
        k8s/overlays/scale-out/pod-template.yaml
}

# A job that is created by hand. The scanner needs a name instead of a generateName.
by_hand() {
    printf -- '---\n'
    sed "s/^  generateName: .*/  name: $1/" "k8s/backup/$1-job.yaml"
}

scan() {
    local name=$1 file=$2 found
    found=$("$CHECKOV" --config-file .checkov.yaml --file "$file") || failed=yes
    # checkov succeeds on a file that it cannot read, but then reports no passed checks.
    if [[ $found =~ Passed\ checks:\ ([1-9][0-9]*),\ Failed\ checks:\ ([0-9]+),\ Skipped\ checks:\ ([0-9]+) ]]; then
        printf '%-12s %4d passed, %d failed, %d skipped\n' "$name" "${BASH_REMATCH[@]:1}"
        [ "${BASH_REMATCH[2]}" = 0 ] || printf '%s\n' "$found"
    else
        failed=yes
        printf '%-12s was not scanned\n%s\n' "$name" "$found"
    fi
}

for tree in minikube scale-out production; do
    kubectl kustomize "k8s/overlays/$tree" >"$trees/$tree.yaml"
done
task | tee -a "$trees/scale-out.yaml" >>"$trees/production.yaml"
{ kubectl kustomize k8s/backup && by_hand restore && by_hand recover; } >"$trees/backup.yaml"

for tree in minikube scale-out production backup; do
    scan "$tree" "$trees/$tree.yaml"
done
scan Dockerfile Dockerfile
[ "$failed" = no ]
