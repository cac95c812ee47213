"""The Dockerfile passes hadolint, and each image contains only its own lock and folders."""

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
    "airflow": {"include", "plugins", "dags", "requirements"},
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


def test_the_dockerfile_passes_hadolint() -> None:
    done = subprocess.run(
        [CHECKOUT / ".venv/bin/hadolint", "--no-color", CHECKOUT / "Dockerfile"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout


@IMAGE
def test_an_image_contains_its_own_lock_and_folders(image: str) -> None:
    stage = stages()[image]

    assert f"COPY --from=requirements-{image} /opt/venv /opt/venv" in stage
    assert set(re.findall(r"COPY --from=code /app/(\w+) ", stage)) == ROOMS[image]
    assert f"requirements/{image}.txt" in stages()[f"requirements-{image}"]


@IMAGE
def test_an_image_runs_unprivileged_and_has_a_health_check(image: str) -> None:
    stage = stages()[image]

    assert "USER 10001:10001" in stage
    assert "HEALTHCHECK" in stage


@IMAGE
def test_a_final_stage_installs_nothing(image: str) -> None:
    assert "RUN pip" not in stages()[image]
    assert "apt-get" not in DOCKERFILE


@pytest.mark.parametrize("image", NEVER)
def test_an_image_stays_small(image: str) -> None:
    lock = (CHECKOUT / "requirements" / f"{image}.txt").read_text()
    installed = set(re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE))

    assert not installed & NEVER[image]


def test_packages_are_checked_by_hash_and_not_built_from_source() -> None:
    install = (CHECKOUT / "docker" / "install-lock.sh").read_text()

    assert {"--require-hashes", "--no-deps", "--only-binary", "--compile"} <= set(install.split())


def test_the_build_context_contains_only_what_images_need() -> None:
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


def test_every_stage_starts_from_the_requested_base_image() -> None:
    begins = {name: base for base, name in STAGE.findall(DOCKERFILE)}

    assert len(begins) == len(re.findall("^FROM ", DOCKERFILE, re.MULTILINE))
    assert re.search(r"^ARG PYTHON_IMAGE=\S+:3\.11\S*$", DOCKERFILE.split("FROM")[0], re.MULTILINE)
    for stage, base in begins.items():
        assert base == "${PYTHON_IMAGE}" or base in begins, stage
    assert {stage for stage, base in begins.items() if base == "runtime"} == set(ROOMS)


@IMAGE
def test_a_build_secret_is_used_for_the_installation_and_not_kept(image: str) -> None:
    stage = stages()[f"requirements-{image}"]

    assert "--mount=type=secret,id=ca install-lock" in stage
    assert "required" not in stage.replace("requirements", ""), "a build without a CA must work"
    assert "ca.pem" not in re.sub("^#.*", "", DOCKERFILE, flags=re.MULTILINE)


def test_no_pip_and_no_pip_cache_is_left() -> None:
    requirements = stages()["requirements"]

    assert "PIP_NO_CACHE_DIR=1" in requirements
    assert "venv --without-pip /opt/venv" in requirements


def test_all_code_is_compiled() -> None:
    code = stages()["code"]

    copied = set(re.findall(r"^COPY (\w+)\S* \1/?$", code, re.MULTILINE))
    assert copied == set().union(*ROOMS.values())
    last = code.rpartition("\nCOPY ")[2]
    assert "\nRUN python3 -m compileall -q --invalidation-mode unchecked-hash .\n" in last


@IMAGE
def test_an_image_runs_only_as_the_created_user(image: str) -> None:
    assert "useradd --uid 10001 --gid 10001" in stages()["runtime"]
    assert re.findall(r"^USER (\S+)$", stages()[image], re.MULTILINE) == ["10001:10001"]
    copies = [match.end() for match in re.finditer(r"^COPY .*$", stages()[image], re.MULTILINE)]
    assert max(copies) < stages()[image].index("USER "), (
        "code must not belong to the user that runs it"
    )


@IMAGE
def test_the_health_check_uses_the_exposed_port(image: str) -> None:
    stage = stages()[image]

    (port,) = re.findall(r"^EXPOSE (\d+)$", stage, re.MULTILINE)
    assert f"http://127.0.0.1:{port}/" in stage[stage.index("HEALTHCHECK") :]


@IMAGE
def test_an_image_is_labelled_and_another_revision_reuses_its_layers(image: str) -> None:
    runtime, stage = stages()["runtime"], stages()[image]

    assert f'org.opencontainers.image.title="readmission-{image}"' in stage
    labels = runtime[runtime.index("ARG VERSION") :]
    for label in ("description", "licenses", "version", "revision", "created"):
        assert f"org.opencontainers.image.{label}=" in labels
    # A changed build argument invalidates the cache of every RUN after it.
    assert not re.search("^(RUN|COPY) ", labels, re.MULTILINE)
    assert not re.search("^RUN .*?^COPY ", stage, re.MULTILINE | re.DOTALL)


def test_the_checkout_is_an_astro_project() -> None:
    config = yaml.safe_load((CHECKOUT / ".astro" / "config.yaml").read_text())
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    (*_, (_, last)) = STAGE.findall(DOCKERFILE)

    assert config["project"]["name"] == project["name"]
    assert last == "airflow", "the Astro CLI builds the last stage"
    for folder in ("dags", "include", "plugins", "tests"):
        assert any((CHECKOUT / folder).rglob("*.py")), folder
    assert (CHECKOUT / "docker-compose.override.yml").exists()
