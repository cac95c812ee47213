"""Training on more rows than one process holds, from the partitions to a signed model."""

from functools import partial
from uuid import uuid4

import pandas as pd
import pytest

from readmission.domain.splitting import Split
from readmission.modelling.fitting import streaming
from readmission.modelling.fitting.streaming import StreamedRows
from readmission.pipeline.training import reading, train
from readmission.registry import Registry
from readmission.settings import Settings
from readmission.warehouse import CleanWarehouse
from readmission.warehouse.clean.partitions import Bucket, TrainingPartitions, name_of
from readmission.warehouse.clean.partitions.remote import PartitionChanged
from tests.conftest import Platform
from tests.include.conftest import BATCHES
from tests.signing import SIGNER

FIRST, NEWEST = BATCHES
LIMIT = 1_200


@pytest.fixture
def partitions(filled: CleanWarehouse, bucket: Bucket) -> TrainingPartitions:
    return TrainingPartitions(filled, bucket)


@pytest.fixture
def settings(platform: Platform) -> Settings:
    """Settings with an experiment of their own, and less room than there are rows."""
    own = {"experiment": f"experiment_{uuid4().hex}", "training_sample_rows": LIMIT}
    return platform.settings.model_copy(update=own)


def test_the_gate_checks_the_rows_that_are_trained_on(partitions: TrainingPartitions) -> None:
    checked = reading.to_check(partitions, NEWEST)

    trained = reading.whole(partitions.warehouse, NEWEST)
    pd.testing.assert_frame_equal(checked.astype(trained.dtypes), trained)
    sizes = (rows.memory_usage(deep=True).sum() for rows in (checked, trained))
    assert next(sizes) < next(sizes)


def test_up_to_a_limit_all_rows_are_read(
    partitions: TrainingPartitions, settings: Settings
) -> None:
    expected = reading.whole(partitions.warehouse, NEWEST)

    few = reading.to_fit(settings, partitions, NEWEST, LIMIT, None)
    with_history = settings.model_copy(update={"train_with_history": True})
    known = reading.to_fit(with_history, partitions, NEWEST, len(expected), None)

    assert isinstance(few, pd.DataFrame)
    assert isinstance(known, pd.DataFrame)
    pd.testing.assert_frame_equal(few, expected)
    pd.testing.assert_frame_equal(known[expected.columns], expected)


def test_above_the_limit_xgboost_is_fitted_part_by_part_and_logged_as_the_same_kind_of_model(
    partitions: TrainingPartitions, settings: Settings
) -> None:
    # given more rows than fit
    everything = reading.whole(partitions.warehouse, NEWEST)
    assert len(everything) > LIMIT
    data = train.lineage(partitions.warehouse, NEWEST, len(everything))

    # when
    rows = reading.to_fit(settings, partitions, NEWEST, data.rows, None)
    registry = Registry(settings)
    result = train.train("xgboost", rows, data, registry, SIGNER, threads=1)

    # then
    assert isinstance(rows, StreamedRows)
    assert len(rows.sample) <= LIMIT
    assert result.not_servable is None
    run = registry.client.get_run(result.run_id).data
    assert run.tags["engine"] == f"local, in parts, {LIMIT} rows sampled at most"
    assert int(run.params["fitted_rows"]) == (everything["part"] == Split.TRAIN).sum()
    # and is not fitted again
    assert train.train("xgboost", rows, data, registry, SIGNER, threads=1) == result


def test_a_damaged_partition_fails_the_training_and_is_whole_for_its_retry(
    partitions: TrainingPartitions,
) -> None:
    # given
    reader = partial(streaming.read, limit=LIMIT)
    partitions.write(FIRST)
    partitions.bucket.put(name_of(partitions.warehouse.batch(FIRST)), b"damaged")

    # when
    with pytest.raises(PartitionChanged, match=FIRST):
        reading.in_parts(partitions, NEWEST, reader)

    # then
    assert reading.in_parts(partitions, NEWEST, reader).rows == len(
        reading.whole(partitions.warehouse, NEWEST)
    )
