"""A site without services, and a stack of PostgreSQL alone that tests may kill."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from readmission.stack.site.paths import StatePaths
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack
from tests.conftest import random_settings

SMALL = {"postgres"}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A prepared site; none of its services runs."""
    settings, paths = random_settings(tmp_path / "state"), StatePaths(tmp_path / "state")
    paths.create()
    Site.prepare(settings, paths)
    return Site.open(settings, paths)


@pytest.fixture(scope="module")
def small_stack(state_folders: Path, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack of which tests start only PostgreSQL; deleted after the module."""
    name = request.module.__name__.rpartition(".")[2]
    stack = Stack(random_settings(state_folders / name))
    yield stack
    stack.reset()


@pytest.fixture
def small(small_stack: Stack) -> Stack:
    """The small stack, with PostgreSQL running."""
    small_stack.up(SMALL)
    return small_stack
