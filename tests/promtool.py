"""Prometheus' own checker, as the tests call it."""

import shutil
import subprocess
from pathlib import Path

from tests.programs import lacking


def promtool(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run promtool with some arguments, and a text on its standard input."""
    found = shutil.which("promtool")
    if found is None:
        lacking("promtool", "prometheus")
    return subprocess.run(
        [found, *map(str, arguments)], input=stdin, capture_output=True, text=True, check=False
    )
