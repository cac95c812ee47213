"""The Dockerfile: clean, and each image made from its own lock and its own rooms."""

import re
import subprocess
import tomllib

import pytest
import yaml

from readmission import __version__
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
    assert "include/readmission/stack" in lines


def test_an_image_knows_its_version_without_being_installed() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]

    assert project["version"] == __version__
    assert f"ARG VERSION={__version__}" in DOCKERFILE


def test_every_stage_begins_with_the_base_image_that_is_asked_for() -> None:
    begins = {name: base for base, name in STAGE.findall(DOCKERFILE)}

    assert len(begins) == len(re.findall("^FROM ", DOCKERFILE, re.MULTILINE))
    assert re.search(r"^ARG PYTHON_IMAGE=\S+:3\.11\S*$", DOCKERFILE.split("FROM")[0], re.MULTILINE)
    for stage, base in begins.items():
        assert base == "${PYTHON_IMAGE}" or base in begins, stage
    assert {stage for stage, base in begins.items() if base == "runtime"} == set(ROOMS)


@IMAGE
def test_an_authority_is_trusted_while_packages_are_installed_and_left_behind(image: str) -> None:
    stage = stages()[f"requirements-{image}"]

    assert "--mount=type=secret,id=ca install-lock" in stage
    assert "required" not in stage.replace("requirements", ""), "one who has none builds as well"
    assert "ca.pem" not in re.sub("^#.*", "", DOCKERFILE, flags=re.MULTILINE)


def test_nothing_to_install_with_and_no_cache_of_it_is_left() -> None:
    requirements = stages()["requirements"]

    assert "PIP_NO_CACHE_DIR=1" in requirements
    assert "venv --without-pip /opt/venv" in requirements


def test_everything_is_compiled() -> None:
    code = stages()["code"]

    copied = set(re.findall(r"^COPY (\w+) \1$", code, re.MULTILINE))
    assert copied == set().union(*ROOMS.values())
    last = code.rpartition("\nCOPY ")[2]
    assert "\nRUN python3 -m compileall -q --invalidation-mode unchecked-hash .\n" in last


@IMAGE
def test_an_image_runs_as_the_user_that_was_made_and_as_no_other(image: str) -> None:
    assert "useradd --uid 10001 --gid 10001" in stages()["runtime"]
    assert re.findall(r"^USER (\S+)$", stages()[image], re.MULTILINE) == ["10001:10001"]
    copies = [match.end() for match in re.finditer(r"^COPY .*$", stages()[image], re.MULTILINE)]
    assert max(copies) < stages()[image].index("USER "), "what it runs is not its own to change"


@IMAGE
def test_an_image_is_asked_how_it_is_where_it_listens(image: str) -> None:
    stage = stages()[image]

    (port,) = re.findall(r"^EXPOSE (\d+)$", stage, re.MULTILINE)
    assert f"http://127.0.0.1:{port}/" in stage[stage.index("HEALTHCHECK") :]


@IMAGE
def test_an_image_says_what_it_is_and_another_revision_finds_the_layers_there(image: str) -> None:
    runtime, stage = stages()["runtime"], stages()[image]

    assert f'org.opencontainers.image.title="readmission-{image}"' in stage
    labels = runtime[runtime.index("ARG VERSION") :]
    for label in ("description", "licenses", "version", "revision", "created"):
        assert f"org.opencontainers.image.{label}=" in labels
    # An argument is part of every RUN after it, and of all that stands on one.
    assert not re.search("^(RUN|COPY) ", labels, re.MULTILINE)
    assert not re.search("^RUN .*?^COPY ", stage, re.MULTILINE | re.DOTALL)


def test_the_folders_are_those_of_an_astro_project() -> None:
    config = yaml.safe_load((CHECKOUT / ".astro" / "config.yaml").read_text())
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    (*_, (_, last)) = STAGE.findall(DOCKERFILE)

    assert config["project"]["name"] == project["name"]
    assert last == "airflow", "the Astro CLI names no target"
    for folder in ("dags", "include", "plugins", "tests"):
        assert any((CHECKOUT / folder).rglob("*.py")), folder
    assert (CHECKOUT / "docker-compose.override.yml").exists()
