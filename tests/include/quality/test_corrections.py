"""An encounter that arrives again with other values is a correction, which a person decides on."""

from importlib import import_module
from pathlib import Path

import psycopg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import NullPool, create_engine

from readmission.domain.splitting import Split
from readmission.errors import NotACorrection
from readmission.pipeline.ingest import ingest
from readmission.pipeline.process import process
from readmission.pipeline.replay import NO_LIMIT, replay
from readmission.pipeline.source import Dataset, Origin
from readmission.quality.gates import Gatekeeper
from readmission.quality.report.overview import Overview
from readmission.quality.report.pages import render
from readmission.warehouse import BatchState, CleanWarehouse, Quarantine, RawBatch, RawWarehouse
from readmission.warehouse.raw.corrections import Corrections
from readmission.warehouse.raw.repeated_rows import RepeatedRows
from readmission.warehouse.reconciliation import account
from tests.databases import address_of
from tests.include.quality.conftest import LIMIT, NO_ROWS, last_verdict
from tests.include.tables import contents, encounters

FIRST, SECOND = "batch-0001", "batch-0002"
ROWS = 60
MIGRATION = "readmission.warehouse.migrations.raw.0010_rows_from_one"
BY = "Dr. Osei"
AGE, OTHER_AGE = "[40-50)", "[50-60)"


def load(raw: RawWarehouse, rows: int = ROWS, **cells: dict[int, str]) -> RawBatch:
    """Let the first rows of a file arrive; `cells` changes values of a column, by row."""
    table = encounters(2 * ROWS, age={9: AGE} | cells.pop("age", {}), **cells)
    dataset = Dataset(Path("file.csv"), Origin.FILE, table.slice(0, rows))
    (batch,) = ingest(dataset, raw, 10_000)
    return batch


@pytest.fixture
def first(raw: RawWarehouse) -> RawBatch:
    """An accepted batch."""
    return raw.accept(load(raw).batch_id, NO_ROWS)


def test_a_file_with_one_corrected_value(
    raw: RawWarehouse, first: RawBatch, gatekeeper: Gatekeeper, clean: CleanWarehouse
) -> None:
    # given a file that is known, with one other age and a new row
    batch = load(raw, ROWS + 1, age={9: OTHER_AGE})

    # when
    batch = gatekeeper.raw(raw, batch.batch_id, LIMIT)

    # then the new row is accepted, and the correction is held beside the row that it corrects
    assert (batch.state, batch.repeated_rows) == (BatchState.ACCEPTED, ROWS - 1)
    assert (batch.quarantined_rows, batch.accepted_rows) == (1, 1)
    (correction,) = Corrections(raw.connection).all()
    assert (correction.batch_id, correction.source_row, correction.status) == (SECOND, 9, "held")
    assert (correction.earlier_batch, correction.earlier_row) == (FIRST, 9)
    assert correction.columns == ["age"]
    assert Corrections(raw.connection).values(correction) == [("age", AGE, OTHER_AGE)]
    assert len(raw.read(FIRST)) == ROWS
    # and the gate warns, without a value
    verdict = last_verdict(raw.connection)
    assert verdict.passed
    assert "no row waits as a correction of an earlier batch; 1 row fails" in str(verdict.failures)
    # and the overview shows the row and the column
    page = render(Overview.gather(raw, clean))["index.html"]
    assert "<td>row 10 of batch-0001</td>\n<td>age</td>\n<td><strong>held</strong></td>" in page
    assert OTHER_AGE not in page
    # and the unchanged file is not an error, nor is the gate run again
    before = contents(raw.connection, clock=False)
    gatekeeper.raw(raw, SECOND, LIMIT)
    after = contents(raw.connection, clock=False)
    assert {**after, "gate_verdict": []} == {**before, "gate_verdict": []}


def test_a_rejected_correction_that_arrives_again_is_repeated(
    raw: RawWarehouse, first: RawBatch, gatekeeper: Gatekeeper
) -> None:
    # given
    gatekeeper.raw(raw, load(raw, age={9: OTHER_AGE}).batch_id, LIMIT)
    Quarantine(raw.connection).waive(SECOND, [9], BY, "the ward says no")

    # when it arrives again, in another file
    again = load(raw, ROWS - 1, age={9: OTHER_AGE})

    # then nobody has to decide twice
    (correction,) = Corrections(raw.connection).all()
    assert (correction.status, correction.decided_by) == ("rejected", BY)
    assert RepeatedRows(raw.connection).mark(again.batch_id) == ROWS - 1
    assert Corrections(raw.connection).find(again.batch_id) == []


def refine(raw: RawWarehouse, clean: CleanWarehouse, *batches: str) -> None:
    for batch_id in batches:
        process(raw, clean, batch_id, "a key")
        clean.accept(batch_id)


def ages(clean: CleanWarehouse, encounter: int, up_to: str | None = None) -> list[int]:
    """Return the ages that CLEAN has for an encounter, as of a batch."""
    rows = clean.read_splits(tuple(Split), up_to)
    return rows.loc[rows["encounter_id"] == encounter, "age"].tolist()


def test_an_accepted_correction_replaces_the_row_in_clean(
    raw: RawWarehouse, first: RawBatch, gatekeeper: Gatekeeper, clean: CleanWarehouse
) -> None:
    # given a held correction, and a new row
    encounter = int(raw.read(FIRST)["encounter_id"][9])
    gatekeeper.raw(raw, load(raw, ROWS + 1, age={9: OTHER_AGE}).batch_id, LIMIT)
    refine(raw, clean, FIRST, SECOND)
    splits, test_rows = clean.patient_splits(), clean.test_encounters(SECOND)
    before = clean.read_encounters([encounter], SECOND)
    assert ages(clean, encounter) == [45]

    # when a person accepts it
    Quarantine(raw.connection).fix(SECOND, [9], {}, BY, "the ward says so")
    (replayed,) = replay(raw)
    replayed = gatekeeper.raw(raw, replayed.batch_id, NO_LIMIT)
    refine(raw, clean, replayed.batch_id)

    # then CLEAN has the corrected row, and the patient's split stays
    assert (replayed.quarantined_rows, replayed.accepted_rows) == (0, 1)
    assert ages(clean, encounter) == [55]
    assert clean.patient_splits() == splits
    # and as of the batches before, it has the row of that time
    assert ages(clean, encounter, SECOND) == [45]
    assert clean.test_encounters(SECOND) == test_rows
    assert clean.read_encounters([encounter], SECOND) == before
    # and every row is in one place
    assert str(account(raw, clean)) == (
        f"{2 * ROWS + 1} encounters = {ROWS + 1} clean + 0 in quarantine"
        f" + {ROWS - 1} repeated + 1 superseded"
    )
    (correction,) = Corrections(raw.connection).all()
    assert (correction.status, correction.decided_by) == ("accepted", BY)
    # and processing the batches once more changes nothing
    stored = contents(clean.connection, clock=False)
    refine(raw, clean, FIRST, SECOND, replayed.batch_id)
    assert contents(clean.connection, clock=False) == stored


def test_a_superseded_row_is_valid_until_the_correction_passes_the_clean_gate(
    raw: RawWarehouse, first: RawBatch, clean: CleanWarehouse
) -> None:
    # given the rule that accepts corrections
    encounter = int(raw.read(FIRST)["encounter_id"][9])
    second = accept(raw, load(raw, age={9: OTHER_AGE}))
    assert second.accepted_rows == 1
    refine(raw, clean, FIRST)
    process(raw, clean, SECOND, "a key")

    # then
    assert ages(clean, encounter) == [45]
    clean.reject(SECOND, ["a row was lost"])
    assert ages(clean, encounter) == [45]
    clean.accept(SECOND)
    assert ages(clean, encounter) == [55]
    (correction,) = Corrections(raw.connection).all()
    assert (correction.status, correction.why) == ("accepted", "READMISSION_CORRECTIONS=accept")
    # and a batch that reaches CLEAN late is superseded from the start
    clean.connection.execute("DELETE FROM encounter WHERE batch_id = %s", (FIRST,))
    clean.connection.execute("DELETE FROM batch WHERE batch_id = %s", (FIRST,))
    clean.connection.execute("DELETE FROM patient")
    refine(raw, clean, FIRST)
    assert ages(clean, encounter) == [55]


def test_the_rule_does_not_accept_values_that_were_superseded(
    raw: RawWarehouse, first: RawBatch
) -> None:
    # given a correction that the rule accepted
    accept(raw, load(raw, age={9: OTHER_AGE}))

    # when the first values arrive again, in another file
    again = load(raw, ROWS - 1)

    # then a person decides
    RepeatedRows(raw.connection).mark(again.batch_id)
    (found,) = Corrections(raw.connection).find(again.batch_id, "accept")
    assert (found.source_row, found.is_accepted, found.earlier_batch) == (9, False, SECOND)


def accept(raw: RawWarehouse, batch: RawBatch) -> RawBatch:
    """Accept a batch and its corrections, like the gate with the rule that accepts them."""
    RepeatedRows(raw.connection).mark(batch.batch_id)
    corrections = Corrections(raw.connection).find(batch.batch_id, "accept")
    assert all(one.is_accepted for one in corrections)
    return raw.accept(batch.batch_id, NO_ROWS, corrections)


def test_only_a_correction_can_be_decided_on_as_one(raw: RawWarehouse, first: RawBatch) -> None:
    with pytest.raises(NotACorrection, match="row 8 of batch-0001 corrects no other row"):
        Corrections(raw.connection).require(FIRST, [7])


def test_a_row_that_breaks_its_contract_is_quarantined_for_that(
    raw: RawWarehouse, first: RawBatch, gatekeeper: Gatekeeper
) -> None:
    gatekeeper.raw(raw, load(raw, age={9: "[300-310)"}).batch_id, LIMIT)

    (reason,) = Quarantine(raw.connection).row(SECOND, 9).reasons
    assert reason.startswith("age: is one of")
    assert Corrections(raw.connection).all() == []


def test_a_reason_of_an_earlier_version_counts_from_1_after_the_migration(
    raw: RawWarehouse, first: RawBatch, gatekeeper: Gatekeeper
) -> None:
    # given a rejected correction whose reason names the earlier row from 0
    load(raw, ROWS, age={9: OTHER_AGE})
    gatekeeper.raw(raw, SECOND, LIMIT)
    (reason,) = Quarantine(raw.connection).row(SECOND, 9).reasons
    raw.connection.execute(
        "UPDATE quarantine SET reasons = %s", ([reason.replace("row 10 ", "row 9 ")],)
    )
    Quarantine(raw.connection).waive(SECOND, [9], "Osei", "typing error")

    raw.connection.commit()

    # when Alembic applies the migration, and once more
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(address_of(raw.connection)),
        poolclass=NullPool,
    )
    for _ in range(2):
        with engine.begin() as begun, Operations.context(MigrationContext.configure(begun)):
            import_module(MIGRATION).upgrade()

    # then
    assert reason.startswith("corrects row 10 of batch-0001 (")
    assert Quarantine(raw.connection).row(SECOND, 9).reasons == [reason]
