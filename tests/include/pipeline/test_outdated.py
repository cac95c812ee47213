"""The sweep has the newest batch trained again if nobody can open the model in production."""

from collections.abc import Iterator

import pytest

from readmission.modelling.mlflow_runs import bundle_tags
from readmission.pipeline.sweep import find_outdated
from readmission.registry import Registry
from readmission.serving.signature import Signer, TrustedKeys
from readmission.warehouse import CleanWarehouse
from tests.include.conftest import BATCHES
from tests.include.training import Training
from tests.signing import SIGNER, TRUSTED

CURRENT = bundle_tags(SIGNER)
OLD_FORMAT = CURRENT | {"bundle_format": "4"}
OLD_CONTRACT = CURRENT | {"schema_version": "another"}
BEFORE_SIGNATURES: dict[str, str] = {}
OLDER, NEWEST = BATCHES


@pytest.fixture
def registry(trained: Training) -> Iterator[Registry]:
    registry = trained.registry()
    yield registry
    registry.client.delete_registered_model(registry.name)


def register(registry: Registry, trained: Training, batch_id: str, tags: dict[str, str]) -> str:
    """Register a version of a batch with these tags."""
    family = "xgboost" if batch_id == OLDER else "random_forest"
    return registry.register(trained.run_of(family), tags | {"batch_id": batch_id})


def test_nothing_is_outdated_before_the_first_promotion(
    filled: CleanWarehouse, registry: Registry, trained: Training
) -> None:
    register(registry, trained, OLDER, OLD_FORMAT)

    assert find_outdated(filled, registry, TRUSTED) == ()


def test_a_current_model_in_production_is_not_outdated(
    filled: CleanWarehouse, registry: Registry, trained: Training
) -> None:
    registry.promote(register(registry, trained, OLDER, CURRENT))

    assert find_outdated(filled, registry, TRUSTED) == ()


@pytest.mark.parametrize(
    "tags", [OLD_FORMAT, OLD_CONTRACT, BEFORE_SIGNATURES], ids=["format", "contract", "unsigned"]
)
def test_the_newest_batch_is_trained_again_for_a_model_of_an_earlier_version(
    filled: CleanWarehouse, registry: Registry, trained: Training, tags: dict[str, str]
) -> None:
    registry.promote(register(registry, trained, OLDER, tags))

    assert find_outdated(filled, registry, TRUSTED) == (NEWEST,)


def test_it_is_trained_again_after_a_key_was_replaced_without_trusting_the_old_one(
    filled: CleanWarehouse, registry: Registry, trained: Training
) -> None:
    registry.promote(register(registry, trained, OLDER, CURRENT))
    new = Signer(Signer.generate_key()).public_key

    assert find_outdated(filled, registry, TrustedKeys.parse([new])) == (NEWEST,)
    assert find_outdated(filled, registry, TrustedKeys.parse([new, SIGNER.public_key])) == ()


def test_a_batch_is_trained_again_once(
    filled: CleanWarehouse, registry: Registry, trained: Training
) -> None:
    # given that it was trained again, and its model was refused or is not judged yet
    registry.promote(register(registry, trained, OLDER, OLD_FORMAT))
    register(registry, trained, NEWEST, CURRENT)

    assert find_outdated(filled, registry, TRUSTED) == ()
