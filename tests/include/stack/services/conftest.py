"""The site of the services that the whole test session shares."""

import pytest

from readmission.stack.site.site import Site
from readmission.stack.stack import Stack
from tests.conftest import Platform


@pytest.fixture(scope="module")
def running_site(platform: Platform) -> Site:
    """The site of the shared PostgreSQL, object store and MLflow."""
    return Stack(platform.settings).site
