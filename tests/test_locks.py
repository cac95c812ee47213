"""The locks: hashes, no addresses, no GPU libraries, one shared set of versions."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from readmission.settings import CHECKOUT

LOCKS = sorted((CHECKOUT / "requirements").glob("*.txt"))
APART = ("checkov", "supply-chain")
"""Have environments of their own: checkov pins old versions, and no service needs either."""
PINNED = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)


def versions(lock: Path) -> dict[str, str]:
    return dict(PINNED.findall(lock.read_text()))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_is_complete_and_contains_no_address(lock: Path) -> None:
    text = lock.read_text()

    packages = [line for line in text.splitlines() if line[:1] not in ("", " ", "#")]
    assert len(packages) == len(versions(lock)) > 0, "a package has two versions"
    assert all(line.endswith("\\") for line in packages), "a package has no hash"
    assert "nvidia" not in text
    assert "://" not in text


def test_all_groups_share_one_set_of_versions() -> None:
    shared = versions(CHECKOUT / "requirements" / "constraints.txt")

    for lock in LOCKS:
        if lock.stem in APART:
            continue
        different = versions(lock).items() - shared.items()
        assert not different, f"{lock.name} differs from constraints.txt; run `make lock`"


def test_makefile_and_workflow_use_the_supported_pythons() -> None:
    # given
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    supported = SpecifierSet(project["project"]["requires-python"])
    pythons = [python for minor in range(50) if (python := f"3.{minor}") in supported]
    oldest, newest = pythons[0], pythons[-1]

    # then `make pythons` tests all, the workflow the oldest and the newest; locks and static checks
    # are for the oldest
    makefile = (CHECKOUT / "Makefile").read_text()
    workflow = yaml.safe_load((CHECKOUT / ".github" / "workflows" / "ci.yml").read_text())
    assert f"PYTHONS := {' '.join(pythons)}\n" in makefile
    assert f"--python-version {oldest} " in makefile
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == [oldest, newest]
    assert project["tool"]["mypy"]["python_version"] == oldest
    assert project["tool"]["ruff"]["target-version"] == "py" + oldest.replace(".", "")
