"""The comparison of the locks with advisories: findings fail it, a missing database does not."""

import subprocess
from pathlib import Path

import pytest

from readmission.settings import CHECKOUT

SCRIPT = CHECKOUT / "requirements" / "audit.sh"
UNKNOWN = "Dependency not found on PyPI and could not be audited: package (1.0)\n"


@pytest.mark.parametrize(
    ("output", "status", "ends_with", "says"),
    [
        (
            "No known vulnerabilities found\n" + UNKNOWN,
            0,
            0,
            "known vulnerability, 1 unknown",
        ),
        ("Found 1 known vulnerability in 1 package\nflask 1.0 PYSEC-1\n", 1, 1, "PYSEC-1"),
        ("No known vulnerabilities found\n" + 2_000 * UNKNOWN, 0, 0, "not compared"),
        ("ConnectionError: no route\n", 1, 0, "not compared"),
    ],
    ids=["clean", "vulnerable", "nothing known", "offline"],
)
def test_only_a_known_vulnerability_fails_the_audit(
    tmp_path: Path, output: str, status: int, ends_with: int, says: str
) -> None:
    # given a program that behaves like pip-audit
    (tmp_path / "output").write_text(output)
    stand_in = tmp_path / "pip-audit"
    stand_in.write_text(f"#!/bin/sh\ncat {tmp_path}/output\nexit {status}\n")
    stand_in.chmod(0o755)

    # when
    done = subprocess.run([SCRIPT, stand_in], capture_output=True, text=True, check=False)

    # then
    assert done.returncode == ends_with
    assert says in done.stdout


def test_the_shared_set_of_versions_is_what_is_compared() -> None:
    assert "LOCK=requirements/constraints.txt" in SCRIPT.read_text()
