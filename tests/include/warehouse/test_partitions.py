"""Training partitions: the same rows as CLEAN, and never rows that CLEAN does not have."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pandas as pd
import psycopg
import pyarrow as pa
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from pyarrow import parquet as pq

from readmission.domain import schema
from readmission.domain.splitting import Split
from readmission.pipeline.process import process
from readmission.stack.site.ports import free_ports
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.clean.erasures import CleanErasures
from readmission.warehouse.clean.partitions import (
    Bucket,
    RowsDiffer,
    TrainingPartitions,
    encode,
    name_of,
)
from readmission.warehouse.ledger import SetAside
from tests.include.tables import encounters

BATCHES = FIRST, SECOND, THIRD = ("batch-0001", "batch-0002", "batch-0003")
ROWS = 300
TRAINED_ON = (Split.TRAIN, Split.VALIDATION)


@pytest.fixture
def partitions(
    raw_db: psycopg.Connection, clean_db: psycopg.Connection, bucket: Bucket
) -> TrainingPartitions:
    """Three accepted batches in CLEAN; two have partitions."""
    raw, clean = RawWarehouse(raw_db), CleanWarehouse(clean_db)
    everything = encounters(len(BATCHES) * ROWS)
    for position, batch_id in enumerate(BATCHES):
        raw.load(everything.slice(position * ROWS, ROWS), position * ROWS, "synthetic")
        raw.accept(batch_id, pd.DataFrame({"source_row": [], "reasons": []}))
        process(raw, clean, batch_id, "a key")
        clean.accept(batch_id)
    found = TrainingPartitions(clean, bucket)
    found.bucket.delete(list(found.bucket.partitions()))
    for batch_id in (FIRST, SECOND):
        found.write(batch_id)
    return found


def key_of(partitions: TrainingPartitions, batch_id: str) -> str:
    return name_of(partitions.warehouse.batch(batch_id))


def require_same(partitions: TrainingPartitions, up_to: str | None = None) -> pd.DataFrame:
    """Compare types, order and values of the rows with those in CLEAN, and return them."""
    for splits in (TRAINED_ON, (Split.TEST,), tuple(Split)):
        rows = partitions.read_splits(splits, up_to)
        expected = partitions.warehouse.read_splits(splits, up_to)
        pd.testing.assert_frame_equal(rows, expected, check_exact=True)
    return rows


@pytest.mark.parametrize("up_to", [FIRST, SECOND, None])
def test_the_rows_are_those_of_clean(partitions: TrainingPartitions, up_to: str | None) -> None:
    rows = require_same(partitions, up_to)

    assert list(rows["batch_id"].unique()) == list(BATCHES[: BATCHES.index(up_to or THIRD) + 1])


def test_nothing_but_accepted_batches_is_copied(partitions: TrainingPartitions) -> None:
    # given
    partitions.warehouse.reject(THIRD, ["a value is wrong"])

    # when
    partitions.write(THIRD)

    # then
    require_same(partitions)
    assert len(list(partitions.bucket.partitions())) == 2


def test_a_corrected_row_counts_up_to_the_batch_before(partitions: TrainingPartitions) -> None:
    # given rows of the first batch that the third corrects
    partitions.connection.execute(
        "UPDATE encounter SET superseded_by = %s WHERE batch_id = %s AND source_row < 40",
        (THIRD, FIRST),
    )

    # then
    assert len(require_same(partitions, SECOND)) == 2 * ROWS
    assert len(require_same(partitions)) == 3 * ROWS - 40
    # and they are valid again if that batch is not accepted after all
    partitions.warehouse.reject(THIRD, ["a value is wrong"])
    assert len(require_same(partitions)) == 2 * ROWS


def test_a_partition_is_written_once_and_read_instead_of_clean(
    partitions: TrainingPartitions,
) -> None:
    # given
    require_same(partitions)
    written = partitions.connection.execute("SELECT * FROM training_partition").fetchall()

    # when rows of CLEAN change without its ledger
    partitions.connection.execute("UPDATE encounter SET time_in_hospital = 99")
    rows = partitions.read_splits(tuple(Split))
    partitions.write(FIRST)

    # then
    assert rows["time_in_hospital"].max() < 99
    assert partitions.connection.execute("SELECT * FROM training_partition").fetchall() == written
    # and such rows do not make a partition
    partitions.bucket.delete([key_of(partitions, FIRST)])
    with pytest.raises(RowsDiffer, match=FIRST):
        partitions.read_splits(tuple(Split))


@pytest.mark.parametrize("damage", ["lost", "cut", "other rows"])
def test_a_lost_or_damaged_partition_is_written_again(
    partitions: TrainingPartitions, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    bucket, key = partitions.bucket, key_of(partitions, FIRST)
    before = bucket.get(key)
    assert before is not None
    if damage == "lost":
        bucket.delete([key])
    elif damage == "cut":
        bucket.put(key, before[:-1])
    else:
        bucket.put(key, encode(partitions.warehouse.rows_of(SECOND)))

    # when
    with caplog.at_level(logging.WARNING):
        require_same(partitions)

    # then
    assert bucket.get(key) == before
    assert f"the training partition of {FIRST} was lost or changed" in caplog.text


def test_erased_rows_leave_the_training_set_and_then_the_bucket(
    partitions: TrainingPartitions,
) -> None:
    # given a patient of some batches
    everything = require_same(partitions)
    before = {batch_id: key_of(partitions, batch_id) for batch_id in BATCHES}
    patient = int(everything[schema.PATIENT].iloc[0])
    theirs = set(everything.loc[everything[schema.PATIENT] == patient, "batch_id"])
    subject: dict[str, Any] = {"patient": patient, "patient_hashes": [], "encounters": []}

    # when
    CleanErasures(partitions.warehouse).erase(subject, theirs, {})

    # then no training reads the rows
    assert patient not in set(require_same(partitions)[schema.PATIENT])
    # and the old partitions are deleted, and no others
    assert partitions.delete_outdated() == len(theirs)
    left = set(partitions.bucket.partitions())
    assert left == {key_of(partitions, batch_id) for batch_id in BATCHES}
    assert {batch_id for batch_id, key in before.items() if key not in left} == theirs
    assert partitions.delete_outdated() == 0


def test_a_batch_whose_rows_have_expired_leaves_no_partition(
    partitions: TrainingPartitions,
) -> None:
    CleanErasures(partitions.warehouse).erase_batches({FIRST: SetAside()})

    assert partitions.delete_outdated() == 1
    partitions.write(FIRST)
    assert len(require_same(partitions)) == 2 * ROWS
    assert partitions.delete_outdated() == 0


@dataclass(frozen=True)
class ListedMeanwhile(Bucket):
    """A bucket in which something happens while its partitions are listed."""

    happens: Callable[[], None]

    def partitions(self) -> Iterator[str]:
        self.happens()
        yield from super().partitions()


def test_a_batch_that_is_accepted_meanwhile_keeps_its_partition(
    partitions: TrainingPartitions,
) -> None:
    # given a batch that waits for its gate
    clean, s3, name = partitions.warehouse, partitions.bucket.s3, partitions.bucket.name
    clean.reject(THIRD, ["a value is wrong"])

    # when it is accepted and copied while the sweep looks for outdated partitions
    def accept() -> None:
        clean.accept(THIRD)
        partitions.write(THIRD)

    sweeping = TrainingPartitions(clean, ListedMeanwhile(s3, name, accept))

    # then
    assert sweeping.delete_outdated() == 0
    assert partitions.bucket.get(key_of(partitions, THIRD)) is not None


def test_other_objects_of_the_bucket_stay(partitions: TrainingPartitions) -> None:
    partitions.bucket.put("README.txt", b"partitions")

    assert partitions.delete_outdated() == 0
    assert partitions.bucket.get("README.txt") == b"partitions"


def test_without_the_object_store_rows_are_read_from_clean(
    partitions: TrainingPartitions, caplog: pytest.LogCaptureFixture
) -> None:
    # given a store that does not respond
    (port,) = free_ports(1)
    down = boto3.client(
        "s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
        config=Config(retries={"max_attempts": 0}, signature_version=UNSIGNED),
    )  # fmt: skip
    without = TrainingPartitions(partitions.warehouse, Bucket(down, partitions.bucket.name))

    # then
    without.write(THIRD)
    require_same(without)
    assert "the rows are read from CLEAN" in caplog.text
    # and later, the store has what it lacks
    require_same(partitions)
    assert len(list(partitions.bucket.partitions())) == 3


def test_columns_are_as_narrow_as_their_values(partitions: TrainingPartitions) -> None:
    content = partitions.bucket.get(key_of(partitions, FIRST))
    stored = pq.read_schema(pa.BufferReader(content))

    assert stored.field("time_in_hospital").type == pa.int8()
    assert stored.field("source_row").type == pa.int16()
    assert stored.field(schema.PATIENT).type == pa.int32()
    assert pa.types.is_dictionary(stored.field("diag_1").type)
    assert pa.types.is_boolean(stored.field("eligible").type)
