"""The shell scripts: clean, and doing again what was done changes nothing.

No cluster can run beside the tests. What stands in for it keeps the namespace and the Secrets
it is given in files, and knows no more than `deploy.sh` asks.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from readmission.settings import CHECKOUT, PREFIX, Settings
from tests.k8s.cluster import kubectl, secret_keys

DEPLOY = CHECKOUT / "deploy.sh"
SECRETS = CHECKOUT / "k8s" / "secrets.sh"
SCRIPTS = sorted(
    [DEPLOY, *(CHECKOUT / "docker").glob("*.sh"), *(CHECKOUT / "k8s").rglob("*.sh")],
    key=str,
)

STAND_IN = """\
#!/bin/bash
# Keeps what it is given in $CLUSTER; builds by the real kubectl.
echo "$*" >>"$CLUSTER/calls"
[ "$1" != --context ] || shift 2
case $* in
kustomize*) exec REAL "$@" ;;
version*) ;;
'config current-context') echo stand-in ;;
'get namespace '*) [ -e "$CLUSTER/namespace" ] ;;
'get namespaces --selector'*) [ ! -e "$CLUSTER/labelled" ] || echo namespace/mlops-proyecto3 ;;
'apply --server-side --filename'*) touch "$CLUSTER/namespace" ;;
'label namespace'*) touch "$CLUSTER/labelled" ;;
*'get statefulsets '*) echo statefulset.apps/minio ;;
*'get job '*) printf 'job.batch/%s\\n' minio-reader airflow-migrate ;;
*'get deployments --output name')
    [ ! -e "$CLUSTER/silent" ] && printf 'deployment.apps/%s\\n' fastapi mlflow ;;
*'get deployments --output jsonpath'*)
    printf '%s readmission-%s:0.1.0\\n' fastapi api mlflow mlflow ;;
*'wait --for condition=complete job.batch/minio-reader'*) [ ! -e "$CLUSTER/job-fails" ] ;;
*'get secret'*) [ -e "$CLUSTER/secret-$5" ] || [ -e "$CLUSTER/secret-$4" ] ;;
*'create secret generic'*) cat >"$CLUSTER/secret-$6" ;;
*'delete namespace'*) rm -f "$CLUSTER"/namespace "$CLUSTER"/labelled "$CLUSTER"/secret-* ;;
*'get nodes'*) printf 192.0.2.7 ;;
*'get services'*) printf 'airflow-api-server 30808\\nminio 30901\\n' ;;
esac
"""


MINIKUBE = """\
#!/bin/bash
echo "minikube $*" >>"$CLUSTER/calls"
case $* in
status*) echo Running ;;
docker-env) [ ! -e "$CLUSTER/no-engine" ] && echo export DOCKER_HOST=tcp://192.0.2.7:2376 ;;
ip) echo 192.0.2.7 ;;
esac
"""
DOCKER = """\
#!/bin/bash
# An image is a file; another one if the code of its target is.
echo "docker $* on ${DOCKER_HOST:-this machine}" >>"$CLUSTER/calls"
case $* in
'image inspect'*) cat "$CLUSTER/image-$5" ;;
build*) cat "$CLUSTER/code-$5" >"$CLUSTER/image-$3" 2>/dev/null || echo old >"$CLUSTER/image-$3" ;;
esac
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """A folder that stands for a cluster."""
    (tmp_path / "bin").mkdir()
    stand_in = STAND_IN.replace("REAL", kubectl())
    for name, script in (("kubectl", stand_in), ("minikube", MINIKUBE), ("docker", DOCKER)):
        program = tmp_path / "bin" / name
        program.write_text(script)
        program.chmod(0o755)
    return tmp_path


def deploy(cluster: Path, *options: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    """Run `deploy.sh` against the stand-in."""
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


def calls(cluster: Path) -> str:
    path = cluster / "calls"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    done = subprocess.run(
        [CHECKOUT / ".venv/bin/shellcheck", script], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout
    assert os.access(script, os.X_OK)


def test_deploying_again_keeps_the_secrets(cluster: Path) -> None:
    # given
    first = deploy(cluster)
    assert first.returncode == 0, first.stderr
    secrets = {path.name: path.read_text() for path in cluster.glob("secret-*")}

    # when
    again = deploy(cluster)

    # then
    assert again.returncode == 0, again.stderr
    assert {path.name: path.read_text() for path in cluster.glob("secret-*")} == secrets
    assert {name.removeprefix("secret-") for name in secrets} == set(secret_keys())
    assert "http://192.0.2.7:30808" in again.stderr + again.stdout


def test_no_secret_shows_in_a_command_or_on_the_screen(cluster: Path) -> None:
    done = deploy(cluster)

    shown = calls(cluster) + done.stdout + done.stderr
    for path in cluster.glob("secret-*"):
        for line in path.read_text().splitlines():
            assert line.split("=", 1)[1] not in shown


def test_a_dry_run_changes_nothing(cluster: Path) -> None:
    done = deploy(cluster, "--dry-run")

    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in calls(cluster).splitlines()] == ["kustomize"]
    assert "would run" in done.stderr


def test_delete_asks_first_and_takes_no_for_an_answer(cluster: Path) -> None:
    deploy(cluster)

    refused = deploy(cluster, "--delete", answer="no\n")

    assert refused.returncode == 1
    assert "nothing was deleted" in refused.stderr
    assert (cluster / "namespace").exists()


def test_delete_deletes_when_told_so(cluster: Path) -> None:
    deploy(cluster)

    done = deploy(cluster, "--delete", answer="mlops-proyecto3\n")

    assert done.returncode == 0, done.stderr
    assert not (cluster / "namespace").exists()
    assert deploy(cluster, "--delete").returncode == 0


def test_a_namespace_that_was_there_before_is_not_deleted(cluster: Path) -> None:
    (cluster / "namespace").touch()
    deploy(cluster)

    done = deploy(cluster, "--delete", "--yes")

    assert done.returncode == 1
    assert "was not made by this script" in done.stderr


def test_a_job_that_does_not_complete_is_no_success(cluster: Path) -> None:
    # given
    (cluster / "job-fails").touch()

    # when
    done = deploy(cluster)

    # then servers are waited for first, and what stands still is named
    assert done.returncode == 1
    assert "job.batch/minio-reader is not ready" in done.stderr
    assert calls(cluster).index("rollout status statefulset") < calls(cluster).index("wait --for")


def test_what_runs_on_an_image_that_was_built_again_is_started_again(cluster: Path) -> None:
    # given a first time, when nothing can be older than its image
    assert deploy(cluster, "--minikube").returncode == 0
    assert "rollout restart" not in calls(cluster)

    # when the code of one image changes
    (cluster / "code-api").write_text("new")
    again = deploy(cluster, "--minikube")

    # then its server is started again, and no other
    assert again.returncode == 0, again.stderr
    assert "rollout restart deployment fastapi" in calls(cluster)
    assert "rollout restart deployment mlflow" not in calls(cluster)


def test_minikube_is_the_one_cluster_that_is_touched(cluster: Path) -> None:
    done = deploy(cluster, "--minikube")

    assert done.returncode == 0, done.stderr
    asked = [line for line in calls(cluster).splitlines() if not line.startswith("minikube")]
    built = [line for line in asked if line.startswith("docker ")]
    assert all(line.endswith("on tcp://192.0.2.7:2376") for line in built)
    assert all(line.startswith("--context minikube ") for line in asked if line not in built)


def test_an_engine_that_does_not_answer_ends_it(cluster: Path) -> None:
    (cluster / "no-engine").touch()

    done = deploy(cluster, "--minikube")

    assert done.returncode == 1
    assert "engine does not answer" in done.stderr
    assert "docker build" not in calls(cluster)


def test_a_cluster_that_does_not_say_what_it_has_is_no_success(cluster: Path) -> None:
    (cluster / "silent").touch()

    done = deploy(cluster)

    assert done.returncode == 1
    assert "what there is to wait for" in done.stderr


def test_the_overlay_of_production_makes_no_secrets(cluster: Path) -> None:
    done = deploy(cluster, "--overlay", "production")

    assert done.returncode == 0, done.stderr
    assert not list(cluster.glob("secret-*"))


@pytest.mark.parametrize("options", [["--nonsense"], ["--overlay", "nowhere"]])
def test_an_unknown_option_is_refused(cluster: Path, options: list[str]) -> None:
    assert deploy(cluster, *options).returncode == 1
    assert calls(cluster) == ""


def read(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def test_an_env_file_is_private_complete_and_kept(tmp_path: Path) -> None:
    # given a file with a choice of one's own and one secret
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
    assert set(first) == {"PYTHON_IMAGE"} | {key for keys in secret_keys().values() for key in keys}
    assert path.stat().st_mode & 0o077 == 0
    assert len(base64.urlsafe_b64decode(first["AIRFLOW_FERNET_KEY"])) == 32
    generated = [value for key, value in first.items() if key != "RAW_DB_PASSWORD"]
    assert len(set(generated)) == len(generated)


def test_the_api_is_given_hashes_of_the_keys_that_its_callers_have(tmp_path: Path) -> None:
    path = tmp_path / "env"
    subprocess.run([SECRETS, "env", path], check=True)
    made = read(path)

    roles = dict(entry.split(":") for entry in made["READMISSION_API_KEYS"].split(","))
    assert roles == {
        role: hashlib.sha256(made[f"API_KEY_{role.upper()}"].encode()).hexdigest()
        for role in ("predict", "admin")
    }


def test_the_api_takes_the_secrets_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "env"
    subprocess.run([SECRETS, "env", path], check=True)
    made = read(path)

    monkeypatch.setenv(f"{PREFIX}API_KEYS", made["READMISSION_API_KEYS"])
    monkeypatch.setenv(f"{PREFIX}PREDICTION_LOG_KEY", made["PREDICTION_LOG_KEY"])
    settings = Settings()

    assert len(settings.api_keys) == 2
    assert settings.prediction_log_key is not None


def test_the_stores_users_are_made_again_in_an_image_with_little_in_it(tmp_path: Path) -> None:
    # given MinIO's image, which has bash and coreutils, and a store that has the users already
    client = tmp_path / "mc"
    client.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        '"admin policy attach"*) exit 1 ;;\n'
        '"admin user info store DOCS") echo "PolicyName: docs-reader" ;;\n'
        '"admin user info store MONITORING") echo "PolicyName: $OTHER" ;;\n'
        "esac\n"
    )
    client.chmod(0o755)
    for program in ("sh", "cat", "sleep"):
        (tmp_path / program).symlink_to(shutil.which(program) or program)
    users = ("DOCS", "MONITORING")
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

    # then what is there is as good as made, and what is not there is missed
    assert codes["monitoring"] == 0
    assert codes["none"] != 0


def test_the_stores_users_may_look_and_nothing_else(tmp_path: Path) -> None:
    # given a client of the store that keeps what it is told
    client = tmp_path / "mc"
    client.write_text(
        '#!/bin/sh\necho "$*" >>"$HOME/calls"\n'
        'case "$*" in "admin policy create"*) cp "$6" "$HOME/$5.policy" ;; esac\n'
    )
    client.chmod(0o755)
    users = {"DOCS": "docs-reader", "MONITORING": "monitoring"}
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
    allowed = {}
    for user, policy in users.items():
        assert f"admin user add store {user} ACCESS {user} SECRET" in called
        assert f"admin policy attach store {policy} --user {user} ACCESS" in called
        (statement,) = json.loads((tmp_path / f"{policy}.policy").read_text())["Statement"]
        assert statement["Effect"] == "Allow"
        allowed[policy] = (set(statement["Action"]), statement["Resource"])
    assert allowed == {
        "docs-reader": ({"s3:GetObject"}, ["arn:aws:s3:::data-docs/*"]),
        "monitoring": ({"s3:ListAllMyBuckets", "s3:ListBucket"}, ["arn:aws:s3:::*"]),
    }
