"""Programs that are not Python packages; without one, its tests are skipped, but fail in CI."""

import os
from typing import NoReturn

import pytest


def lacking(program: str, package: str) -> NoReturn:
    """Skip a test because a program is missing; in CI, let it fail.

    Parameters
    ----------
    program, package : str
        The program, and the Debian package that contains it.
    """
    reason = f"needs {program} (apt-get install {package})"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
