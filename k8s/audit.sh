#!/usr/bin/env bash
# Scan all that a cluster is given, and the Dockerfile, for what should not be so; `make audit` installs the
# scanner. What is not looked at, and why, is in .checkov.yaml.
#
#   k8s/audit.sh CHECKOV
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly CHECKOV=${1:?the path of checkov}
trees=$(mktemp -d)
trap 'rm -rf "$trees"' EXIT
failed=no

# The pod of a task, in the namespace that Airflow gives it. It serves nobody, so there is nothing to probe.
task() {
    printf -- '---\n'
    sed 's/^  name: task$/&\n  namespace: mlops-proyecto3\n  annotations: {checkov.io\/skip1: CKV_K8S_8, checkov.io\/skip2: CKV_K8S_9}/' \
        k8s/overlays/scale-out/pod-template.yaml
}

# What is made by hand from a backup; only a name can be scanned.
restore() {
    printf -- '---\n'
    sed 's/^  generateName: .*/  name: restore/' k8s/backup/restore-job.yaml
}

scan() {
    local name=$1 file=$2 found
    found=$("$CHECKOV" --config-file .checkov.yaml --file "$file") || failed=yes
    # A file that cannot be read is no failure to checkov; but then nothing of it passes.
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
{ kubectl kustomize k8s/backup && restore; } >"$trees/backup.yaml"

for tree in minikube scale-out production backup; do
    scan "$tree" "$trees/$tree.yaml"
done
scan Dockerfile Dockerfile
[ "$failed" = no ]
