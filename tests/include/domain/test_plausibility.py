"""Implausible rows and changed shares of missing values warn, but never stop a batch."""

from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from readmission.domain.cleaning import parse
from readmission.domain.plausibility import PREFIX, RULES, judged
from readmission.pipeline.ingest import Slice, load
from readmission.pipeline.source import Dataset, Origin
from readmission.warehouse import BatchState, RawWarehouse
from readmission.warehouse.verdicts import VerdictLog
from tests.include.plausible import BROKEN, consistent

ROWS = 200


def file_of(values: dict[str, str]) -> Dataset:
    """Return consistent encounters that all have these values."""
    table = consistent(ROWS).assign(**values)
    return Dataset(Path("file.csv"), Origin.FILE, pa.Table.from_pandas(table, preserve_index=False))


def test_every_rule_has_an_example() -> None:
    assert set(BROKEN) == set(RULES)


@pytest.mark.parametrize("sentence", [None, *BROKEN])
def test_an_example_breaks_its_rule_and_no_other(sentence: str | None) -> None:
    rows = parse(file_of(BROKEN.get(sentence or "", {})).encounters.to_pandas())

    verdicts = judged(rows).filter(like=PREFIX).all()

    broken = {name.removeprefix(PREFIX) for name in verdicts[verdicts].index}
    assert broken == ({sentence} if sentence else set())


@pytest.mark.slow
def test_the_gate_warns_of_implausible_rows_and_of_new_missing_values(
    raw_db: psycopg.Connection, tmp_path: Path
) -> None:
    # given a normal batch, then one without payers and with contradictory medicines
    warehouse = RawWarehouse(raw_db)
    # Great Expectations takes seconds to import, also for those that only collect this file.
    from readmission.quality.gates import Gatekeeper

    gatekeeper = Gatekeeper(tmp_path, lambda _site, _gate: None)
    usual = load(file_of({}), warehouse, Slice(0, ROWS))
    gatekeeper.raw(warehouse, usual.batch_id, 0.05)
    odd_file = file_of({"diabetesMed": "No", "payer_code": "?"})
    shifted = odd_file.encounters.to_pandas()
    shifted["encounter_id"] = [str(1 + row) for row in range(ROWS)]
    odd = load(
        Dataset(odd_file.path, Origin.FILE, pa.Table.from_pandas(shifted, preserve_index=False)),
        warehouse,
        Slice(0, ROWS),
    )

    accepted = gatekeeper.raw(warehouse, odd.batch_id, 0.05)

    first, second = VerdictLog(raw_db).verdicts()
    assert first.failures == []
    assert (accepted.state, accepted.quarantined_rows) == (BatchState.ACCEPTED, 0)
    assert second.passed
    assert len(second.failures) == 2
    assert any("diabetesMed is No" in sentence for sentence in second.failures)
    assert any(
        sentence.startswith("payer_code: missing about as often") for sentence in second.failures
    )
