"""The quarantine: rows set aside, decisions about them, and which decisions are final."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from readmission.domain import schema
from readmission.domain.columns import Column
from readmission.errors import DecisionRefused, InvalidValue, NotQuarantined
from readmission.warehouse import (
    DecisionLog,
    QuarantinedRow,
    RowState,
)
from tests.include.contract import acceptable
from tests.include.hospital import BAD, FIRST, GOOD, REASONS, Hospital
from tests.include.tables import contents

BY, WHY = "Dr. Osei", "typing error, checked with the ward"


@pytest.fixture
def hospital(raw_db: psycopg.Connection, clean_db: psycopg.Connection, tmp_path: Path) -> Hospital:
    """One batch with rows 7 and 8 set aside."""
    hospital = Hospital(raw_db, clean_db, tmp_path)
    hospital.arrive(age=BAD)
    hospital.set_aside(FIRST, 7, 8)
    return hospital


def close(hospital: Hospital, state: RowState) -> None:
    """Bring row 7 into a final state."""
    if state is RowState.WAIVED:
        hospital.quarantine.waive(FIRST, [7], BY, WHY)
    else:
        hospital.quarantine.fix(FIRST, [7], GOOD, BY, WHY)
        hospital.replay()


def test_a_quarantined_row_is_open_and_keeps_its_reasons_and_values(hospital: Hospital) -> None:
    rows = hospital.quarantine.rows()

    assert [(r.batch_id, r.source_row, r.state) for r in rows] == [
        (FIRST, 7, RowState.OPEN),
        (FIRST, 8, RowState.OPEN),
    ]
    assert rows[0].reasons == REASONS
    assert (rows[0].correction, rows[0].decided_by, rows[0].decided_at) == ({}, "", None)
    arrived = hospital.quarantine.as_arrived(rows[::-1])
    read = hospital.raw.read(FIRST).set_index("source_row")
    assert arrived == [read.loc[8].to_dict(), read.loc[7].to_dict()]


def test_a_decision_records_who_when_and_why(hospital: Hospital) -> None:
    (fixed,) = hospital.quarantine.fix(FIRST, [7], GOOD, f" {BY} ", WHY)
    (waived,) = hospital.quarantine.waive(FIRST, [8], BY, "no record of this patient")

    assert (fixed.state, fixed.correction) == (RowState.FIXED, GOOD)
    assert (waived.state, waived.correction) == (RowState.WAIVED, {})
    assert (fixed.decided_by, fixed.why, waived.why) == (BY, WHY, "no record of this patient")
    for row in (fixed, waived):
        assert row.decided_at is not None
        assert datetime.now(UTC) - row.decided_at < timedelta(minutes=1)
    assert hospital.quarantine.rows(state=RowState.WAIVED) == [waived]
    assert hospital.quarantine.row(FIRST, 7) == fixed
    assert hospital.quarantine.rows("batch-0002") == []


def test_a_decision_does_not_change_the_row_in_raw(hospital: Hospital) -> None:
    before = contents(hospital.raw.connection)

    hospital.quarantine.fix(FIRST, [7], GOOD, BY, WHY)
    hospital.quarantine.waive(FIRST, [8], BY, WHY)

    after = contents(hospital.raw.connection)
    assert {name for name in before if before[name] != after[name]} == {
        "quarantine", "quarantine_decision",
    }  # fmt: skip


def test_a_correction_can_be_replaced_and_waived_until_it_is_replayed(hospital: Hospital) -> None:
    hospital.quarantine.fix(FIRST, [7], {"age": "[0-10)"}, BY, WHY)
    (again,) = hospital.quarantine.fix(FIRST, [7], GOOD, "Dr. Ba", "second look")
    (waived,) = hospital.quarantine.waive(FIRST, [7], BY, "third look")

    assert (again.correction, again.decided_by) == (GOOD, "Dr. Ba")
    assert (waived.state, waived.correction) == (RowState.WAIVED, {})
    # and all decisions are kept in order
    log = DecisionLog(hospital.raw.connection)
    assert [(d.state, d.correction, d.decided_by, d.why) for d in log.decisions(FIRST, 7)] == [
        (RowState.FIXED, {"age": "[0-10)"}, BY, WHY),
        (RowState.FIXED, GOOD, "Dr. Ba", "second look"),
        (RowState.WAIVED, {}, BY, "third look"),
    ]
    assert log.decisions(FIRST, 7)[-1].decided_at == waived.decided_at
    assert log.decisions(FIRST, 8) == log.decisions("batch-0002") == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE quarantine_decision SET why = 'another reason'",
        "DELETE FROM quarantine_decision",
        "TRUNCATE quarantine_decision",
    ],
)
def test_decisions_are_append_only(hospital: Hospital, statement: str) -> None:
    hospital.quarantine.fix(FIRST, [7], GOOD, BY, WHY)

    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        hospital.raw.connection.execute(statement.encode())
    hospital.raw.connection.rollback()


def test_a_refused_decision_is_not_logged(hospital: Hospital) -> None:
    hospital.quarantine.waive(FIRST, [8], BY, WHY)

    with pytest.raises(DecisionRefused, match="row 9"):
        hospital.quarantine.fix(FIRST, [7, 8], GOOD, BY, WHY)

    assert [d.source_row for d in DecisionLog(hospital.raw.connection).decisions()] == [8]


def test_a_decision_without_rows_is_refused(hospital: Hospital) -> None:
    with pytest.raises(DecisionRefused, match="needs rows: state the number of at least one"):
        hospital.quarantine.fix(FIRST, [], GOOD, BY, WHY)


def test_a_row_that_is_named_twice_is_decided_on_once(hospital: Hospital) -> None:
    waived = hospital.quarantine.waive(FIRST, [8, 7, 8], BY, WHY)

    assert [row.source_row for row in waived] == [7, 8]
    decisions = DecisionLog(hospital.raw.connection).decisions()
    assert [one.source_row for one in decisions] == [8, 7]


def test_the_same_decision_again_changes_nothing(hospital: Hospital) -> None:
    # given a task that was killed after its commit
    hospital.quarantine.waive(FIRST, [7], BY, WHY)
    hospital.quarantine.fix(FIRST, [8], GOOD, BY, WHY)
    before = contents(hospital.raw.connection)

    # when it is run again
    hospital.quarantine.waive(FIRST, [7], BY, WHY)
    hospital.quarantine.fix(FIRST, [8], GOOD, BY, WHY)

    assert contents(hospital.raw.connection) == before


@pytest.mark.parametrize("state", [RowState.WAIVED, RowState.REPLAYED])
@pytest.mark.parametrize(
    "decide",
    [
        lambda quarantine: quarantine.fix(FIRST, [7], GOOD, BY, WHY),
        lambda quarantine: quarantine.waive(FIRST, [7], "Dr. Ba", "on second thoughts"),
    ],
    ids=["fix", "waive"],
)
def test_waived_and_replayed_are_final(
    hospital: Hospital, state: RowState, decide: Callable[..., list[QuarantinedRow]]
) -> None:
    close(hospital, state)
    before = contents(hospital.raw.connection)

    with pytest.raises(DecisionRefused, match=rf"row 8 of {FIRST} was {state} .*final"):
        decide(hospital.quarantine)

    assert contents(hospital.raw.connection) == before


@pytest.mark.parametrize("state", [RowState.WAIVED, RowState.REPLAYED])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE quarantine SET state = 'open', decided_at = NULL, replay_batch = NULL",
        "UPDATE quarantine SET why = 'another reason'",
        "DELETE FROM quarantine WHERE source_row = 7",
    ],
)
def test_the_database_rejects_changes_of_a_final_row(
    hospital: Hospital, state: RowState, statement: str
) -> None:
    close(hospital, state)

    with pytest.raises(psycopg.errors.RaiseException, match=f"row 7 of {FIRST} is {state}"):
        hospital.raw.connection.execute(statement.encode())
    hospital.raw.connection.rollback()


def test_a_decision_applies_to_all_rows_or_none(hospital: Hospital) -> None:
    hospital.quarantine.waive(FIRST, [8], BY, WHY)

    with pytest.raises(DecisionRefused, match="row 9"):
        hospital.quarantine.fix(FIRST, [7, 8], GOOD, BY, WHY)
    with pytest.raises(NotQuarantined, match=f"{FIRST} has no row 10"):
        hospital.quarantine.waive(FIRST, [7, 9], BY, WHY)

    assert hospital.quarantine.row(FIRST, 7).state is RowState.OPEN


@pytest.mark.parametrize(("by", "why"), [("", WHY), (BY, ""), ("  ", WHY), (BY, "\t")])
def test_a_decision_needs_a_name_and_a_reason(hospital: Hospital, by: str, why: str) -> None:
    with pytest.raises(DecisionRefused, match="a name and a reason"):
        hospital.quarantine.fix(FIRST, [7], GOOD, by, why)
    with pytest.raises(DecisionRefused, match="a name and a reason"):
        hospital.quarantine.waive(FIRST, [7], by, why)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("age", "[300-310)", r"'age': '\[300-310\)' is not allowed, expected one of \[0-10\)"),
        ("aeg", "[0-10)", r"'aeg': 'no such column' is not allowed, expected one of age"),
        ("gender", "?", "'gender': '\\?' is not allowed"),
        ("time_in_hospital", "15", "a whole number from 1 to 14"),
        ("time_in_hospital", "2.5", "a whole number from 1 to 14"),
        ("diag_1", "heart", "an ICD-9 code"),
    ],
)
def test_a_correction_outside_the_contract_is_rejected(
    hospital: Hospital, column: str, value: str, message: str
) -> None:
    with pytest.raises(InvalidValue, match=message):
        hospital.quarantine.fix(FIRST, [7], GOOD | {column: value}, BY, WHY)

    assert hospital.quarantine.row(FIRST, 7).state is RowState.OPEN


def test_an_error_does_not_repeat_the_number_of_a_patient(hospital: Hospital) -> None:
    with pytest.raises(InvalidValue, match="'this value' is not allowed") as refused:
        hospital.quarantine.fix(FIRST, [7], {schema.PATIENT: "82221S7"}, BY, WHY)

    assert "82221S7" not in str(refused.value)


@pytest.mark.parametrize("column", schema.COLUMNS, ids=schema.NAMES)
def test_a_column_allows_what_the_contract_allows(column: Column) -> None:
    values = [
        *column.values, column.example, "?", "", " ", "0", "1", "14", "15", "-1", "1.0", "007",
        "999999999999", "None", "NO", "V57", "250.83", "E909", "250.", "428\n", "٣", "<script>",
    ]  # fmt: skip

    for value in values:
        # The gates' patterns are laxer: they allow a trailing line break and non-ASCII digits.
        if value not in ("428\n", "٣"):
            assert column.allows(value) is acceptable(column, value), value
    assert not column.allows("428\0")
    assert not column.allows("٣")


class TestGateAgain:
    """A gate that checks a batch again."""

    def test_keeps_decisions_and_replaces_the_rest(self, hospital: Hospital) -> None:
        # given row 7 fixed, row 8 open
        (fixed,) = hospital.quarantine.fix(FIRST, [7], GOOD, BY, WHY)

        # when other rows fail now
        batch = hospital.set_aside(FIRST, 9)

        # then
        rows = hospital.quarantine.rows()
        assert rows[0] == fixed
        assert [(r.source_row, r.state) for r in rows] == [(7, "fixed"), (9, "open")]
        assert batch.quarantined_rows == 2

    def test_keeps_waived_rows_of_a_batch_it_rejects(self, hospital: Hospital) -> None:
        hospital.quarantine.waive(FIRST, [7], BY, WHY)

        hospital.raw.reject(FIRST, ["too many bad rows"])

        assert [(r.source_row, r.state) for r in hospital.quarantine.rows()] == [(7, "waived")]

    def test_finds_the_same_reasons_in_rows_that_were_decided(self, hospital: Hospital) -> None:
        hospital.quarantine.waive(FIRST, [7], BY, WHY)
        hospital.quarantine.fix(FIRST, [8], GOOD, BY, WHY)
        before = contents(hospital.raw.connection, clock=False)["quarantine"]

        hospital.gate(hospital.raw.batch(FIRST))

        assert contents(hospital.raw.connection, clock=False)["quarantine"] == before
