"""The shell scripts pass shellcheck, and running them again changes nothing.

The tests run without a cluster. A fake kubectl (`stand_in.py`) stores applied objects in files; it
supports only what `deploy.sh` uses.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from mlflow.server.security_utils import is_allowed_host_header, should_block_cors_request

from readmission.serving.signature import Signer, TrustedKeys
from readmission.settings import CHECKOUT, PREFIX, Settings
from tests.k8s import stand_in
from tests.k8s.cluster import DATABASE_SERVERS, TREES, build, kubectl, name, secret_keys

NAMESPACE = "namespace/mlops-proyecto3"

DEPLOY = CHECKOUT / "deploy.sh"
SECRETS = CHECKOUT / "k8s" / "secrets.sh"
SCRIPTS = sorted(
    [DEPLOY, *(CHECKOUT / "docker").glob("*.sh"), *(CHECKOUT / "k8s").rglob("*.sh")],
    key=str,
)

MINIKUBE = """\
#!/bin/bash
echo "minikube $*" >>"$CLUSTER/calls"
case $* in
status*) echo Running ;;
'profile list'*) echo '{"valid": [{"Name": "minikube"}, {"Name": "second"}]}' ;;
'image load'*) [ ! -e "$CLUSTER/full" ] ;;
ip*) echo 192.0.2.7 ;;
esac
"""
LOADER = """\
#!/bin/bash
echo "$(basename "$0") $*" >>"$CLUSTER/calls"
"""
DOCKER = """\
#!/bin/bash
# An image is a file whose content follows the code of its target.
echo "docker $*" >>"$CLUSTER/calls"
case $* in
'image inspect'*) echo "sha256:$(cat "$CLUSTER/image-$5")" ;;
build*)
    [ ! -e "$CLUSTER/broken-$5" ] || exit 1
    cat "$CLUSTER/code-$5" >"$CLUSTER/image-$3" 2>/dev/null || echo "old$5" >"$CLUSTER/image-$3"
    # Docker 29 adds an attestation with the time of the build, unless it is told not to.
    [ "${BUILDX_NO_DEFAULT_ATTESTATIONS:-}" = 1 ] || date +-%N >>"$CLUSTER/image-$3"
    ;;
push*) [ ! -e "$CLUSTER/no-login" ] ;;
esac
"""


def make_cluster(folder: Path) -> Path:
    """Set up a folder as a fake cluster, with fake kubectl, docker, minikube, kind and k3d."""
    (folder / "bin").mkdir()
    fake = stand_in.program(kubectl())
    loaders = (("minikube", MINIKUBE), ("kind", LOADER), ("k3d", LOADER))
    for called, script in (("kubectl", fake), ("docker", DOCKER), *loaders):
        program = folder / "bin" / called
        program.write_text(script)
        program.chmod(0o755)
    return folder


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """An empty cluster."""
    return make_cluster(tmp_path)


@pytest.fixture(scope="module")
def first_time(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster after the first deployment, to be read by tests."""
    cluster = make_cluster(tmp_path_factory.mktemp("deployed"))
    done = deploy(cluster)
    assert done.returncode == 0, done.stderr
    return cluster


@pytest.fixture
def deployed(first_time: Path, tmp_path: Path) -> Path:
    """A cluster on which `deploy.sh` has run once, to be changed by a test."""
    cluster = Path(shutil.copytree(first_time, tmp_path / "cluster"))
    (cluster / "calls").unlink()
    return cluster


def deploy(cluster: Path, *options: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    """Run `deploy.sh` against the fake cluster."""
    environment = {
        **os.environ,
        "PATH": f"{cluster / 'bin'}:{os.environ['PATH']}",
        "CLUSTER": str(cluster),
    }
    return subprocess.run(
        [DEPLOY, *options],
        env=environment,
        input=answer,
        capture_output=True,
        text=True,
        check=False,
    )


def things(cluster: Path) -> set[str]:
    """Return the names of all objects in the cluster."""
    return set(json.loads((cluster / "things.json").read_text()))


def put(cluster: Path, *names: str, **labels: str) -> None:
    """Add objects that `deploy.sh` did not create."""
    path = cluster / "things.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(kept | {name: {"labels": labels} for name in names}))


def calls(cluster: Path) -> str:
    path = cluster / "calls"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_passes_shellcheck(script: Path) -> None:
    done = subprocess.run(
        [CHECKOUT / ".venv/bin/shellcheck", script], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout
    assert os.access(script, os.X_OK)


@pytest.mark.skipif(not (CHECKOUT / ".git").exists(), reason="not a clone")
def test_a_clone_by_git_for_windows_has_the_line_endings_of_linux(tmp_path: Path) -> None:
    """It converts them by default; bash, and what a container mounts, need those of Linux."""
    names = [str(path.relative_to(CHECKOUT)) for path in SCRIPTS]
    names += ["Dockerfile", "docker-compose.yml", "k8s/airflow/airflow.env"]
    windows = ("-c", "core.autocrlf=true", "-c", "core.eol=crlf")

    subprocess.run(
        ["git", *windows, "checkout-index", f"--prefix={tmp_path}/", *names],
        cwd=CHECKOUT, check=True,
    )  # fmt: skip

    assert [name for name in names if b"\r" in (tmp_path / name).read_bytes()] == []


def test_deploying_again_keeps_the_secrets(deployed: Path) -> None:
    # given
    secrets = {path.name: path.read_text() for path in deployed.glob("secret-*")}

    # when
    again = deploy(deployed)

    # then
    assert again.returncode == 0, again.stderr
    assert {path.name: path.read_text() for path in deployed.glob("secret-*")} == secrets
    assert {name.removeprefix("secret-") for name in secrets} == set(secret_keys())
    assert "http://192.0.2.7:30808" in again.stderr + again.stdout


def test_no_secret_appears_in_a_command_or_in_the_output(
    cluster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given the seal of the backups, which the script takes from its environment
    monkeypatch.setenv("BACKUP_RECIPIENT", "age1recipient")
    monkeypatch.setenv("BACKUP_SIGNING_KEY", "the-key-that-signs-dumps")

    # when
    done = deploy(cluster)

    # then
    seal = (cluster / "secret-backup-seal").read_text().splitlines()
    assert "BACKUP_SIGNING_KEY=the-key-that-signs-dumps" in seal
    shown = calls(cluster) + done.stdout + done.stderr
    for path in cluster.glob("secret-*"):
        for line in path.read_text().splitlines():
            assert line.split("=", 1)[1] not in shown


def test_a_dry_run_changes_nothing(cluster: Path) -> None:
    done = deploy(cluster, "--dry-run")

    assert done.returncode == 0, done.stderr
    reading = ("kustomize", "config current-context", "minikube profile list")
    assert all(line.startswith(reading) for line in calls(cluster).splitlines())
    assert "would run" in done.stderr


def test_deploying_again_limits_the_roles_of_every_database_server(deployed: Path) -> None:
    done = deploy(deployed)

    assert done.returncode == 0, done.stderr
    limited = re.findall(r"exec ([\w-]+)-0 -- psql .*limits\.sql", (deployed / "calls").read_text())
    assert sorted(limited) == sorted(DATABASE_SERVERS)


def test_an_older_server_gets_its_new_databases_before_the_migrations_need_them(
    deployed: Path,
) -> None:
    before = len(calls(deployed))
    done = deploy(deployed)

    assert done.returncode == 0, done.stderr
    lines = calls(deployed)[before:].splitlines()
    (made,) = (n for n, line in enumerate(lines) if "postgres-clean-0 -- bash" in line)
    assert lines[made].endswith("/docker-entrypoint-initdb.d/databases.sh")
    limited = next(n for n, line in enumerate(lines) if "postgres-clean-0 -- psql" in line)
    migrated = [
        n for n, line in enumerate(lines) if " wait " in line and "warehouse-migrate" in line
    ]
    assert made < limited < migrated[-1]


def test_delete_asks_first_and_can_be_refused(deployed: Path) -> None:
    before = things(deployed)

    refused = deploy(deployed, "--delete", answer="no\n")

    assert refused.returncode == 1
    assert "nothing was deleted" in refused.stderr
    assert "persistentvolumeclaim/data-postgres-raw-0" in refused.stderr
    assert things(deployed) == before


def test_delete_deletes_everything_once_confirmed(deployed: Path) -> None:

    done = deploy(deployed, "--delete", answer="mlops-proyecto3\n")

    assert done.returncode == 0, done.stderr
    assert things(deployed) == set()
    assert not list(deployed.glob("secret-*"))
    assert deploy(deployed, "--delete").returncode == 0


def test_delete_keeps_the_objects_of_others_and_so_the_namespace(deployed: Path) -> None:
    # given objects of others in the namespace that the script created
    theirs = {"deployment.apps/theirs", "secret/theirs", "serviceaccount/default"}
    put(deployed, *theirs)

    # when
    done = deploy(deployed, "--delete", "--yes")

    # then
    assert done.returncode == 0, done.stderr
    assert things(deployed) == {NAMESPACE, *theirs}
    assert "deployment.apps/theirs" in done.stderr
    assert "serviceaccount/default" not in done.stderr


def test_delete_keeps_a_namespace_that_existed_before(cluster: Path) -> None:
    put(cluster, NAMESPACE)
    deploy(cluster)

    done = deploy(cluster, "--delete", "--yes")

    assert done.returncode == 0, done.stderr
    assert things(cluster) == {NAMESPACE}
    assert "existed before" in done.stderr


def test_changing_the_overlay_deletes_its_leftovers_and_nothing_of_others(cluster: Path) -> None:
    # given
    deploy(cluster, "--overlay", "scale-out")
    only_there = {"role.rbac.authorization.k8s.io/airflow-scheduler", "cronjob.batch/backup"}
    assert only_there <= things(cluster)
    put(cluster, "cronjob.batch/theirs")

    # when
    back = deploy(cluster)

    # then only objects of the other overlay are deleted, not data or secrets
    assert back.returncode == 0, back.stderr
    assert not only_there & things(cluster)
    assert "deleting objects that are not in minikube: " in back.stderr
    kept = {"cronjob.batch/theirs", "persistentvolumeclaim/data-postgres-raw-0"}
    assert kept <= things(cluster)
    assert "networkpolicy.networking.k8s.io/default-deny" in things(cluster)


def test_a_server_of_another_kind_serves_until_its_successor_is_ready(deployed: Path) -> None:
    # given the API as the overlay production has it, and a new image
    old = "statefulset.apps/fastapi"
    put(deployed, old, **{"app.kubernetes.io/managed-by": "readmission-deploy"})
    (deployed / "code-api").write_text("new")

    done = deploy(deployed)

    assert done.returncode == 0, done.stderr
    made = calls(deployed)
    assert made.index("rollout status deployment.apps/fastapi") < made.index(f"delete {old}")
    assert old not in things(deployed)
    # nobody waits for the old one or restarts it
    assert f"rollout status {old}" not in made
    assert "rollout restart statefulset fastapi" not in made


def test_deploying_again_deletes_nothing(deployed: Path) -> None:
    before = things(deployed)

    again = deploy(deployed)

    assert things(deployed) == before
    assert "deleting objects" not in again.stderr


def test_a_running_migration_may_finish(deployed: Path) -> None:
    (deployed / "job-works").touch()

    deploy(deployed)

    second = calls(deployed).rpartition("kustomize")[2]
    waited = second.index("wait --for condition=complete job/airflow-migrate")
    assert waited < second.rindex(
        "delete job minio-buckets minio-reader airflow-migrate warehouse-migrate"
    )
    assert "condition=complete job/minio-buckets --timeout" not in second


def test_the_service_of_an_older_version_gives_its_port_to_the_new_one(deployed: Path) -> None:
    old = "service/airflow-api-server"
    put(deployed, old)

    done = deploy(deployed)

    assert done.returncode == 0, done.stderr
    assert old not in things(deployed)
    made = calls(deployed)
    assert made.index("delete service airflow-api-server") < made.rindex("apply --server-side")


def test_the_first_deployment_waits_for_the_api_too(first_time: Path) -> None:
    """It is ready as soon as the registry says that no model was promoted yet."""
    assert "rollout status deployment.apps/fastapi" in calls(first_time)


def test_the_autoscaler_gets_metrics_on_a_minikube_that_somebody_else_started(
    first_time: Path,
) -> None:
    assert "minikube addons enable metrics-server --profile minikube" in calls(first_time)


def test_mlflow_accepts_the_addresses_of_the_nodes_as_hosts(first_time: Path) -> None:
    hosts = people_hosts(first_time)

    for host in ("mlflow:5000", "127.0.0.1:5000", "192.0.2.7:30500", "[fe80::7]:30500"):
        assert is_allowed_host_header(hosts, host), host
    for host in ("evil.example", "10.evil.example", "192.168.evil.example:30500"):
        assert not is_allowed_host_header(hosts, host), host
    assert "rollout restart deployment mlflow" not in calls(first_time)


@pytest.mark.parametrize("server", ["airflow-webserver", "fastapi", "streamlit"])
def test_our_servers_accept_the_addresses_of_the_nodes_as_hosts(
    first_time: Path, server: str
) -> None:
    kept = json.loads((first_time / "things.json").read_text())
    hosts = kept[f"configmap/{server}-people"]["data"]["READMISSION_ALLOWED_HOSTS"].split(",")
    assert {server, "192.0.2.7", "[fe80::7]"} <= set(hosts)
    assert Settings(allowed_hosts=hosts).allowed_hosts == tuple(hosts)
    assert f"rollout restart deployment {server}" not in calls(first_time)


def test_grafana_redirects_to_the_address_of_a_node(first_time: Path) -> None:
    kept = json.loads((first_time / "things.json").read_text())
    assert kept["configmap/grafana-people"]["data"] == {"GF_SERVER_DOMAIN": "192.0.2.7"}


def test_a_minikube_behind_tunnels_has_its_pages_on_this_machine(deployed: Path) -> None:
    # given Docker Desktop, where Minikube's node has an address that only containers reach
    (deployed / "server").write_text("https://127.0.0.1:52387")

    done = deploy(deployed)

    assert done.returncode == 0, done.stderr
    tunnels = "minikube service --all --namespace mlops-proyecto3 --profile minikube"
    assert done.stdout.splitlines()[-1].strip() == tunnels
    assert "http://192.0.2.7" not in done.stdout
    kept = json.loads((deployed / "things.json").read_text())
    assert kept["configmap/grafana-people"]["data"] == {"GF_SERVER_DOMAIN": "127.0.0.1"}


def test_alerts_and_dashboards_link_to_the_address_of_a_node(first_time: Path) -> None:
    kept = json.loads((first_time / "things.json").read_text())
    pages = kept["configmap/pipeline-exporter-people"]["data"]
    ports = {url.removeprefix("http://192.0.2.7:") for url in pages.values()}
    assert ports == {"30808", "30500", "30851", "30909"}
    assert kept["configmap/prometheus-people"]["data"] == pages


def people_hosts(cluster: Path) -> list[str]:
    """Return the hosts that MLflow is configured to accept."""
    kept = json.loads((cluster / "things.json").read_text())
    hosts: str = kept["configmap/mlflow-people"]["data"]["MLFLOW_SERVER_ALLOWED_HOSTS"]
    return hosts.split(",")


def test_mlflow_accepts_changes_from_its_own_pages_only(first_time: Path) -> None:
    kept = json.loads((first_time / "things.json").read_text())
    origins = kept["configmap/mlflow-people"]["data"]["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"]
    own = ("http://127.0.0.1:5000", "http://192.0.2.7:30500", "http://[fe80::7]:30500")
    for origin in own:
        assert not should_block_cors_request(origin, "POST", origins.split(",")), origin
    for origin in ("http://evil.example", "http://192.0.2.7", "https://192.0.2.7:30500"):
        assert should_block_cors_request(origin, "POST", origins.split(",")), origin


def test_mlflow_restarts_when_the_nodes_change(deployed: Path) -> None:
    # given
    path = deployed / "things.json"
    path.write_text(path.read_text().replace("192.0.2.7:30500", "192.0.2.6:30500"))

    # when
    deploy(deployed)

    # then
    assert "192.0.2.7:30500" in people_hosts(deployed)
    assert calls(deployed).count("rollout restart deployment mlflow") == 1


@pytest.mark.parametrize("tree", TREES)
def test_no_tree_accepts_a_host_by_a_prefix_of_its_name(tree: str) -> None:
    cluster = build(tree)
    (config,) = (c for c in cluster.of("ConfigMap") if name(c).startswith("mlflow-"))
    hosts = config["data"]["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")
    (pod,) = (w.pod for w in cluster.workloads() if w.name == "mlflow")
    last = pod["containers"][0]["envFrom"][-1]["configMapRef"]

    assert is_allowed_host_header(hosts, "mlflow:5000")
    assert is_allowed_host_header(hosts, "127.0.0.1:5000")
    assert not is_allowed_host_header(hosts, "10.evil.example")
    assert last == {"name": "mlflow-people", "optional": True}


def test_a_job_that_does_not_complete_is_an_error(cluster: Path) -> None:
    # given
    (cluster / "job-fails").touch()

    # when
    done = deploy(cluster)

    # then the script waits for servers first, and names the job that did not complete
    assert done.returncode == 1
    assert "job.batch/minio-reader is not ready" in done.stderr
    assert calls(cluster).index("rollout status statefulset") < calls(cluster).index("wait --for")


LOADS = {
    "minikube": "minikube image load --profile minikube {}",
    "second": "minikube image load --profile second {}",
    "kind-ward": "kind load docker-image --name ward {}",
    "k3d-ward": "k3d image import --cluster ward {}",
}
IMAGES = [f"readmission-{target}:0.2.0" for target in ("airflow", "mlflow", "api", "ui", "load")]


@pytest.mark.parametrize("context", LOADS)
def test_images_are_built_and_loaded_into_a_cluster_on_this_machine(
    cluster: Path, context: str
) -> None:
    (cluster / "context").write_text(context)

    done = deploy(cluster)

    assert done.returncode == 0, done.stderr
    made = calls(cluster).splitlines()
    for image in IMAGES:
        (built,) = (i for i, line in enumerate(made) if f"docker build --tag {image}" in line)
        assert built < made.index(LOADS[context].format(image))


def test_servers_of_a_rebuilt_image_restart_and_other_images_are_not_loaded_again(
    deployed: Path,
) -> None:
    # given a deployment after which nothing has changed
    assert deploy(deployed).returncode == 0
    assert "rollout restart" not in calls(deployed)
    assert "image load" not in calls(deployed)

    # when the code of one image changes
    (deployed / "code-api").write_text("new")
    again = deploy(deployed)

    # then only that image is loaded, and only its server restarts
    assert again.returncode == 0, again.stderr
    assert calls(deployed).count("image load") == 1
    assert calls(deployed).count("rollout restart") == 1
    assert "rollout restart deployment fastapi" in calls(deployed)


def test_servers_whose_images_were_built_by_an_older_version_restart(deployed: Path) -> None:
    things = json.loads((deployed / "things.json").read_text())
    del things["configmap/images"]
    (deployed / "things.json").write_text(json.dumps(things))

    assert deploy(deployed).returncode == 0

    assert "rollout restart deployment mlflow" in calls(deployed)


def test_a_dry_run_without_a_cluster_says_how_to_start_one(cluster: Path) -> None:
    (cluster / "context").write_text("none")

    done = deploy(cluster, "--dry-run")

    assert done.returncode == 1
    assert "minikube start --memory=16384 --cpus=6 --driver=docker" in done.stderr
    assert "--registry" not in done.stderr


def test_another_cluster_needs_a_registry(cluster: Path) -> None:
    (cluster / "context").write_text("hospital")

    done = deploy(cluster)

    assert done.returncode == 1
    assert "give --registry ADDRESS" in done.stderr
    assert "docker build" not in calls(cluster)
    assert not (cluster / "things.json").exists() or things(cluster) == set()


@pytest.mark.parametrize("overlay", ["scale-out", "production"])
def test_another_cluster_pulls_the_images_from_the_registry(cluster: Path, overlay: str) -> None:
    (cluster / "context").write_text("hospital")
    registry = "registry.example:5000/readmission"

    done = deploy(cluster, "--registry", registry, "--overlay", overlay)

    assert done.returncode == 0, done.stderr
    pushed = re.findall(r"docker push --quiet (\S+)", calls(cluster))
    there = [there.rpartition("-")[0] for there in pushed]
    assert sorted(there) == sorted(f"{registry}/{image}" for image in IMAGES)
    # then every server and every task pod uses them
    applied = (cluster / "applied.yaml").read_text()
    used = set(re.findall(r'image"?: *"?([^\s"\\]*readmission-[^\s"\\]+)', applied))
    assert used <= set(pushed)
    assert {image.rpartition("/")[2].split(":")[0] for image in used} >= {
        "readmission-airflow", "readmission-api", "readmission-mlflow", "readmission-ui",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ("broken-mlflow", "the image readmission-mlflow:0.2.0 cannot be built"),
        ("full", "its disk may be full"),
    ],
)
def test_a_missing_image_stops_the_deployment_and_a_second_run_repairs_it(
    cluster: Path, trouble: str, says: str
) -> None:
    (cluster / trouble).touch()

    failed = deploy(cluster)

    assert failed.returncode == 1
    assert says in failed.stderr
    assert "deployment.apps/mlflow" not in (
        things(cluster) if (cluster / "things.json").exists() else set()
    )
    (cluster / trouble).unlink()
    assert deploy(cluster).returncode == 0


def test_a_registry_that_refuses_the_image_is_an_error(cluster: Path) -> None:
    (cluster / "no-login").touch()

    done = deploy(cluster, "--registry", "registry.example")

    assert done.returncode == 1
    assert "see 'docker login'" in done.stderr


def test_without_a_cluster_the_message_says_how_to_start_one(cluster: Path) -> None:
    (cluster / "unreachable").touch()

    done = deploy(cluster)

    assert done.returncode == 1
    assert "minikube start --memory=16384 --cpus=6 --driver=docker" in done.stderr
    assert "docker build" not in calls(cluster)


def test_with_minikube_no_other_cluster_is_used(cluster: Path) -> None:
    (cluster / "context").write_text("hospital")

    done = deploy(cluster, "--minikube")

    assert done.returncode == 0, done.stderr
    programs = ("minikube ", "docker ", "--context minikube ")
    assert all(line.startswith(programs) for line in calls(cluster).splitlines())


def test_a_cluster_that_cannot_list_its_objects_is_an_error(cluster: Path) -> None:
    (cluster / "silent").touch()

    done = deploy(cluster)

    assert done.returncode == 1
    assert "cannot list what to wait for" in done.stderr


def test_the_production_overlay_creates_no_secrets(cluster: Path) -> None:
    done = deploy(cluster, "--overlay", "production")

    assert done.returncode == 0, done.stderr
    assert not list(cluster.glob("secret-*"))


@pytest.mark.parametrize("options", [["--nonsense"], ["--overlay", "nowhere"]])
def test_an_unknown_option_is_refused(cluster: Path, options: list[str]) -> None:
    assert deploy(cluster, *options).returncode == 1
    assert calls(cluster) == ""


def read(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def test_an_env_file_is_private_and_complete_and_keeps_its_values(tmp_path: Path) -> None:
    # given a file with one setting of the user and one secret
    path = tmp_path / "env"
    path.write_text("PYTHON_IMAGE=mine\nRAW_DB_PASSWORD=kept\n")

    # when
    subprocess.run([SECRETS, "env", path], check=True)
    first = read(path)
    subprocess.run([SECRETS, "env", path], check=True)

    # then
    assert read(path) == first
    assert first["PYTHON_IMAGE"] == "mine"
    assert first["RAW_DB_PASSWORD"] == "kept"  # noqa: S105
    keys = {key for keys in secret_keys().values() for key in keys if key.isupper() or "_" in key}
    assert set(first) == {"PYTHON_IMAGE"} | keys
    assert path.stat().st_mode & 0o077 == 0
    assert len(base64.urlsafe_b64decode(first["AIRFLOW_FERNET_KEY"])) == 32
    given = ("RAW_DB_PASSWORD", "BACKUP_RECIPIENT", "BACKUP_SIGNING_KEY")
    generated = [value for key, value in first.items() if key not in given]
    assert all(generated)
    assert len(set(generated)) == len(generated)


def test_the_api_gets_hashes_of_its_clients_keys(tmp_path: Path) -> None:
    path = tmp_path / "env"
    subprocess.run([SECRETS, "env", path], check=True)
    made = read(path)

    roles = dict(entry.split(":") for entry in made["READMISSION_API_KEYS"].split(","))
    assert roles == {
        role: hashlib.sha256(made[f"API_KEY_{role.upper()}"].encode()).hexdigest()
        for role in ("predict", "admin")
    }


def test_keys_that_somebody_added_for_the_api_stay_until_one_of_ours_is_replaced(
    tmp_path: Path,
) -> None:
    # given a file with the key of another program beside ours
    path = tmp_path / "env"
    subprocess.run([SECRETS, "env", path], check=True)
    ours = read(path)["READMISSION_API_KEYS"]
    added = f"{ours},predict:{hashlib.sha256(b'of a program').hexdigest()}"
    path.write_text(path.read_text().replace(ours, added))

    # when the file is completed, as with each upgrade
    subprocess.run([SECRETS, "env", path], check=True)

    # then the program is still known
    assert read(path)["READMISSION_API_KEYS"] == added

    # when one of our keys is removed, so that another one is generated
    kept = [line for line in path.read_text().splitlines() if not line.startswith("API_KEY_ADMIN=")]
    path.write_text("\n".join(kept) + "\n")
    subprocess.run([SECRETS, "env", path], check=True)

    # then nobody but the holders of ours gets in
    entries = read(path)["READMISSION_API_KEYS"].split(",")
    assert len(entries) == 2
    assert not set(entries) & {entry for entry in ours.split(",") if entry.startswith("admin")}


def test_the_api_accepts_the_generated_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "env"
    subprocess.run([SECRETS, "env", path], check=True)
    made = read(path)

    monkeypatch.setenv(f"{PREFIX}API_KEYS", made["READMISSION_API_KEYS"])
    monkeypatch.setenv(f"{PREFIX}PREDICTION_LOG_KEY", made["PREDICTION_LOG_KEY"])
    monkeypatch.setenv(f"{PREFIX}TRUSTED_SIGNING_KEYS", made["TRUSTED_SIGNING_KEYS"])
    settings = Settings()

    assert len(settings.api_keys) == 2
    assert settings.prediction_log_key is not None


def test_models_signed_with_the_generated_key_are_trusted_and_stay_so_after_a_rotation(
    tmp_path: Path,
) -> None:
    # given a generated key
    path = tmp_path / "env"
    subprocess.run([SECRETS, "env", path], check=True)
    old = Signer(read(path)["SIGNING_KEY"])
    assert read(path)["TRUSTED_SIGNING_KEYS"] == old.public_key

    # when it is removed, so that another one is generated
    kept = [line for line in path.read_text().splitlines() if not line.startswith("SIGNING_KEY=")]
    path.write_text("\n".join(kept) + "\n")
    subprocess.run([SECRETS, "env", path], check=True)

    # then both keys are trusted
    new = Signer(read(path)["SIGNING_KEY"])
    assert new.key_id != old.key_id
    trusted = TrustedKeys.parse(read(path)["TRUSTED_SIGNING_KEYS"].split(","))
    assert list(trusted.by_id) == [new.key_id, old.key_id]


def test_creating_the_stores_users_again_works_in_minios_minimal_image(tmp_path: Path) -> None:
    # given MinIO's image, which has bash and coreutils, and a store that has the users already
    client = tmp_path / "mc"
    client.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        '"admin policy attach"*) exit 1 ;;\n'
        '"admin user info store DOCS") echo "PolicyName: docs-reader" ;;\n'
        '"admin user info store MONITORING") echo "PolicyName: $OTHER" ;;\n'
        '"admin user info store BACKUP") echo "PolicyName: backup-upload" ;;\n'
        '"admin user info store RESTORE") echo "PolicyName: backup-restore" ;;\n'
        "esac\n"
    )
    client.chmod(0o755)
    for program in ("sh", "cat", "sleep"):
        (tmp_path / program).symlink_to(shutil.which(program) or program)
    users = ("DOCS", "MONITORING", "BACKUP", "RESTORE")
    keys = {f"{user}_{kind}_KEY": user for user in users for kind in ("ACCESS", "SECRET")}

    # when
    codes = {
        policy: subprocess.run(
            [CHECKOUT / "k8s" / "minio" / "reader.sh"],
            env={"PATH": str(tmp_path), "HOME": str(tmp_path), "OTHER": policy, **keys},
            check=False,
        ).returncode
        for policy in ("monitoring", "none")
    }

    # then an attached policy counts as success, and a missing one is an error
    assert codes["monitoring"] == 0
    assert codes["none"] != 0


def test_the_stores_users_have_few_rights(tmp_path: Path) -> None:
    # given a client of the store that records its calls and policies
    client = tmp_path / "mc"
    client.write_text(
        '#!/bin/sh\necho "$*" >>"$HOME/calls"\n'
        'case "$*" in "admin policy create"*) cp "$6" "$HOME/$5.policy" ;; esac\n'
    )
    client.chmod(0o755)
    users = {
        "DOCS": "docs-reader",
        "MONITORING": "monitoring",
        "BACKUP": "backup-upload",
        "RESTORE": "backup-restore",
    }
    keys = {
        f"{user}_{kind}_KEY": f"{user} {kind}" for user in users for kind in ("ACCESS", "SECRET")
    }

    # when
    subprocess.run(
        [CHECKOUT / "k8s" / "minio" / "reader.sh"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path), **keys},
        check=True,
    )

    # then
    called = (tmp_path / "calls").read_text()
    allowed: dict[str, list[object]] = {}
    denied: dict[str, list[object]] = {}
    for user, policy in users.items():
        assert f"admin user add store {user} ACCESS {user} SECRET" in called
        assert f"admin policy attach store {policy} --user {user} ACCESS" in called
        policies = json.loads((tmp_path / f"{policy}.policy").read_text())["Statement"]
        for statement in policies:
            rights = allowed if statement["Effect"] == "Allow" else denied
            rights.setdefault(policy, []).append((set(statement["Action"]), statement["Resource"]))
    read = {"s3:ListBucket", "s3:GetObject"}
    assert allowed == {
        "docs-reader": [({"s3:GetObject"}, ["arn:aws:s3:::data-docs/*"])],
        "monitoring": [({"s3:ListAllMyBuckets", "s3:ListBucket"}, ["arn:aws:s3:::*"])],
        "backup-upload": [
            ({"s3:PutObject"}, ["arn:aws:s3:::backups/*"]),
            (read, ["arn:aws:s3:::mlflow", "arn:aws:s3:::mlflow/*"]),
        ],
        "backup-restore": [
            (
                read | {"s3:ListBucketVersions", "s3:GetObjectVersion"},
                ["arn:aws:s3:::backups", "arn:aws:s3:::backups/*"],
            )
        ],
    }
    # MinIO lets everybody who may put an object delete it, unless that is denied.
    delete = {"s3:DeleteObject", "s3:DeleteObjectVersion"}
    assert denied == {"backup-upload": [(delete, ["arn:aws:s3:::backups/*"])]}
