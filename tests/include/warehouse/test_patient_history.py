"""The history of an encounter: what was known of the patient's earlier stays when it began."""

from importlib import import_module

import pandas as pd
import psycopg
import pyarrow as pa
import pytest

from readmission.domain import cleaning, schema
from readmission.domain.columns import earlier_stays
from readmission.domain.columns.history import NO_HISTORY, History, Stay, history_of
from readmission.domain.privacy import Pseudonyms
from readmission.pipeline.process import process
from readmission.pipeline.training import reading
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.clean.patient_history import PatientHistory
from tests.include.tables import encounters

pytestmark = pytest.mark.slow

KEY = "a key of at least thirty-two characters"
HASHED = Pseudonyms(KEY).patient
ROWS = 400
NO_ROWS = pd.DataFrame({"source_row": [], "reasons": []})
FIRST = Stay(10, 1, 4, 12, 1, 0, 5, "1", "circulatory/428", followed_soon=True)
SECOND = Stay(20, 1, 2, 8, 2, 1, 0, "6", "diabetes/250.4", followed_soon=False)
THIRD = Stay(30, 2, 9, 20, 3, 0, 0, "3", "other/38", followed_soon=True)
VISITS = ("inpatient", "emergency", "outpatient")


def test_the_history_has_the_stays_before_and_the_facts_of_the_last() -> None:
    assert history_of([SECOND, THIRD, FIRST], 30, 2) == History(
        stays=2,
        days=6,
        inpatient=3,
        emergency=1,
        outpatient=5,
        last=SECOND,
    )
    assert history_of([FIRST, SECOND], 20, 1).last == FIRST
    assert history_of([FIRST, SECOND, THIRD], 10, 1) == NO_HISTORY


def test_a_stay_of_the_same_batch_counts_and_one_that_arrived_later_does_not() -> None:
    late = FIRST._replace(batch=3)

    assert history_of([FIRST], 20, 1).stays == 1
    assert history_of([late], 20, 2) == NO_HISTORY
    assert history_of([late], 20, 3).stays == 1


def test_a_corrected_stay_counts_once_as_it_was_known() -> None:
    corrected = FIRST._replace(batch=2, days=5)

    assert history_of([FIRST, corrected], 20, 1).days == 4
    assert history_of([FIRST, corrected], 20, 2).days == 5
    assert history_of([corrected, FIRST], 20, 2).stays == 1


@pytest.fixture
def raw(raw_db: psycopg.Connection) -> RawWarehouse:
    """Two accepted batches of patients with several stays; not in the order of their numbers."""
    warehouse = RawWarehouse(raw_db)
    everything = in_another_order(encounters(2 * ROWS))
    for offset in (0, ROWS):
        warehouse.load(everything.slice(offset, ROWS), offset, "synthetic")
    for batch_id in ("batch-0001", "batch-0002"):
        warehouse.accept(batch_id, NO_ROWS)
    return warehouse


def in_another_order(table: pa.Table) -> pa.Table:
    frame: pd.DataFrame = table.to_pandas().sample(frac=1, random_state=2)
    return pa.Table.from_pandas(frame, table.schema, preserve_index=False)


@pytest.fixture
def filled(raw: RawWarehouse, clean_db: psycopg.Connection) -> CleanWarehouse:
    warehouse = CleanWarehouse(clean_db)
    for batch_id in ("batch-0001", "batch-0002"):
        process(raw, warehouse, batch_id, "a key", HASHED)
        warehouse.accept(batch_id)
    return warehouse


def histories(warehouse: CleanWarehouse) -> dict[int, History]:
    """Return the history of every encounter, each as of its batch."""
    return {
        stay.encounter: history_of(stays, stay.encounter, stay.batch)
        for stays in PatientHistory(warehouse.connection).stays().values()
        for stay in stays
    }


def test_every_history_equals_one_recomputed_from_raw(
    raw: RawWarehouse, filled: CleanWarehouse
) -> None:
    # given the rows as they arrived, in the order of their numbers
    batches = {number: raw.read(f"batch-000{number}") for number in (1, 2)}
    rows = pd.concat(
        [
            rows.assign(batch=number, diagnosis=cleaning.clean(rows)["diag_1"])
            for number, rows in batches.items()
        ]
    ).astype(
        {schema.ENCOUNTER: int, "time_in_hospital": int, "num_medications": int}
        | {f"number_{name}": int for name in VISITS}
    )
    rows = rows.sort_values(schema.ENCOUNTER)

    # when
    found = histories(filled)

    # then
    assert len(found) == 2 * ROWS
    for row in rows.to_dict("records"):
        before = rows[
            (rows[schema.PATIENT] == row[schema.PATIENT])
            & (rows[schema.ENCOUNTER] < row[schema.ENCOUNTER])
            & (rows["batch"] <= row["batch"])
        ]
        history = found[row[schema.ENCOUNTER]]
        assert (history.stays, history.days) == (len(before), before["time_in_hospital"].sum())
        for name in VISITS:
            assert getattr(history, name) == before[f"number_{name}"].sum()
        if history.last is not None:
            last = before.iloc[-1]
            assert history.last == Stay(
                last[schema.ENCOUNTER],
                last["batch"],
                last["time_in_hospital"],
                last["num_medications"],
                *last[[f"number_{name}" for name in VISITS]],
                last["discharge_disposition_id"],
                last["diagnosis"],
                last[schema.TARGET] == "<30",
            )
    assert all((history.last is None) == (history.stays == 0) for history in found.values())
    assert sum(history.stays > 0 for history in found.values()) > ROWS / 4


def test_a_later_stay_and_a_later_batch_change_no_history(
    raw: RawWarehouse, filled: CleanWarehouse
) -> None:
    # given a third batch with a later and an earlier stay of a patient who was seen before
    before = histories(filled)
    patient = raw.read("batch-0001")[schema.PATIENT].iloc[0]
    numbers = {0: "999999999999", 1: "1"}
    batch = encounters(2, patient_nbr=dict.fromkeys((0, 1), patient), encounter_id=numbers)
    raw.load(batch, 2 * ROWS, "synthetic")
    raw.accept("batch-0003", NO_ROWS)

    # when
    process(raw, filled, "batch-0003", "a key", HASHED)
    filled.accept("batch-0003")

    # then
    after = histories(filled)
    assert {number: after[number] for number in before} == before
    assert after[1] == NO_HISTORY
    assert after[999_999_999_999].stays > 1


def test_swapping_no_and_more_than_30_days_changes_nothing(
    raw: RawWarehouse, filled: CleanWarehouse
) -> None:
    before = histories(filled)
    raw.connection.execute(
        "UPDATE encounter SET readmitted = CASE readmitted WHEN 'NO' THEN '>30' ELSE 'NO' END"
        " WHERE readmitted <> '<30'"
    )

    for batch_id in ("batch-0001", "batch-0002"):
        process(raw, filled, batch_id, "a key", HASHED)
        filled.accept(batch_id)

    assert histories(filled) == before


def test_stays_of_an_earlier_version_gain_their_visits(filled: CleanWarehouse) -> None:
    # given stays as the release before wrote them
    fingerprints = "SELECT * FROM history_fingerprint ORDER BY batch_id"
    before = histories(filled), filled.connection.execute(fingerprints).fetchall()
    dropped = ", ".join(f"DROP COLUMN {name}" for name in VISITS)
    filled.connection.execute(f"ALTER TABLE patient_history {dropped}")

    # when
    revision = import_module("readmission.warehouse.migrations.clean.0017_visits_of_stays")
    for step in (revision.COLUMNS, revision.VISITS, revision.NO_DEFAULTS, revision.FINGERPRINTS):
        filled.connection.execute(step)

    # then
    assert (histories(filled), filled.connection.execute(fingerprints).fetchall()) == before


def test_a_rejected_batch_counts_in_no_history(filled: CleanWarehouse) -> None:
    filled.connection.execute("UPDATE batch SET state = 'rejected' WHERE batch_id = 'batch-0001'")

    assert len(histories(filled)) == ROWS


def test_training_rows_have_the_history_that_the_table_gives(filled: CleanWarehouse) -> None:
    # given the histories under the patients' hashes
    found = histories(filled)

    # when
    rows = reading.whole(filled, "batch-0002", history=True)

    # then
    for row in rows.to_dict("records"):
        fields = found[row[schema.ENCOUNTER]].fields()
        assert {name: row[name] for name in fields} == fields
    assert (rows[earlier_stays.KNOWN] > 0).sum() > ROWS / 4
    assert (rows[earlier_stays.KNOWN] >= 0).all()
