"""The id of a batch is parsed at every border, and nothing else passes as one."""

import re

import psycopg
import pytest
from psycopg import sql

from readmission.domain.batch_ids import (
    PATTERN,
    BatchKind,
    batch_name,
    batch_number,
    parse_batch_id,
)
from readmission.errors import InvalidBatchId
from readmission.warehouse.sql.batch_order import BATCH_NUMBER

MALFORMED = [
    "../../../../tmp/x", "batch_0026", "batch-0001/../../x", "/batch-0001", "batch-0001/", "",
    "batch-1", "batch-00001", "batch-0000", "batch-1234567890", "Batch-0001", "model-0001",
    " batch-0001", "batch-0001\n", "batch-0001\x00", "batch-००१२", "batch-+001", "batch-0001;--",
    "%2e%2e", "batch-0001' or '1'='1",
]  # fmt: skip


@pytest.mark.parametrize("number", [1, 9, 9_999, 10_000, 999_999_999])
@pytest.mark.parametrize("kind", BatchKind)
def test_the_id_of_a_batch_is_its_own_parse(number: int, kind: BatchKind) -> None:
    batch_id = batch_name(number, kind)

    assert parse_batch_id(batch_id) == batch_id
    assert batch_number(batch_id) == number


@pytest.mark.parametrize("value", [*MALFORMED, None, 1, ["batch-0001"]])
def test_anything_else_is_refused_with_the_value_and_what_is_expected(value: object) -> None:
    with pytest.raises(InvalidBatchId) as refused:
        parse_batch_id(value)

    message = str(refused.value)
    assert repr(value) in message
    assert "expected batch-0001 or replay-0001" in message
    assert "as its partition key" in message


def test_the_message_quotes_a_long_value_in_part() -> None:
    with pytest.raises(InvalidBatchId) as refused:
        parse_batch_id("x" * 100_000)

    assert len(str(refused.value)) < 400


def test_postgres_and_json_schema_refuse_the_same(raw_db: psycopg.Connection) -> None:
    number = sql.SQL("SELECT {} FROM (SELECT %s::text AS batch_id)").format(BATCH_NUMBER)

    assert raw_db.execute(number, ("replay-0042",)).fetchone() == (42,)
    for value in MALFORMED:
        if "\x00" not in value:  # PostgreSQL has no text with this character.
            assert raw_db.execute(number, (value,)).fetchone() == (None,), value
        if not value.endswith("\n"):  # Python's `$` also matches before the last line break.
            assert re.search(PATTERN, value) is None


def test_a_run_without_a_partition_key_is_told_which_batches_exist() -> None:
    few = str(InvalidBatchId(None, ["batch-0001", "replay-0002"]))
    many = str(InvalidBatchId(None, [f"batch-{number:04d}" for number in range(1, 31)]))

    assert few.endswith("The batches are batch-0001, replay-0002")
    assert many.endswith("The batches are batch-0001, …, batch-0028, batch-0029, batch-0030")
    assert "The batches are" not in str(InvalidBatchId(None))
