"""Warnings are acknowledged until they expire, change or somebody withdraws that."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from readmission.domain.drift import Drift, Level
from readmission.errors import DecisionRefused
from readmission.quality.gate_decisions import warnings_of
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.clean.drift_log import DriftLog
from readmission.warehouse.sql.gate_warnings import GateWarnings
from readmission.warehouse.verdicts import GateVerdict, VerdictLog
from tests.include.tables import encounters

FIRST, SECOND = "batch-0001", "batch-0002"
SUBJECT = "age_is_odd: true of at most 0.1% of the rows"
MISSING = "payer_code: missing about as often as before"
BY, WHY = "Dr. Osei", "the form has changed"
CHANGED = "open again: it has changed"
FUTURE = datetime.now(UTC) + timedelta(days=30)


@pytest.fixture
def warnings(raw_db: psycopg.Connection) -> GateWarnings:
    """Two batches; the raw gate has warned of both."""
    raw = RawWarehouse(raw_db)
    for offset in (0, 10):
        raw.load(encounters(20).slice(offset, 10), offset, "file")
    warn(raw_db, FIRST, f"{SUBJECT}; 20 rows fail, e.g. True")
    return GateWarnings(raw_db)


def warn(connection: psycopg.Connection, batch_id: str, *sentences: str) -> None:
    verdict = GateVerdict(batch_id, "raw", True, 40, sentences, 1.0, "key")
    VerdictLog(connection).record(verdict)


def only(warnings: GateWarnings, subject: str = SUBJECT) -> str:
    """Return the status of a warning."""
    (found,) = (one for one in warnings.newest() if one.subject == subject)
    return found.status


def test_an_acknowledged_warning_stays_so_in_later_batches(
    warnings: GateWarnings, raw_db: psycopg.Connection
) -> None:
    assert only(warnings) == "open"

    done = warnings.acknowledge("raw", "age_is_odd", BY, WHY, FUTURE)

    assert (done.subject, done.decided_by, done.until) == (SUBJECT, BY, FUTURE)
    warn(raw_db, SECOND, f"{SUBJECT}; 29 rows fail, e.g. True", "another one; 3 rows fail")
    assert only(warnings) == "acknowledged"
    assert only(warnings, "another one") == "open"
    counts = raw_db.execute("SELECT batch_id, failed, acknowledged FROM gate_result ORDER BY 1")
    assert counts.fetchall() == [(FIRST, 1, 1), (SECOND, 2, 1)]


@pytest.mark.parametrize(
    ("acknowledged", "later", "status"),
    [
        (f"{SUBJECT}; 2,000 rows fail", f"{SUBJECT}; 1 row fails", "acknowledged"),
        (f"{SUBJECT}; 2,000 rows fail", f"{SUBJECT}; 3,000 rows fail", CHANGED),
        # a share that is observed may move in both directions, and the expected one is no part
        (f"{MISSING} (14%); observed 0.6", f"{MISSING} (40%); observed 0.62", "acknowledged"),
        (f"{MISSING} (14%); observed 0.6", f"{MISSING} (14%); observed 0.3", CHANGED),
        ("age has drifted: PSI 0.30 against …", "age has drifted: PSI 0.46 …", CHANGED),
        ("no number at all", "no number at all", "acknowledged"),
    ],
)
def test_a_warning_that_changes_is_open_again(
    warnings: GateWarnings,
    raw_db: psycopg.Connection,
    acknowledged: str,
    later: str,
    status: str,
) -> None:
    warn(raw_db, FIRST, acknowledged)
    (found,) = warnings.newest()
    warnings.acknowledge("raw", found.subject, BY, WHY, None)

    warn(raw_db, SECOND, later)

    assert only(warnings, found.subject) == status


def test_a_warning_that_newer_batches_do_not_have_is_over_until_it_comes_back(
    warnings: GateWarnings, raw_db: psycopg.Connection
) -> None:
    # given a newer batch without it
    warn(raw_db, SECOND, "another one; 3 rows fail")
    assert only(warnings) == "over: not in newer batches"
    assert only(warnings, "another one") == "open"

    # when it is back
    warn(raw_db, SECOND, f"{SUBJECT}; 20 rows fail, e.g. True")
    assert only(warnings) == "open"

    # then a batch that the gate has stopped says nothing about it
    RawWarehouse(raw_db).load(encounters(30).slice(20, 10), 20, "file")
    stopped = GateVerdict("batch-0003", "raw", False, 40, ("a column is missing",), 1.0, "key")
    VerdictLog(raw_db).record(stopped)
    assert only(warnings) == "open"


def test_an_acknowledgement_expires_and_can_be_withdrawn(
    warnings: GateWarnings, raw_db: psycopg.Connection
) -> None:
    warnings.acknowledge("raw", SUBJECT, BY, WHY, None)
    assert warnings.withdraw("raw", SUBJECT, "somebody", "a mistake").status == "open"
    raw_db.execute(
        "INSERT INTO warning_decision (gate, subject, decision, extent, until, decided_by, why)"
        " VALUES ('raw', %s, 'acknowledged', 20, now() - interval '1 minute', 'a', 'b')",
        (SUBJECT,),
    )
    assert only(warnings) == "open again: expired"
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        raw_db.execute("DELETE FROM warning_decision")


def test_a_wrong_decision_says_which_warnings_there_are(warnings: GateWarnings) -> None:
    with pytest.raises(DecisionRefused, match=f"no warning 'x', expected one of {SUBJECT}"):
        warnings.acknowledge("raw", "x", BY, WHY, None)
    with pytest.raises(DecisionRefused, match="is not acknowledged"):
        warnings.withdraw("raw", SUBJECT, BY, WHY)
    with pytest.raises(DecisionRefused, match="is in the past"):
        warnings.acknowledge("raw", SUBJECT, BY, WHY, datetime.fromisoformat("2001-01-01"))


def test_a_decision_is_stored_where_the_verdicts_of_its_gate_are(
    warnings: GateWarnings, raw_db: psycopg.Connection, clean_db: psycopg.Connection
) -> None:
    stores = RawWarehouse(raw_db), CleanWarehouse(clean_db)

    warnings_of("raw", *stores).acknowledge("raw", SUBJECT, BY, WHY, None)

    assert only(warnings) == "acknowledged"
    with pytest.raises(DecisionRefused, match=f"no warning '{SUBJECT}'"):
        warnings_of("clean", *stores).acknowledge("clean", SUBJECT, BY, WHY, None)
    with pytest.raises(DecisionRefused, match="no gate 'drift', expected one of raw, clean"):
        warnings_of("drift", *stores)


def test_a_failure_is_no_warning(warnings: GateWarnings, raw_db: psycopg.Connection) -> None:
    verdict = GateVerdict(FIRST, "raw", False, 40, ["no row; observed 0"], 1.0, "key")
    VerdictLog(raw_db).record(verdict)

    assert warnings.newest() == []


def test_the_alarm_of_a_column_is_known_with_its_warning(clean_db: psycopg.Connection) -> None:
    # given alarms of two columns
    clean_db.execute(
        "INSERT INTO batch (batch_id, number, raw_rows, clean_rows, quarantined_rows,"
        " content_sha256, origin) VALUES (%s, 1, 10, 10, 0, 'abc', 'file')",
        (FIRST,),
    )
    drifts = [Drift(column, 0.31, Level.STRONG) for column in ("age", "race")]
    DriftLog(clean_db).record(FIRST, "1", drifts, drifts)
    sentences = [f"{drift.column} has drifted: PSI 0.31 against …" for drift in drifts]
    VerdictLog(clean_db).record(GateVerdict(FIRST, "clean", True, 9, sentences, 1.0, "key"))

    # when
    GateWarnings(clean_db).acknowledge("clean", "age has drifted", BY, WHY, None)

    # then
    found = clean_db.execute("SELECT column_name, alarm, acknowledged FROM drift_result ORDER BY 1")
    assert found.fetchall() == [("age", True, True), ("race", True, False)]
