"""The Dockerfile: clean, and each image made from its own lock and its own rooms."""

import re
import runpy
import subprocess
import tomllib

import pytest

from readmission import __version__
from readmission.local.airflow import PRELOADED
from readmission.settings import CHECKOUT

DOCKERFILE = (CHECKOUT / "Dockerfile").read_text()
STAGE = re.compile(r"^FROM (\S+) AS (\S+)$", re.MULTILINE)
ROOMS = {
    "airflow": {"include", "plugins", "dags"},
    "mlflow": {"include"},
    "api": {"include", "api"},
    "ui": {"include", "ui"},
    "load": {"include", "load"},
}
NEVER = {"api": {"apache-airflow", "streamlit", "great-expectations", "mlflow", "boto3"}}
IMAGE = pytest.mark.parametrize("image", ROOMS)


def stages() -> dict[str, str]:
    """Return the text of each stage."""
    parts = STAGE.split(DOCKERFILE)[1:]
    return {name: text for _, name, text in zip(*[iter(parts)] * 3, strict=True)}


def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run(
        [CHECKOUT / ".venv/bin/hadolint", "--no-color", CHECKOUT / "Dockerfile"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout


@IMAGE
def test_an_image_holds_its_own_lock_and_rooms(image: str) -> None:
    stage = stages()[image]

    assert f"COPY --from=requirements-{image} /opt/venv /opt/venv" in stage
    assert set(re.findall(r"COPY --from=code /app/(\w+) ", stage)) == ROOMS[image]
    assert f"requirements/{image}.txt" in stages()[f"requirements-{image}"]


@IMAGE
def test_an_image_runs_as_somebody_and_can_be_asked_how_it_is(image: str) -> None:
    stage = stages()[image]

    assert "USER 10001:10001" in stage
    assert "HEALTHCHECK" in stage


@IMAGE
def test_an_image_is_given_nothing_to_build_with(image: str) -> None:
    assert "RUN pip" not in stages()[image]
    assert "apt-get" not in DOCKERFILE


@pytest.mark.parametrize("image", NEVER)
def test_an_image_stays_small(image: str) -> None:
    lock = (CHECKOUT / "requirements" / f"{image}.txt").read_text()
    installed = set(re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE))

    assert not installed & NEVER[image]


def test_hashes_are_checked_and_nothing_is_compiled() -> None:
    install = (CHECKOUT / "docker" / "install-lock.sh").read_text()

    assert {"--require-hashes", "--no-deps", "--only-binary", "--compile"} <= set(install.split())


def test_the_build_is_shown_only_what_images_are_made_of() -> None:
    lines = (CHECKOUT / ".dockerignore").read_text().splitlines()

    shown = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    assert shown == {
        "requirements/*.txt", "docker", "include", "api", "ui", "load", "plugins", "dags",
    }  # fmt: skip
    assert "include/readmission/local" in lines


def test_the_scheduler_imports_early_what_it_does_on_one_machine() -> None:
    settings = runpy.run_path(str(CHECKOUT / "docker" / "airflow_local_settings.py"))

    assert settings["PRELOADED"] == PRELOADED


def test_an_image_knows_its_version_without_being_installed() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]

    assert project["version"] == __version__
    assert f"ARG VERSION={__version__}" in DOCKERFILE
