"""The scan covers every applied object, fails on findings, and skips checks only for valid reasons.

checkov itself is installed only by `make audit`. The tests use a fake that keeps the files it is
called with.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from readmission.settings import CHECKOUT
from tests.k8s.cluster import NAMESPACE, TREES, Object, build, containers, kubectl, name

SCRIPT = CHECKOUT / "k8s" / "audit.sh"
SKIPPED = (CHECKOUT / ".checkov.yaml").read_text()
STAND_IN = """\
#!/bin/bash
file=${@: -1}
cp "$file" "$KEPT"
case ${file##*/} in
"$FINDS") echo 'Passed checks: 7, Failed checks: 1, Skipped checks: 0'; exit 1 ;;
"$CANNOT_READ") ;;
*) echo 'Passed checks: 7, Failed checks: 0, Skipped checks: 0' ;;
esac
"""
TASK, RESTORE, RECOVER = ("Pod", "task"), ("Job", "restore"), ("Job", "recover")
BESIDE: dict[str, set[tuple[str, str]]] = {
    "overlays/minikube": set(),
    "overlays/scale-out": {TASK},
    "overlays/production": {TASK},
    "backup": {RESTORE, RECOVER},
}
"""Objects applied in addition to each tree; the script names them so that they can be scanned."""
WITHOUT_DIGEST = {"postgres"} | {
    f"readmission-{image}" for image in ("airflow", "mlflow", "api", "ui", "load")
}
LOW = {"postgres": 999, "grafana/grafana": 472}
"""Users below 10000 that own the files of their image."""


def audit(kept: Path, **outcome: str) -> subprocess.CompletedProcess[str]:
    """Run the script with the fake checkov."""
    (kept / "bin").mkdir()
    (kept / "bin" / "kubectl").symlink_to(kubectl())
    checkov = kept / "bin" / "checkov"
    checkov.write_text(STAND_IN)
    checkov.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{kept / 'bin'}:{os.environ['PATH']}",
        "KEPT": str(kept),
        "FINDS": "",
        "CANNOT_READ": "",
        **outcome,
    }
    return subprocess.run(
        [SCRIPT, checkov], env=environment, capture_output=True, text=True, check=False
    )


def shown(kept: Path, tree: str) -> list[Object]:
    return list(yaml.load_all((kept / f"{tree}.yaml").read_text(), yaml.CSafeLoader))


def test_the_scan_covers_every_applied_object(tmp_path: Path) -> None:
    done = audit(tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    for tree, beside in BESIDE.items():
        there = shown(tmp_path, tree.rpartition("/")[2])
        assert all(thing in there for thing in build(tree).objects), tree
        more = [thing for thing in there if thing not in build(tree).objects]
        assert {(thing["kind"], name(thing)) for thing in more} == beside
        assert {thing["metadata"]["namespace"] for thing in more} <= {NAMESPACE}
    assert (tmp_path / "Dockerfile").read_text() == (CHECKOUT / "Dockerfile").read_text()


@pytest.mark.parametrize(
    ("outcome", "file", "report"),
    [
        ("FINDS", "minikube.yaml", r"minikube +7 passed, 1 failed"),
        ("CANNOT_READ", "Dockerfile", r"Dockerfile +was not scanned"),
    ],
)
def test_a_finding_or_an_unreadable_file_fails_the_scan(
    tmp_path: Path, outcome: str, file: str, report: str
) -> None:
    done = audit(tmp_path, **{outcome: file})

    assert done.returncode == 1
    assert re.search(report, done.stdout)
    assert done.stdout.count("7 passed, 0 failed") == 4, "the other trees are not reported"


def test_ci_runs_the_scan() -> None:
    assert "\nmake audit\n" in (CHECKOUT / ".ci" / "run").read_text()


def test_every_skipped_check_has_a_reason() -> None:
    skipped = yaml.safe_load(SKIPPED)["skip-check"]

    lines = SKIPPED.splitlines()
    for check in skipped:
        assert lines[lines.index(f"  - {check}") - 1].startswith("  # "), check
    assert len(set(skipped)) == len(skipped)


@pytest.mark.parametrize("tree", [*TREES, "backup"])
def test_images_have_a_digest_except_two_kinds(tree: str) -> None:
    images = {
        image["image"] for workload in build(tree).workloads() for image in containers(workload.pod)
    }

    without = {image for image in images if "@sha256:" not in image}
    assert {image.partition(":")[0] for image in without} <= WITHOUT_DIGEST
    assert all(re.search(r":[\w.-]*\d[\w.-]*(@|$)", image) for image in images), "no version"


@pytest.mark.parametrize("tree", [*TREES, "backup"])
def test_only_two_images_run_as_a_user_below_10000(tree: str) -> None:
    for workload in build(tree).workloads():
        user = workload.pod["securityContext"]["runAsUser"]
        (image, *_) = {image["image"].partition(":")[0] for image in workload.pod["containers"]}
        assert user >= 10_000 or user == LOW[image], workload.name
