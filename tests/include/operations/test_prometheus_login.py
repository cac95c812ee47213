"""The login that Prometheus requires: a hash for it, and the password for its own job."""

import os
import subprocess
import sys
from pathlib import Path

import bcrypt
import yaml

from readmission.operations import prometheus_login
from readmission.settings import PREFIX
from tests.promtool import promtool

PASSWORD = "swordfish-swordfish-swordfish"  # noqa: S105


def run(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return subprocess.run(
        [sys.executable, "-m", prometheus_login.__name__, str(folder)],
        env=others | {PREFIX + name: value for name, value in settings.items()},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_hash_is_of_the_password(tmp_path: Path) -> None:
    done = run(tmp_path, PROMETHEUS_PASSWORD=PASSWORD)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    users = yaml.safe_load((tmp_path / "web.yml").read_text())["basic_auth_users"]
    assert list(users) == ["prometheus"]
    assert bcrypt.checkpw(PASSWORD.encode(), users["prometheus"].encode())
    assert not bcrypt.checkpw(b"swordfish", users["prometheus"].encode())
    assert (tmp_path / "password").read_text() == PASSWORD


def test_promtool_accepts_the_web_configuration(tmp_path: Path) -> None:
    prometheus_login.write_login(tmp_path, PASSWORD)

    found = promtool("check", "web-config", tmp_path / "web.yml")

    assert found.returncode == 0, found.stderr


def test_without_a_password_it_names_the_setting(tmp_path: Path) -> None:
    done = run(tmp_path)

    assert done.returncode == 1
    assert done.stderr == "error: READMISSION_PROMETHEUS_PASSWORD is missing\n"
    assert list(tmp_path.iterdir()) == []
