"""Programs that are no wheels: a machine may lack one, CI may not."""

import os
from typing import NoReturn

import pytest


def lacking(program: str, package: str) -> NoReturn:
    """Leave a test out for want of a program; in CI that is a failure.

    Parameters
    ----------
    program, package : str
        What is needed, and the Debian package that brings it.
    """
    reason = f"needs {program} (apt-get install {package})"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
