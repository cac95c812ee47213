"""The chaos benchmark kills each thing in turn, and notices what it looks for."""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import psycopg

from load.benchmarks.chaos.faults import WORKER, Chance
from load.benchmarks.chaos.findings import (
    as_delivered,
    candidates,
    in_clean,
    in_order,
    judged_once,
    served,
)
from readmission.pipeline.process import process
from readmission.warehouse import CleanWarehouse, ModelHistory, Promotion, RawWarehouse
from readmission.warehouse.clean.model_history import Candidate
from readmission.warehouse.sql.content import to_csv
from tests.include.tables import encounters

VERSIONS = [{"version": "1", "run_id": "a"}, {"version": "2", "run_id": "b"}]


def test_what_was_chosen_least_often_is_chosen_next() -> None:
    chance, again = Chance(7), Chance(7)

    first = [chance.rarest("abc") for _ in range(3)]

    assert sorted(first) == ["a", "b", "c"]
    assert [again.rarest("abc") for _ in range(3)] == first
    assert chance.rarest("a") == "a"
    assert chance.rarest("ab") == "b"


def test_airflow_titles_the_processes_of_its_executor_so() -> None:
    found = find_spec("airflow")
    assert found is not None
    assert found.origin is not None
    source = Path(found.origin).with_name("executors") / "local_executor.py"
    assert WORKER in source.read_text()


def delivered(raw_db: psycopg.Connection, folder: Path) -> Path:
    """Load a source into RAW, and return its file."""
    rows, source = encounters(20), folder / "source.csv"
    header = ",".join(rows.column_names).encode() + b"\n"
    source.write_bytes(header + bytes(to_csv(rows)))
    RawWarehouse(raw_db).load(rows, 0, "file")
    return source


def test_rows_at_another_place_than_in_the_source_are_found(
    raw_db: psycopg.Connection, tmp_path: Path
) -> None:
    source = delivered(raw_db, tmp_path)
    assert as_delivered(raw_db, source).ok

    header, first, *others = source.read_bytes().splitlines(keepends=True)
    source.write_bytes(b"".join([header, *others, first]))

    assert not as_delivered(raw_db, source).ok


def test_a_cell_that_is_not_what_was_delivered_is_found(
    raw_db: psycopg.Connection, tmp_path: Path
) -> None:
    source = delivered(raw_db, tmp_path)

    raw_db.execute("UPDATE encounter SET insulin = 'other' WHERE source_row = 7")

    assert as_delivered(raw_db, source).sentence == (
        "0 rows of RAW at another place than in the source, 1 with other values"
    )
    assert not as_delivered(raw_db, source).ok


def test_missing_models_and_trainings_registered_twice_are_found(
    clean_db: psycopg.Connection,
) -> None:
    history = ModelHistory(clean_db)
    assert candidates(history, VERSIONS).ok

    assert not candidates(history, [*VERSIONS, {"version": "3", "run_id": "b"}]).ok
    history.record_candidate(Candidate("batch-0001", "c", "xgboost", "4", "0" * 64))
    assert not candidates(history, VERSIONS).ok


def test_rows_of_clean_that_are_not_those_of_raw_are_found(
    raw_db: psycopg.Connection, clean_db: psycopg.Connection
) -> None:
    raw = RawWarehouse(raw_db)
    batch = raw.load(encounters(20), 0, "file")
    raw.accept(batch.batch_id, pd.DataFrame({"source_row": [], "reasons": []}))
    process(raw, CleanWarehouse(clean_db), batch.batch_id, "key")
    assert in_clean(raw_db, clean_db).ok

    clean_db.execute("UPDATE encounter SET source_row = source_row + 100")

    assert not in_clean(raw_db, clean_db).ok


def test_verdicts_that_are_missing_doubled_or_out_of_order_are_found(
    clean_db: psycopg.Connection,
) -> None:
    history, batches = ModelHistory(clean_db), ["batch-0001", "batch-0002"]
    for version, batch_id in enumerate(batches, 1):
        assert not judged_once(history, batches).ok
        history.record_promotion(Promotion(batch_id, str(version), None, "promoted", "better"))
    assert judged_once(history, batches).ok
    assert in_order(history).ok
    assert served(history, "2").ok
    assert not served(history, "1").ok

    history.record_promotion(Promotion("batch-0001", "3", "2", "promoted", "better"))

    assert not judged_once(history, batches).ok
    assert not in_order(history).ok
