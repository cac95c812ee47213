"""The object stores whose buckets, users and dumps are tested."""

import pytest

from tests import object_stores
from tests.conftest import Platform
from tests.object_stores import ObjectStore


@pytest.fixture(scope="session", params=object_stores.names())
def object_store(request: pytest.FixtureRequest, platform: Platform) -> ObjectStore:
    """The embedded object store, and then the one that the environment names, if any."""
    if request.param == object_stores.NAMED:
        return object_stores.named(platform.settings)
    return object_stores.embedded(platform.site)
