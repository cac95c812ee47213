"""Which libraries a module imports, in a process of its own."""

import subprocess
import sys
from collections.abc import Set

from readmission.settings import CHECKOUT


def imported_by(module: str, libraries: Set[str]) -> set[str]:
    """Return those of some libraries that are imported together with a module of the library."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"],
        env={"PYTHONPATH": str(CHECKOUT / "include"), "HOME": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return set(done.stdout.split()) & libraries
