"""What the tests of the pipeline share."""

from collections.abc import Iterator

import pytest

from readmission.domain import schema
from readmission.modelling.evaluation.metrics import evaluate_twice
from readmission.registry import Registry
from tests.include.training import Training


@pytest.fixture
def registry(trained: Training) -> Iterator[Registry]:
    """A registry with version 1 in production."""
    registry = trained.registry()
    registry.promote(registry.register(trained.run_of("xgboost"), {}))
    yield registry
    registry.client.delete_registered_model(registry.name)


@pytest.fixture(scope="session")
def figures(trained: Training) -> dict[str, dict[str, float]]:
    """The metrics of each family on the test rows, from the worst weighted F1 to the best."""
    found = {}
    for result in trained.results:
        model = trained.model(result.family)
        found[result.family] = evaluate_twice(
            trained.test_rows[schema.TARGET].to_numpy(),
            model.score(trained.test_rows),
            model.weights,
            trained.test_rows["eligible"].to_numpy(),
        )
    return dict(sorted(found.items(), key=lambda item: item[1]["weighted_f1"]))
