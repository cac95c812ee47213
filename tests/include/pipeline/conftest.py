"""What the tests of the pipeline share."""

from collections.abc import Iterator

import pytest

from readmission.registry import Registry
from tests.include.conftest import Training


@pytest.fixture
def registry(trained: Training) -> Iterator[Registry]:
    """A registry with version 1 in production."""
    registry = trained.registry()
    registry.promote(registry.register(trained.run_of("xgboost"), {}))
    yield registry
    registry.client.delete_registered_model(registry.name)
