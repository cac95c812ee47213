"""The raw gate quarantines bad rows, and rejects a batch that has too many of them."""

import re
from pathlib import Path

import pytest

from readmission.domain import schema
from readmission.errors import GateFailed
from readmission.quality.gates import Gatekeeper
from readmission.warehouse import BatchState, RawWarehouse
from readmission.warehouse.verdicts import VerdictLog
from tests.include.quality.conftest import LIMIT, NO_ROWS, ROWS, last_verdict
from tests.include.tables import contents, encounters


def identifiers(warehouse: RawWarehouse) -> set[str]:
    """Return the numbers of all encounters and patients in RAW."""
    rows = warehouse.connection.execute("SELECT encounter_id, patient_nbr FROM encounter")
    return {number for row in rows for number in row if number.isdecimal()}


def test_a_good_batch_is_accepted_whole_however_often_it_is_checked(
    raw: RawWarehouse, gatekeeper: Gatekeeper
) -> None:
    # given
    raw.load(encounters(ROWS), 0, "synthetic")

    # when
    batch = gatekeeper.raw(raw, "batch-0001", LIMIT)
    before = contents(raw.connection, clock=False)
    gatekeeper.raw(raw, "batch-0001", LIMIT)

    # then
    assert (batch.state, batch.quarantined_rows) == (BatchState.ACCEPTED, 0)
    after = contents(raw.connection, clock=False)
    assert {**after, "gate_verdict": []} == {**before, "gate_verdict": []}
    verdict = last_verdict(raw.connection)
    assert (verdict.gate, verdict.passed, verdict.failures) == ("raw", True, [])
    assert verdict.expectations > len(schema.NAMES)


def test_each_kind_of_bad_row_is_quarantined_with_its_reasons(
    raw: RawWarehouse, gatekeeper: Gatekeeper
) -> None:
    # given an earlier batch
    raw.load(encounters(1), 0, "synthetic")
    raw.accept("batch-0001", NO_ROWS)
    known = encounters(1)[schema.ENCOUNTER][0].as_py()
    # and a batch whose bad rows each have another fault
    bad = {
        10: ("age", "[120-130)"),
        11: ("age", "?"),
        12: ("time_in_hospital", "five"),
        13: ("time_in_hospital", "15"),
        14: ("num_lab_procedures", "4.5"),
        15: ("diag_1", "Z3A.20"),
        16: ("insulin", ""),
        17: ("gender", "?"),
        18: ("discharge_disposition_id", "199"),
        19: ("payer_code", "<script>"),
        20: ("readmitted", "MAYBE"),
        21: ("readmitted", "?"),
        22: ("patient_nbr", "unknown"),
    }
    cells: dict[str, dict[int, str]] = {}
    for row, (name, value) in bad.items():
        cells.setdefault(name, {})[row] = value
    cells[schema.ENCOUNTER] = {0: known, 30: "2000009999", 31: "2000009999"}
    raw.load(encounters(ROWS, **cells), 1_000, "file")

    # when
    batch = gatekeeper.raw(raw, "batch-0002", LIMIT)

    # then exactly those are quarantined
    quarantined = raw.quarantine().set_index("source_row")["reasons"]
    assert (batch.state, batch.quarantined_rows) == (BatchState.ACCEPTED, len(bad) + 3)
    assert set(quarantined.index) == {1_000 + row for row in (*bad, 0, 30, 31)}
    # each with its column and the expected values
    for row, (name, value) in bad.items():
        (reason,) = quarantined[1_000 + row]
        expected = f"{name}: is {schema.BY_NAME[name].expected}"
        # and with the value that arrived, unless it is a patient's number
        found = "" if name == schema.PATIENT else f"; found {value!r}"
        assert reason == expected + found
    assert quarantined[1_000][0].startswith("corrects row 1 of batch-0001 (")
    assert "occurs once in a batch" in quarantined[1_030][0]
    # none of them passes, and none is lost
    assert set(raw.read("batch-0002")["source_row"]) == set(range(1_000, 1_000 + ROWS))
    assert not set(quarantined.index) & set(raw.read("batch-0002", quarantined=False)["source_row"])


def test_too_many_bad_rows_reject_a_batch_but_not_the_next_one(
    raw: RawWarehouse, gatekeeper: Gatekeeper
) -> None:
    # given more bad rows than the limit, including repeated encounters and a bad key
    number = encounters(1)[schema.ENCOUNTER][0].as_py()
    bad = encounters(
        ROWS,
        age=dict.fromkeys(range(12), "[200-210)"),
        encounter_id=dict.fromkeys(range(12, 20), number),
        patient_nbr={20: "-77"},
    )
    raw.load(bad, 0, "file")
    raw.load(encounters(2 * ROWS).slice(ROWS), ROWS, "file")

    # when
    with pytest.raises(GateFailed) as stopped:
        gatekeeper.raw(raw, "batch-0001", LIMIT)
    good = gatekeeper.raw(raw, "batch-0002", LIMIT)

    # then the batch is rejected and stays readable
    batch = raw.batch("batch-0001")
    assert (batch.state, batch.quarantined_rows) == (BatchState.REJECTED, 0)
    assert len(raw.read("batch-0001")) == ROWS
    # the message names the count, the limit and the column; the value is stored, and not logged
    message = str(stopped.value)
    assert batch.reason == "\n".join(stopped.value.failures) + ", e.g. [200-210)"
    assert "21 of 400 rows are bad, more than the limit of 5.0%" in message
    assert "age: is one of [0-10)" in message
    assert "[200-210)" not in message
    assert "12 rows fail" in message
    texts = message + batch.reason + str(VerdictLog(raw.connection).verdicts())
    assert not identifiers(raw) & set(re.findall(r"\d+", texts))
    # and the next batch is accepted: its encounters do not count as repeated
    assert (good.state, good.quarantined_rows) == (BatchState.ACCEPTED, 0)


def test_a_patients_number_in_the_wrong_column_is_not_shown(
    raw: RawWarehouse, gatekeeper: Gatekeeper, tmp_path: Path
) -> None:
    # given a row whose values are shifted by one column
    raw.load(encounters(ROWS, race={5: "8222157"}, gender={5: "Caucasian"}), 0, "file")

    gatekeeper.raw(raw, "batch-0001", LIMIT)

    (reasons,) = raw.quarantine()["reasons"]
    assert any(reason.startswith("race: is one of") for reason in reasons)
    assert any("found 'Caucasian'" in reason for reason in reasons)
    texts = [*reasons, *last_verdict(raw.connection).failures]
    texts += [page.read_text() for page in tmp_path.rglob("*.html")]
    assert not any("8222157" in text for text in texts)


def test_an_empty_batch_is_rejected(raw: RawWarehouse, gatekeeper: Gatekeeper) -> None:
    raw.load(encounters(5).slice(0, 0), 0, "file")

    with pytest.raises(GateFailed, match="a batch has at least one encounter"):
        gatekeeper.raw(raw, "batch-0001", LIMIT)

    assert raw.batch("batch-0001").state is BatchState.REJECTED
