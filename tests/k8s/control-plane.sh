#!/usr/bin/env bash
# Run a real Kubernetes control plane on this machine, with two simulated nodes, for tests/k8s/test_control_plane.py.
#
#   tests/k8s/control-plane.sh start FOLDER    then: export KUBECONFIG=FOLDER/kubeconfig
#   tests/k8s/control-plane.sh stop FOLDER
#
# On PATH: kubectl, etcd (3.6, from the Go module go.etcd.io/etcd/server/v3; with Debian's 3.4 kwok notices changes
# late), kube-apiserver, kube-controller-manager, kube-scheduler and kwok (`go install sigs.k8s.io/kwok/cmd/kwok@v0.8.0`).
# The three kube programs build from a Go module of your own that requires k8s.io/kubernetes, replaces each staging
# module by its v0 of the same release, and has a copy of cmd/kube-…/*.go as its main packages. KWOK_STAGES names kwok's
# folder kustomize/stage. CRDS may name folders with the definitions of operators (config/crd/bases of CloudNativePG and
# of its plugin); without them the tests add definitions that accept any content.
set -euo pipefail

readonly ACTION=${1:?start or stop} HOME_FOLDER=${2:?a folder}
readonly ETCD=127.0.0.1:12379 API=127.0.0.1:16443

start() {
    local name=$1
    shift
    setsid "$@" >"$name.log" 2>&1 </dev/null &
    echo $! >"$name.pid"
}

stop_all() {
    local file pid
    for file in "$HOME_FOLDER"/*.pid; do
        [ -e "$file" ] || continue
        pid=$(cat "$file")
        kill "$pid" 2>/dev/null || true
        for _ in $(seq 50); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.2
        done
        rm "$file"
    done
}

make_keys() {
    local token
    token=$(openssl rand -hex 16)
    openssl genrsa -out sa.key 2048 2>/dev/null
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -keyout tls.key -out tls.crt -subj /CN=127.0.0.1 \
        -addext 'subjectAltName=IP:127.0.0.1' 2>/dev/null
    echo "$token,admin,admin,\"system:masters\"" >tokens.csv
    cat >kubeconfig <<EOK
apiVersion: v1
kind: Config
clusters: [{name: simulated, cluster: {server: "https://$API", certificate-authority: $PWD/tls.crt}}]
users: [{name: admin, user: {token: $token}}]
contexts: [{name: simulated, context: {cluster: simulated, user: admin}}]
current-context: simulated
EOK
}

# `kubectl exec` runs these stand-ins: a simulated pod has no programs.
make_kwok() {
    local stage program
    cat >kwok.yaml <<EOK
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterExec
metadata: {name: any}
spec: {execs: [{local: {workDir: /tmp}}]}
EOK
    for stage in "$KWOK_STAGES"/{node/fast/node-*,node/heartbeat-with-lease/node-*,pod/fast/pod-*}.yaml; do
        printf -- '---\n' >>kwok.yaml
        cat "$stage" >>kwok.yaml
    done
    mkdir -p programs
    for program in bash psql; do
        printf '#!/bin/sh\nexit 0\n' >"programs/$program"
        chmod +x "programs/$program"
    done
}

make_nodes() {
    local name
    for name in one two; do
        cat <<EOK
---
apiVersion: v1
kind: Node
metadata: {name: $name, annotations: {kwok.x-k8s.io/node: fake}, labels: {kubernetes.io/hostname: $name}}
status: {capacity: &size {cpu: "8", memory: 32Gi, pods: "110", ephemeral-storage: 500Gi}, allocatable: *size}
EOK
    done
    cat <<EOK
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: kubernetes.io/host-path
EOK
}

stop_all
[ "$ACTION" = start ] || exit 0
mkdir -p "$HOME_FOLDER"
cd "$HOME_FOLDER"
rm -rf etcd kwok.yaml
make_keys
make_kwok
export KUBECONFIG=$PWD/kubeconfig
start etcd etcd --data-dir etcd --listen-client-urls "http://$ETCD" --advertise-client-urls "http://$ETCD" \
    --listen-peer-urls http://127.0.0.1:12380 --initial-advertise-peer-urls http://127.0.0.1:12380 \
    --initial-cluster default=http://127.0.0.1:12380
start apiserver kube-apiserver --etcd-servers "http://$ETCD" --secure-port "${API#*:}" --bind-address 127.0.0.1 \
    --tls-cert-file tls.crt --tls-private-key-file tls.key --token-auth-file tokens.csv \
    --authorization-mode Node,RBAC --service-account-key-file sa.key --service-account-signing-key-file sa.key \
    --service-account-issuer https://kubernetes.default.svc --service-cluster-ip-range 10.96.0.0/16
for _ in $(seq 60); do
    ! kubectl get --raw /readyz >/dev/null 2>&1 || break
    sleep 1
done
# Its provisioner of host-path volumes creates folders in /tmp/hostpath_pv.
start controller-manager kube-controller-manager --kubeconfig kubeconfig --bind-address 127.0.0.1 \
    --service-account-private-key-file sa.key --root-ca-file tls.crt --enable-hostpath-provisioner --leader-elect=false
start scheduler kube-scheduler --kubeconfig kubeconfig --bind-address 127.0.0.1 --leader-elect=false
start kwok env "PATH=$PWD/programs:$PATH" kwok --kubeconfig kubeconfig --manage-all-nodes --config kwok.yaml \
    --node-ip 127.0.0.1 --node-port 10247 --server-address 127.0.0.1:10247 --tls-cert-file tls.crt \
    --tls-private-key-file tls.key --node-lease-duration-seconds 40
make_nodes | kubectl apply --filename - >/dev/null
kubectl wait --for condition=Ready node --all --timeout 60s
for folder in ${CRDS:-}; do
    kubectl apply --server-side --filename "$folder" >/dev/null
done
kubectl version 2>/dev/null | grep Server
