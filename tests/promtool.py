"""Prometheus' own checker, as the tests call it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def promtool(*arguments: str | Path, told: str = "") -> subprocess.CompletedProcess[str]:
    """Run promtool with some arguments, and a text on its standard input."""
    found = shutil.which("promtool")
    if found is None:
        reason = "needs promtool (apt-get install prometheus)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return subprocess.run(
        [found, *map(str, arguments)], input=told, capture_output=True, text=True, check=False
    )
