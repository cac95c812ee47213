"""Synthetic encounters work like real ones in every part of the system."""

import io

from pyarrow import csv as arrow_csv

from readmission.domain import cleaning, schema, synthetic
from tests.include.contract import violations


def test_every_value_satisfies_the_contract() -> None:
    assert violations(synthetic.encounters(5_000).to_pandas()) == {}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert synthetic.csv_bytes(300) == synthetic.csv_bytes(300)
    assert synthetic.csv_bytes(300) != synthetic.csv_bytes(300, seed=1)


def test_the_csv_is_written_like_the_uci_file() -> None:
    table = synthetic.encounters(300)

    read = arrow_csv.read_csv(io.BytesIO(synthetic.csv_bytes(300)))

    assert tuple(read.column_names) == schema.NAMES
    assert [str(key) for key in read[schema.ENCOUNTER].to_pylist()] == table[
        schema.ENCOUNTER
    ].to_pylist()
    assert {"None", "?"} <= {*table["A1Cresult"].to_pylist(), *table["race"].to_pylist()}
    assert read["A1Cresult"].to_pylist() == table["A1Cresult"].to_pylist()


def test_they_contain_all_cases_that_the_pipeline_handles() -> None:
    raw = synthetic.encounters(5_000).to_pandas()

    assert raw[schema.ENCOUNTER].is_unique
    assert raw[schema.PATIENT].duplicated().any()
    assert set(raw[schema.TARGET]) == set(schema.CLASSES)
    died = ~cleaning.eligible(raw)
    assert died.any()
    assert set(raw.loc[died, schema.TARGET]) == {"NO"}
    assert (raw.loc[:, [c.name for c in schema.COLUMNS if c.nullable]] == "?").any().all()


def test_they_are_recognised_as_synthetic() -> None:
    generated = synthetic.encounters(10)

    assert synthetic.is_synthetic(generated)
    assert not synthetic.is_synthetic(generated.slice(1))
    assert not synthetic.is_synthetic(generated.slice(0, 0))
