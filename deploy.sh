#!/usr/bin/env bash
# Deploy the whole system to Kubernetes; running it again applies only what has changed.
#
#   ./deploy.sh [--registry ADDRESS | --minikube] [--overlay NAME] [--wait SECONDS] [--dry-run]
#   ./deploy.sh --prepare [--registry ADDRESS | --minikube] [--dry-run]
#   ./deploy.sh --delete [--yes]
#
# It deploys to the cluster of kubectl's current context. It builds the images and loads them into a
# cluster on this machine (Minikube, kind or k3d); any other cluster pulls them from a registry.
#
#   --registry ADDRESS   push the images there, e.g. registry.hospital.example/readmission
#   --minikube           use Minikube whatever the context is, and start it if it is not running
#                        (6 CPUs, 14 GiB, Calico to enforce network policies)
#   --overlay NAME       minikube (default), scale-out or production
#   --prepare            only deliver the images and create the namespace and its Secrets; then print how to
#                        deploy with `kubectl apply -f k8s/FOLDER/`
#   --dry-run            print what would be done, and change nothing
#   --delete             delete what this script created, with all data, and nothing else; asks first
#   --yes                delete without asking
#   --wait SECONDS       how long to wait for each part to become ready (default 900)
#
# Two optional variables for image builds: PYTHON_IMAGE, the base image; EXTRA_CA, a CA file to trust.
set -euo pipefail

# macOS comes with bash 3.2. Before 4.4, an empty array counts as an unset variable.
if [ "$((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1]))" -lt 404 ]; then
    echo "deploy.sh: bash $BASH_VERSION is too old; install 4.4 or newer (macOS: brew install bash)" >&2
    exit 1
fi

cd "$(dirname "${BASH_SOURCE[0]}")"

readonly NAMESPACE=mlops-proyecto3
readonly VERSION=0.2.0
readonly LABEL=app.kubernetes.io/managed-by=readmission-deploy OURS=app.kubernetes.io/part-of=readmission
readonly TARGETS=(airflow mlflow api ui load)
# The folders of plain YAML, in the order in which they are applied.
readonly FOLDERS=(postgres-raw postgres-clean postgres-mlflow minio mlflow airflow fastapi streamlit prometheus grafana)
readonly JOBS=(minio-buckets minio-reader airflow-migrate warehouse-migrate)
# PARTS are the kinds that can differ between overlays; --delete also deletes the REST.
readonly PARTS=deployments,statefulsets,cronjobs,services,serviceaccounts,networkpolicies,poddisruptionbudgets,\
horizontalpodautoscalers,roles,rolebindings,ingresses,resourcequotas,limitranges
readonly REST=jobs,configmaps,secrets
# A run that does not renew its Lease for EXPIRES seconds has crashed.
readonly LEASE=deploy EXPIRES=40 RENEW=10
# Kubernetes itself creates these in every namespace.
readonly OF_KUBERNETES='serviceaccount/default|configmap/kube-root-ca.crt'
OVERLAY=minikube MINIKUBE=no DRY_RUN=no PREPARE=no DELETE=no YES=no WAIT=900 REGISTRY=''
# Where the cluster gets its images from (minikube, kind, k3d or registry), and its name there.
SOURCE='' PROFILE=''
# The content of each image as built, its name in the registry, and the running servers whose image has changed since.
declare -A BUILT=() PUSHED=()
OUTDATED=()
# The overlay's manifests, the names of the applied objects, and the StatefulSets that have to be created again.
OBJECTS='' APPLIED='' IMMUTABLE=()
# Objects that only another overlay has, and servers that the applied overlay has as another kind.
LEFT=() REPLACED=()
# Who holds the Lease during this run, and the process that renews it.
HOLDER='' RENEWER=''

say() { printf '%s\n' "$*" >&2; }
step() { printf '\n== %s\n' "$*" >&2; }
fail() {
    say "deploy.sh: $*"
    exit 1
}
usage() { sed -n '2,22s/^# \{0,1\}//p' "$0"; }

# With --minikube, always use Minikube's cluster, not that of the current context.
kubectl() {
    if [ "$MINIKUBE" = yes ]; then
        command kubectl --context minikube "$@"
    else
        command kubectl "$@"
    fi
}

# Run a command that changes something; in a dry run, only print it.
run() {
    if [ "$DRY_RUN" = yes ]; then
        printf '  would run: %s\n' "$*" >&2
    else
        "$@"
    fi
}

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
        --minikube) MINIKUBE=yes ;;
        --registry)
            REGISTRY=${2:?--registry needs an address}
            shift
            ;;
        --overlay)
            OVERLAY=${2:?--overlay needs a name}
            shift
            ;;
        --wait)
            WAIT=${2:?--wait needs seconds}
            shift
            ;;
        --dry-run) DRY_RUN=yes ;;
        --prepare) PREPARE=yes ;;
        --delete) DELETE=yes ;;
        --yes) YES=yes ;;
        --help | -h)
            usage
            exit 0
            ;;
        *)
            usage >&2
            fail "unknown option $1"
            ;;
        esac
        shift
    done
    [ "$PREPARE" = no ] || [ "$OVERLAY" = minikube ] || fail "--prepare is for the plain YAML, which has no overlays"
    [ -f "k8s/overlays/$OVERLAY/kustomization.yaml" ] || fail "no overlay $OVERLAY in k8s/overlays"
}

check_tools() {
    local missing=() tools=(kubectl openssl)
    [ "$DELETE" = yes ] || tools+=(docker)
    [ "$MINIKUBE" = no ] || tools+=(minikube)
    for tool in "${tools[@]}"; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    [ ${#missing[@]} -eq 0 ] || fail "please install: ${missing[*]} (see docs/en/QUICK_REFERENCE.md)"
    OBJECTS=$(kubectl kustomize "k8s/overlays/$OVERLAY") || fail "cannot build k8s/overlays/$OVERLAY"
}

start_minikube() {
    step "Minikube"
    if minikube status --format '{{.Host}}' 2>/dev/null | grep -q Running; then
        say "already running"
    else
        run minikube start --cpus 6 --memory 14g --cni calico --container-runtime docker
    fi
}

# Also for a Minikube that somebody else started: the autoscaler needs metrics.
complete_minikube() {
    [ "$SOURCE" = minikube ] || return 0
    run minikube addons enable metrics-server --profile "$PROFILE" \
        || say "metrics-server cannot be enabled, so the API will not scale with its load."
    if [ "$DRY_RUN" = no ] && ! kubectl --namespace kube-system get daemonset calico-node --output name >/dev/null 2>&1; then
        say "This Minikube runs without Calico, so the network policies may have no effect. To create one with Calico,
run 'minikube delete', which deletes all data in it, and then './deploy.sh --minikube'."
    fi
}

# Find out how the cluster of the current context gets images.
find_source() {
    local context
    context=$(kubectl config current-context 2>/dev/null || echo none)
    PROFILE=$context
    if [ -n "$REGISTRY" ]; then
        SOURCE=registry
    elif [ "$MINIKUBE" = yes ]; then
        SOURCE=minikube PROFILE=minikube
    elif [[ $context == kind-* ]]; then
        SOURCE=kind PROFILE=${context#kind-}
    elif [[ $context == k3d-* ]]; then
        SOURCE=k3d PROFILE=${context#k3d-}
    # Minikube names a context like its profile.
    elif command -v minikube >/dev/null && minikube profile list --output json 2>/dev/null \
        | grep -q "\"Name\": *\"$context\""; then
        SOURCE=minikube
    # Only a dry run comes here without one.
    elif [ "$context" = none ]; then
        fail_without_cluster none
    else
        fail "the cluster of context $context is not Minikube, kind or k3d on this machine, so it has to pull the
images from a registry: give --registry ADDRESS, where this machine may push and the cluster may pull"
    fi
    [ "$SOURCE" = registry ] || command -v "$SOURCE" >/dev/null \
        || fail "please install $SOURCE: it loads images into the cluster of context $context"
}

# Whether this machine reaches the node only through tunnels, as with Docker Desktop: Minikube then gives kubectl a
# forwarded port of this machine.
needs_tunnels() {
    [ "$SOURCE" = minikube ] \
        && [[ $(kubectl config view --minify --output 'jsonpath={.clusters[0].cluster.server}') == *//127.0.0.1:* ]]
}

build_images() {
    local target image options=()
    # An attestation has the time of its build, so the same files would give another image each time.
    local -x DOCKER_BUILDKIT=1 BUILDX_NO_DEFAULT_ATTESTATIONS=1
    step "Images"
    [ -z "${PYTHON_IMAGE:-}" ] || options+=(--build-arg "PYTHON_IMAGE=$PYTHON_IMAGE")
    [ -z "${EXTRA_CA:-}" ] || options+=(--secret "id=ca,src=$EXTRA_CA")
    for target in "${TARGETS[@]}"; do
        image=readmission-$target:$VERSION
        run docker build --tag "$image" --target "$target" "${options[@]}" . \
            || fail "the image $image cannot be built; nothing was deployed"
        [ "$DRY_RUN" = yes ] || BUILT[$image]=$(docker image inspect --format '{{.Id}}' "$image")
    done
}

# Bring the images to the cluster, except those that it has from an earlier run.
deliver_images() {
    local image loaded
    step "Images for the cluster ($SOURCE)"
    if [ "$DRY_RUN" = yes ]; then
        say "  would bring the images to the cluster"
        return
    fi
    loaded=$(kubectl --namespace "$NAMESPACE" get configmap images --ignore-not-found --output 'jsonpath={.data}')
    for image in "${!BUILT[@]}"; do
        if [ "$SOURCE" = registry ]; then
            push "$image"
        elif [[ $loaded == *"${BUILT[$image]}"* ]]; then
            say "  $image is there"
        else
            say "  $image"
            load "$image" || fail "$image cannot be loaded into the cluster; its disk may be full. Nothing was deployed"
            find_outdated "$image"
        fi
    done
    [ "$SOURCE" = registry ] || record_images
}

load() {
    case $SOURCE in
    minikube) minikube image load --profile "$PROFILE" "$1" ;;
    kind) kind load docker-image --name "$PROFILE" "$1" ;;
    k3d) k3d image import --cluster "$PROFILE" "$1" ;;
    esac
}

# The tag contains the image's id, so a new build restarts the servers and no node uses an old copy.
push() {
    local image=$1 id=${BUILT[$1]#sha256:} there
    there=$REGISTRY/$image-${id:0:12}
    say "  $there"
    docker tag "$image" "$there"
    docker push --quiet "$there" >/dev/null || fail "$there cannot be pushed: see 'docker login'. Nothing was deployed"
    PUSHED[$image]=$there
    # Also in the pod template of Airflow's tasks, which is text in a ConfigMap.
    OBJECTS=$(sed -E "s#(image: *[\"']?)$image#\\1$there#" <<<"$OBJECTS")
}

# An image that is loaded again keeps its name, so Kubernetes does not restart its servers.
find_outdated() {
    local kind name images
    for kind in deployment statefulset; do
        while read -r name images; do
            [[ " $images " != *" $1 "* ]] || OUTDATED+=("$kind/$name")
        done < <(kubectl --namespace "$NAMESPACE" get "${kind}s" --output \
            'jsonpath={range .items[*]}{.metadata.name} {.spec.template.spec.containers[*].image}{"\n"}{end}')
    done
}

record_images() {
    local image literals=()
    for image in "${!BUILT[@]}"; do
        literals+=(--from-literal "${image%:*}=${BUILT[$image]}")
    done
    kubectl --namespace "$NAMESPACE" create configmap images --dry-run=client --output yaml "${literals[@]}" \
        | put --filename -
    mark configmap images
}

restart_outdated() {
    local name
    [ ${#OUTDATED[@]} -gt 0 ] || return 0
    step "Restarting servers whose image has changed"
    for name in "${OUTDATED[@]}"; do
        [[ " ${LEFT[*]} ${REPLACED[*]} " != *" ${name/\//.apps/} "* ]] || continue
        run kubectl --namespace "$NAMESPACE" rollout restart "${name%/*}" "${name#*/}"
    done
}

# Only one deployment at a time: a Lease in the cluster, because runs may come from several machines.
hold_lease() {
    [ "$DRY_RUN" = no ] && [ -z "$RENEWER" ] || return 0
    kubectl get namespace "$NAMESPACE" --output name >/dev/null 2>&1 || return 0
    HOLDER="${USER:-${USERNAME:-somebody}}@$(hostname)/$$"
    until print_lease | kubectl create --filename - >/dev/null 2>&1; do
        ! take_over || break
    done
    renew_lease &
    RENEWER=$!
}

# Wait until another run's Lease has expired and take it; fail if that run is alive, and return 1 if it has just ended.
# As in leader election, no clocks are compared: a run is alive if it renews its Lease.
take_over() {
    local now version seconds renewed before='' since holder waited
    for ((waited = 0; ; waited++)); do
        now=$(kubectl --namespace "$NAMESPACE" get lease "$LEASE" --ignore-not-found --output \
            'jsonpath={.metadata.resourceVersion}|{.spec.leaseDurationSeconds}|{.spec.renewTime}|{.spec.acquireTime}|{.spec.holderIdentity}') \
            || fail "cannot read the lock of other deployments, Lease $LEASE"
        if [ -z "$now" ]; then
            print_lease | kubectl create --dry-run=server --filename - >/dev/null \
                || fail "cannot create the lock of this deployment, Lease $LEASE"
            return 1
        fi
        IFS='|' read -r version seconds renewed since holder <<<"$now"
        [ -n "$before" ] || say "$holder has been deploying since $since; checking whether that run is alive (up to $seconds s)"
        [ "${before:-$renewed}" = "$renewed" ] || refuse "$holder" "$since"
        [ "$waited" -lt "$seconds" ] || break
        before=$renewed
        sleep 1
    done
    print_lease "$version" | kubectl replace --filename - >/dev/null 2>&1 || refuse "$holder" "$since"
    say "That run has crashed; this one takes its place."
}

refuse() { fail "$1 has been deploying since $2. Wait until that run has ended, then run this script again"; }

# print_lease [VERSION]: the Lease of this run; with a version, to replace that version and no other.
print_lease() {
    local now version=''
    now=$(date -u +%Y-%m-%dT%H:%M:%S.000000Z)
    [ $# -eq 0 ] || version=", resourceVersion: '$1'"
    cat <<EOF
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: $LEASE, namespace: $NAMESPACE$version}
spec: {holderIdentity: "$HOLDER", leaseDurationSeconds: $EXPIRES, acquireTime: "$now", renewTime: "$now"}
EOF
}

# Runs beside the script, and ends with it even if the script is killed.
renew_lease() {
    local now holder
    trap - EXIT INT TERM
    exec </dev/null >/dev/null 2>&1
    while sleep "$RENEW" && kill -0 $$; do
        now=$(date -u +%Y-%m-%dT%H:%M:%S.000000Z)
        kubectl --namespace "$NAMESPACE" patch lease "$LEASE" --type json --patch "[
            {\"op\": \"test\", \"path\": \"/spec/holderIdentity\", \"value\": \"$HOLDER\"},
            {\"op\": \"replace\", \"path\": \"/spec/renewTime\", \"value\": \"$now\"}]" && continue
        holder=$(kubectl --namespace "$NAMESPACE" get lease "$LEASE" --output 'jsonpath={.spec.holderIdentity}') || continue
        [ "$holder" = "$HOLDER" ] || kill -USR1 $$
    done
}

release_lease() {
    local holder
    [ -n "$RENEWER" ] || return 0
    kill "$RENEWER" 2>/dev/null || true
    holder=$(kubectl --namespace "$NAMESPACE" get lease "$LEASE" --ignore-not-found \
        --output 'jsonpath={.spec.holderIdentity}' 2>/dev/null) || true
    [ "$holder" != "$HOLDER" ] \
        || kubectl --namespace "$NAMESPACE" delete lease "$LEASE" --ignore-not-found >/dev/null 2>&1 || true
}

# Before anything is changed, the cluster checks all objects: it knows its kinds, ports, limits and volumes.
try_objects() {
    # As older versions of Kubernetes say it, and as 1.37 does.
    local refused name changed='spec: Forbidden: updates to|spec\.[A-Za-z]+: .*: field is immutable'
    # Several refusals of one object are in brackets.
    local immutable="StatefulSet.apps \"([^\"]*)\" is invalid: \[?($changed)"
    [ "$DRY_RUN" = no ] || return 0
    step "Checking the objects ($OVERLAY)"
    check_storage
    # The Jobs and the quota of another overlay are deleted before this overlay is applied.
    refused=$(kubectl apply --server-side --force-conflicts --dry-run=server --filename - \
        2>&1 >/dev/null < <(printf '%s\n' "$OBJECTS") | grep -v '^Warning: \|exceeded quota: readmission,\|Job.batch ".*" is invalid: spec.template:' || true)
    while read -r name; do
        IMMUTABLE+=("$name")
    done < <(sed -nE "s/.*$immutable.*/\\1/p" <<<"$refused")
    refused=$(grep -Ev "$immutable" <<<"$refused" || true)
    [ -n "$refused" ] || return 0
    head -n 20 <<<"$refused" >&2
    case $refused in
    *'no matches for kind "ExternalSecret"'*)
        fail "the cluster has no External Secrets Operator. Install it, or use the overlay scale-out, which needs no
vault. No object was changed"
        ;;
    *nodePort*)
        fail "the cluster refuses the ports of the pages (NodePorts 30300 to 30909). Free or allow them, or use the overlay
production, which has an ingress instead. No object was changed"
        ;;
    esac
    fail "the cluster refuses these objects; none was changed"
}

# Without a default StorageClass every database would wait for its volume.
check_storage() {
    local defaults claims
    ! grep -q 'storageClassName:' < <(printf '%s\n' "$OBJECTS") || return 0
    defaults=$(kubectl get storageclasses --output \
        'jsonpath={.items[*].metadata.annotations.storageclass\.kubernetes\.io/is-default-class}' 2>/dev/null) || return 0
    [[ $defaults != *true* ]] || return 0
    claims=$(kubectl --namespace "$NAMESPACE" get persistentvolumeclaims --output 'jsonpath={.items[*].status.phase}')
    [ -z "$claims" ] || [[ $claims == *Pending* ]] || return 0
    fail "the cluster has no default StorageClass, so no database would get a volume. Choose one of
'kubectl get storageclasses' and make it the default:
  kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class=true
Then run this script again. No object was changed"
}

check_cluster() {
    [ "$DRY_RUN" = yes ] && return
    kubectl version --request-timeout 20s >/dev/null 2>&1 \
        || fail_without_cluster "$(kubectl config current-context 2>/dev/null || echo none)"
    say "Cluster: $(kubectl config current-context)"
}

fail_without_cluster() {
    fail "cannot reach a cluster (context: $1). Start one, e.g.
  minikube start --memory=16384 --cpus=6 --driver=docker
and run this script again"
}

# Label the namespace as ours to delete, unless it existed before.
make_namespace() {
    local made=yes
    step "Namespace"
    [ "$DRY_RUN" = yes ] || ! kubectl get namespace "$NAMESPACE" --output name >/dev/null 2>&1 || made=no
    put --filename k8s/namespace.yaml
    [ "$made" = no ] || run kubectl label namespace "$NAMESPACE" "$LABEL"
}

# Apply objects and record their names.
put() {
    # Server-side, because dashboards exceed the size of the annotation that a client-side apply writes.
    if [ "$DRY_RUN" = yes ]; then
        run kubectl apply --server-side --force-conflicts "$@"
    else
        APPLIED+=$(kubectl apply --server-side --force-conflicts --output name "$@")$'\n'
    fi
}

# Never change an existing Secret: databases were created with its passwords. The new ones are created in one
# request, through standard input, so that the values appear in no process list and no file.
make_secrets() {
    local name there='' missing=()
    step "Secrets"
    [ "$DRY_RUN" = yes ] || there=$(kubectl --namespace "$NAMESPACE" get secrets --output name) \
        || fail "cannot list the Secrets of namespace $NAMESPACE"
    for name in $(k8s/secrets.sh names); do
        if [ "$DRY_RUN" = yes ]; then
            say "  would create secret $name if it does not exist"
        elif grep -qx "secret/$name" <<<"$there"; then
            say "  $name exists"
        else
            missing+=("$name")
        fi
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    for name in "${missing[@]}"; do
        print_secret "$name" stringData
        k8s/secrets.sh secret "$name" | sed 's/[\"]/\\&/g; s/\([^=]*\)=\(.*\)/  \1: "\2"/'
    done | kubectl --namespace "$NAMESPACE" create --filename - --output name >&2
}

# The servers' certificates; clients trust their authority, which is created last. In a subshell, for the trap.
make_certificates() (
    local name names folder file
    if [ "$DRY_RUN" = yes ]; then
        say "  would create the certificates of the PostgreSQL servers if they do not exist"
        return
    fi
    if kubectl --namespace "$NAMESPACE" get secret postgres-ca --output name >/dev/null 2>&1; then
        say "  postgres-ca exists"
        return
    fi
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    k8s/postgres/certificates.sh make "$folder"
    mapfile -t names < <(k8s/postgres/certificates.sh names)
    kubectl --namespace "$NAMESPACE" delete secret "${names[@]}" --ignore-not-found >/dev/null
    for name in "${names[@]}"; do
        print_secret "$name" data
        for file in "$folder/$name"/*; do
            echo "  ${file##*/}: $(openssl base64 -A -in "$file")"
        done
    done | kubectl --namespace "$NAMESPACE" create --filename - --output name >&2
)

# print_secret NAME FIELD: the beginning of a Secret, which ends where its values begin.
print_secret() {
    cat <<SECRET
---
apiVersion: v1
kind: Secret
metadata:
  name: $1
  labels: {${LABEL/=/: }}
$2:
SECRET
}

# Services respond only to known host names, and browsers use the addresses of the nodes.
name_nodes() {
    local address addresses mlflow origins ours page pages=() grafana='' port
    [ "$OVERLAY" != production ] && [ "$DRY_RUN" = no ] || return 0
    step "Allowed hosts"
    addresses=$(kubectl get nodes --output 'jsonpath={.items[*].status.addresses[*].address}') \
        || fail "cannot read the addresses of the cluster's nodes"
    port=$(sed -n 's/.*nodePort: \([0-9]*\).*/\1/p' k8s/mlflow/server.yaml)
    mlflow=$(sed -n 's/^MLFLOW_SERVER_ALLOWED_HOSTS=//p' k8s/mlflow/mlflow.env)
    origins=$(sed -n 's/^MLFLOW_SERVER_CORS_ALLOWED_ORIGINS=//p' k8s/mlflow/mlflow.env)
    ours=$(sed -n 's/^READMISSION_ALLOWED_HOSTS=//p' k8s/{airflow/airflow,fastapi/fastapi,streamlit/streamlit}.env \
        | paste -sd ,)
    for address in $addresses; do
        # Grafana has one name, which cannot be an IPv6 address.
        if [[ $address == *:* ]]; then address=[$address]; else grafana=${grafana:-$address}; fi
        mlflow+=,$address:$port
        origins+=,http://$address:$port
        ours+=,$address
    done
    allow deployment mlflow "MLFLOW_SERVER_ALLOWED_HOSTS=$mlflow" "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS=$origins"
    allow deployment airflow-webserver "READMISSION_ALLOWED_HOSTS=$ours"
    allow deployment fastapi "READMISSION_ALLOWED_HOSTS=$ours"
    allow deployment streamlit "READMISSION_ALLOWED_HOSTS=$ours"
    [ -n "$grafana" ] || return 0
    # Tunnels end on this machine.
    ! needs_tunnels || grafana=127.0.0.1
    allow statefulset grafana "GF_SERVER_DOMAIN=$grafana"
    # Alerts and dashboards link to the pages.
    while IFS= read -r page; do pages+=("${page/127.0.0.1/$grafana}"); done \
        < <(grep -v '^#' k8s/prometheus/pages.env)
    allow statefulset prometheus "${pages[@]}"
    allow deployment pipeline-exporter "${pages[@]}"
}

# allow KIND NAME VARIABLE=HOSTS...: write the variables into the ConfigMap NAME-people, which the server reads.
allow() {
    local kind=$1 name=$2 before pair fields='' wanted='' literals=()
    shift 2
    for pair in "$@"; do
        literals+=(--from-literal "$pair")
        fields+=" {.data.${pair%%=*}}" wanted+=" ${pair#*=}"
    done
    before=$(kubectl --namespace "$NAMESPACE" get configmap "$name-people" --ignore-not-found \
        --output "jsonpath=${fields# }")
    say "  $name:$wanted"
    [ "$before" != "${wanted# }" ] || return 0
    kubectl --namespace "$NAMESPACE" create configmap "$name-people" --dry-run=client --output yaml \
        "${literals[@]}" | put --filename -
    mark configmap "$name-people"
    # Servers read it only at startup.
    [ -z "$before" ] || kubectl --namespace "$NAMESPACE" rollout restart "$kind" "$name"
}

# Label objects as ours to delete.
mark() { kubectl --namespace "$NAMESPACE" label --overwrite "$@" "$LABEL" >/dev/null; }

# Delete what is in the way of the new objects. A Job cannot be changed; wait for those that are running.
make_room() {
    local job name working
    for job in "${JOBS[@]}"; do
        working=$(kubectl --namespace "$NAMESPACE" get job "$job" --ignore-not-found --output 'jsonpath={.status.ready}')
        [ "${working:-0}" -gt 0 ] || continue
        say "waiting for running job $job to finish"
        kubectl --namespace "$NAMESPACE" wait --for condition=complete "job/$job" --timeout "${WAIT}s" >/dev/null \
            || fail "job $job is still running after $WAIT s; the overlay was not applied. Run this script again later, or
delete the job first: kubectl --namespace $NAMESPACE delete job $job"
    done
    kubectl --namespace "$NAMESPACE" delete job "${JOBS[@]}" --ignore-not-found
    # The name of airflow-webserver in 0.1.0; this Service would keep its port.
    kubectl --namespace "$NAMESPACE" delete service airflow-api-server --ignore-not-found
    # Limits of another overlay may not allow this one.
    kubectl --namespace "$NAMESPACE" delete resourcequota,limitrange readmission --ignore-not-found
    for name in "${IMMUTABLE[@]}"; do
        say "creating statefulset $name again, because the size of its volume differs; its pod and its data stay"
        kubectl --namespace "$NAMESPACE" delete statefulset "$name" --cascade=orphan
    done
}

# A StatefulSet that is created again takes over the volumes of its pods as they are.
resize_volumes() {
    local name found template wanted claim size claims=()
    [ ${#IMMUTABLE[@]} -gt 0 ] || return 0
    found=$(kubectl --namespace "$NAMESPACE" get persistentvolumeclaims --output \
        'jsonpath={range .items[*]}{.metadata.name} {.spec.resources.requests.storage}{"\n"}{end}')
    mapfile -t claims <<<"$found"
    for name in "${IMMUTABLE[@]}"; do
        found=$(kubectl --namespace "$NAMESPACE" get statefulset "$name" --output \
            'jsonpath={range .spec.volumeClaimTemplates[0]}{.metadata.name} {.spec.resources.requests.storage}{end}')
        read -r template wanted <<<"$found"
        for claim in "${claims[@]}"; do
            read -r claim size <<<"$claim"
            [[ $claim =~ ^$template-$name-[0-9]+$ ]] && [ "$size" != "$wanted" ] || continue
            kubectl --namespace "$NAMESPACE" patch persistentvolumeclaim "$claim" --type merge --patch \
                "{\"spec\": {\"resources\": {\"requests\": {\"storage\": \"$wanted\"}}}}" >/dev/null 2>&1 \
                || say "$claim keeps its size of $size: its StorageClass cannot change it to $wanted"
        done
    done
}

apply() {
    step "Objects ($OVERLAY)"
    if [ "$DRY_RUN" = yes ]; then
        put --filename -
        return
    fi
    make_room
    # Labelled before they are applied, so that --delete finds what an interrupted run has created.
    OBJECTS=$(kubectl label --local --overwrite --filename - "$LABEL" --output json < <(printf '%s\n' "$OBJECTS"))
    put --filename - < <(printf '%s\n' "$OBJECTS")
    prune
    resize_volumes
}

# Delete what only another overlay had, such as the right to create pods or an opening in the network. A server whose
# kind has changed, such as the API in production, serves until its successor is ready.
prune() {
    local found thing
    found=$(kubectl --namespace "$NAMESPACE" get "$PARTS" --selector "$LABEL" --output name)
    for thing in $found; do
        if grep -qxF "$thing" <<<"$APPLIED"; then
            continue
        elif [[ $thing == @(deployment|statefulset).apps/* ]] \
            && grep -qxE "(deployment|statefulset)\.apps/${thing#*/}" <<<"$APPLIED"; then
            REPLACED+=("$thing")
        else
            LEFT+=("$thing")
        fi
    done
    delete_leftovers "${LEFT[@]}"
    mark networkpolicies default-deny allow-dns
}

delete_leftovers() {
    [ $# -gt 0 ] || return 0
    say "deleting objects that are not in $OVERLAY: $*"
    kubectl --namespace "$NAMESPACE" delete "$@" --ignore-not-found
}

wait_for() {
    local found things thing number=0 waiting
    step "Waiting until everything is ready"
    [ "$DRY_RUN" = no ] || return 0
    found=$(
        kubectl --namespace "$NAMESPACE" get statefulsets --output name \
            && kubectl --namespace "$NAMESPACE" get job "${JOBS[@]}" --ignore-not-found --output name \
            && kubectl --namespace "$NAMESPACE" get deployments --output name
    ) || fail "cannot list what to wait for"
    mapfile -t things < <(grep -vxF "$(printf '%s\n' "${REPLACED[@]}")" <<<"$found")
    for thing in "${things[@]}"; do
        number=$((number + 1))
        say "[$number/${#things[@]}] $thing"
        waiting=(rollout status)
        [ "${thing%%/*}" != job.batch ] || waiting=(wait --for condition=complete)
        if ! kubectl --namespace "$NAMESPACE" "${waiting[@]}" "$thing" --timeout "${WAIT}s" >/dev/null; then
            kubectl --namespace "$NAMESPACE" get pods >&2
            fail "$thing is not ready after $WAIT s; see docs/troubleshooting.md, or run
  kubectl --namespace $NAMESPACE describe $thing"
        fi
        # Before the migrations, which wait for the databases of this version.
        [[ $thing != statefulset.apps/*postgres* ]] || update_server "${thing#*/}"
    done
}

# A server that an older version created gets the databases, roles and limits of this one.
update_server() {
    # Git Bash would turn paths in the container into paths of Windows.
    local -x MSYS_NO_PATHCONV=1
    say "  databases, roles and their limits"
    kubectl --namespace "$NAMESPACE" exec "$1-0" -- bash /docker-entrypoint-initdb.d/databases.sh
    kubectl --namespace "$NAMESPACE" exec "$1-0" -- psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
        --username postgres --file /docker-entrypoint-initdb.d/limits.sql
}

print_urls() {
    step "Pages"
    if [ "$DRY_RUN" = yes ]; then
        say "  would print the addresses"
        return
    fi
    if [ "$OVERLAY" = production ]; then
        kubectl --namespace "$NAMESPACE" get ingress
        return
    fi
    if needs_tunnels; then
        say "This machine cannot reach the node. Open tunnels to the pages, which also prints their addresses:"
        echo "  minikube service --all --namespace $NAMESPACE --profile $PROFILE"
    else
        print_ports
    fi
    say ""
    say "Airflow's user is admin. To show its password:"
    say "  kubectl --namespace $NAMESPACE get secret airflow --output 'go-template={{.data.AIRFLOW_ADMIN_PASSWORD | base64decode}}'"
    say "MLflow's user is viewer. To show its password:"
    say "  kubectl --namespace $NAMESPACE get secret mlflow-users --output 'go-template={{.data.MLFLOW_VIEWER_PASSWORD | base64decode}}'"
}

# Print the address of each page: a node's, and the page's NodePort.
print_ports() {
    local host
    if [ "$SOURCE" = minikube ]; then
        host=$(minikube ip --profile "$PROFILE")
    else
        host=$(kubectl get nodes \
            --output 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}')
    fi
    kubectl --namespace "$NAMESPACE" get services --output \
        'jsonpath={range .items[?(@.spec.type=="NodePort")]}{.metadata.name}{range .spec.ports[?(@.nodePort)]} {.nodePort}{end}{"\n"}{end}' \
        | while read -r name ports; do
            # The last port of a service is the web page.
            printf '  %-20s http://%s:%s\n' "$name" "$host" "${ports##* }"
        done
}

# Print the commands that deploy the plain YAML after --prepare.
print_commands() {
    local image folder
    step "What to run now"
    if [ ${#PUSHED[@]} -gt 0 ]; then
        say "# The YAML names the images as they were built; the cluster pulls them from the registry:"
        for image in "${!PUSHED[@]}"; do
            printf "sed -i 's#image: %s\$#image: %s#' k8s/*/*.yaml\n" "$image" "${PUSHED[$image]}"
        done
    fi
    echo "kubectl config set-context --current --namespace=$NAMESPACE"
    for folder in "${FOLDERS[@]}"; do
        echo "kubectl apply -f k8s/$folder/"
    done
}

delete_all() {
    local answer left kinds=$PARTS,$REST
    step "Delete"
    if [ "$DRY_RUN" = yes ]; then
        run kubectl --namespace "$NAMESPACE" delete "$kinds" --selector "$LABEL"
        return
    fi
    if ! kubectl get namespace "$NAMESPACE" --output name >/dev/null 2>&1; then
        say "nothing to delete: there is no namespace $NAMESPACE"
        return
    fi
    # Only if the External Secrets Operator is installed.
    ! kubectl api-resources --output name | grep -qx externalsecrets.external-secrets.io \
        || kinds+=,externalsecrets.external-secrets.io
    if [ "$YES" = no ]; then
        say "This will delete in the namespace $NAMESPACE of $(kubectl config current-context):"
        kubectl --namespace "$NAMESPACE" get statefulsets,deployments --selector "$LABEL" --output name >&2
        kubectl --namespace "$NAMESPACE" get persistentvolumeclaims --selector "$OURS" --output name >&2
        read -r -p "All their data will be lost. Type the name of the namespace to continue: " answer
        [ "$answer" = "$NAMESPACE" ] || fail "nothing was deleted"
    fi
    kubectl --namespace "$NAMESPACE" delete "$kinds" --selector "$LABEL"
    # Pods, Jobs and claims created by controllers lack this script's label, so select them by the application's.
    kubectl --namespace "$NAMESPACE" delete pods,jobs,persistentvolumeclaims --selector "$OURS" --ignore-not-found
    # They belong to the whole cluster, whose administrator may have to do it.
    kubectl delete priorityclasses --selector "$LABEL" \
        || say "The PriorityClasses stay; an administrator of the cluster can delete them by the label $LABEL."
    left=$(kubectl --namespace "$NAMESPACE" get "$kinds,pods,persistentvolumeclaims" --output name \
        | grep -vxE "$OF_KUBERNETES" || true)
    if [ -n "$left" ]; then
        say "The namespace stays because it contains other objects:"
        say "$left"
    elif kubectl get namespaces --selector "$LABEL" --output name | grep -qx "namespace/$NAMESPACE"; then
        kubectl delete namespace "$NAMESPACE"
    else
        say "The namespace stays because it existed before the first deployment."
    fi
}

main() {
    parse "$@"
    check_tools
    trap release_lease EXIT
    trap 'exit 130' INT TERM
    trap 'fail "another run has taken the lock, because this one did not renew it for $EXPIRES s; run this script again"' USR1
    if [ "$DELETE" = yes ]; then
        check_cluster
        hold_lease
        delete_all
        return
    fi
    [ "$MINIKUBE" = no ] || start_minikube
    check_cluster
    find_source
    # If the namespace exists, before the images are built: a second run ends at once.
    hold_lease
    complete_minikube
    build_images
    make_namespace
    hold_lease
    [ "$PREPARE" = yes ] || try_objects
    deliver_images
    # In production, secrets come from the vault.
    [ "$OVERLAY" = production ] || make_secrets
    [ "$OVERLAY" = production ] || make_certificates
    name_nodes
    if [ "$PREPARE" = yes ]; then
        [ "$DRY_RUN" = yes ] || mark networkpolicies default-deny allow-dns
        restart_outdated
        print_commands
        return
    fi
    apply
    restart_outdated
    wait_for
    delete_leftovers "${REPLACED[@]}"
    print_urls
}

main "$@"
