"""Each prediction is logged once, whatever happens to database, disk or process."""

import asyncio
import logging
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.prediction_log import delivery
from api.prediction_log.encoding import Encoder
from api.prediction_log.log import PredictionLog
from api.prediction_log.spool import Spool
from readmission.domain import schema
from readmission.domain.schema import example
from readmission.settings import CHECKOUT, Settings, SettingsError
from readmission.stack.stack import Stack
from readmission.warehouse.predictions import shadow
from readmission.warehouse.predictions.shadow import ShadowPrediction
from readmission.warehouse.predictions.store import PredictionStore
from tests.api.faulty_proxy import FaultyProxy
from tests.conftest import Platform

KEY = "a key of at least thirty-two characters"
ENCOUNTER_ID, PATIENT_NBR = 1_357_924_680, 1_864_209_753
SHARES = (0.5, 0.3, 0.2)
NOWHERE = "postgresql://nobody:secret-word@127.0.0.1:1/nothing"
PATIENCE = 60
MIB = 1 << 20
END_ALL = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'predictions'
             AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def encounter(**changes: str | int) -> dict[str, str | int]:
    keys = {schema.ENCOUNTER: ENCOUNTER_ID, schema.PATIENT: PATIENT_NBR}
    return example() | keys | changes


class Logs:
    """Creates logs and counts the records in them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.created: list[PredictionLog] = []
        self.recorded = 0

    def __call__(self, dsn: str, limit: int = 64 * MIB, days: int = 365) -> PredictionLog:
        log = PredictionLog(dsn, KEY, Spool(self.folder, limit), timedelta(days=days))
        log.start()
        self.created.append(log)
        return log

    def record(self, log: PredictionLog, times: int) -> None:
        """Record predictions whose request ids are consecutive numbers."""
        for number in range(self.recorded, self.recorded + times):
            assert log.record(str(number), 0, "7", encounter(), SHARES, "NO")
        self.recorded += times

    def all_in(self, table: psycopg.Connection) -> bool:
        """Whether each record is in the table once."""
        query = "SELECT request_id FROM prediction"
        found = sorted(int(number) for (number,) in table.execute(query))
        return found == list(range(self.recorded))


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Logs]:
    logs = Logs(tmp_path / "spool")
    yield logs
    for log in logs.created:
        log.close(1)


def test_a_prediction_is_stored_as_it_was_made(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    log, before = logs(platform.predictions_dsn), datetime.now(UTC)
    raw = encounter(diag_1="V57", race="?", payer_code='\\a"b\té')

    log.record("a-request.7", 12, "3", raw, (0.25, 0.125, 0.625), "<30", "1f2e3d4c", "10.0.0.1")
    log.close(PATIENCE)

    query = """SELECT at, request_id, row, model_version, features, p_no, p_over_30, p_under_30,
                      predicted_class, length(encounter_hash), length(patient_hash), caller, peer
               FROM prediction"""
    [(at, *values)] = table.execute(query).fetchall()
    features = {name: value for name, value in raw.items() if name in schema.FEATURE_NAMES}
    assert before <= at <= datetime.now(UTC)
    assert values[:10] == ["a-request.7", 12, "3", features, 0.25, 0.125, 0.625, "<30", 32, 32]
    assert values[10:] == ["1f2e3d4c", "10.0.0.1"]
    assert (log.written, log.lost, log.pending, log.spooled_bytes) == (1, 0, 0, 0)


def test_closing_writes_every_record(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    log = logs(platform.predictions_dsn)

    logs.record(log, 1007)
    log.close(PATIENCE)

    assert logs.all_in(table)
    assert log.written == logs.recorded


def test_workers_can_share_table_and_folder(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    workers = [logs(platform.predictions_dsn) for _ in range(4)]

    for _ in range(3):
        for log in workers:
            logs.record(log, 50)
        time.sleep(0.05)
    for log in workers:
        log.close(PATIENCE)

    assert logs.all_in(table)


def test_an_outage_loses_nothing(logs: Logs, table: psycopg.Connection, proxy: FaultyProxy) -> None:
    # given a log that writes to its database
    log = logs(proxy.dsn)
    logs.record(log, 300)
    until(lambda: log.written == 300)

    # when the database is unavailable for a while
    proxy.disconnect()
    for _ in range(3):
        logs.record(log, 300)
        time.sleep(0.2)
    assert (log.written, log.pending) == (300, 900)
    assert log.spooled_bytes > 0
    proxy.recover()
    logs.record(log, 300)

    # then all records are written when it is back
    until(lambda: log.written == logs.recorded)
    assert logs.all_in(table)
    assert (log.lost, log.pending, log.spooled_bytes) == (0, 0, 0)


def test_repeatedly_closed_connections_lose_nothing(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    log = logs(platform.predictions_dsn)
    for _ in range(20):
        logs.record(log, 100)
        time.sleep(0.05)
        table.execute(END_ALL)

    until(lambda: log.written >= logs.recorded)
    assert logs.all_in(table)
    assert (log.written, log.lost) == (logs.recorded, 0)


def test_a_database_that_rejects_connections_for_a_while_loses_nothing(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    # given
    log = logs(platform.predictions_dsn)
    logs.record(log, 10)
    until(lambda: log.written == 10)

    # when
    table.execute("ALTER DATABASE predictions CONNECTION LIMIT 0")
    table.execute(END_ALL)
    logs.record(log, 200)
    until(lambda: log.spooled_bytes > 0)
    table.execute("ALTER DATABASE predictions CONNECTION LIMIT -1")

    # then
    until(lambda: log.written == logs.recorded)
    assert logs.all_in(table)


def test_a_chunk_whose_commit_was_not_confirmed_is_stored_once(
    logs: Logs, table: psycopg.Connection, proxy: FaultyProxy
) -> None:
    # given
    log = logs(proxy.dsn)
    logs.record(log, 10)
    until(lambda: log.written == 10)

    # when
    proxy.lose_next_commit()
    logs.record(log, 10)

    # then
    until(lambda: proxy.lost_a_commit and log.written == 20)
    assert logs.all_in(table)


def test_a_segment_that_is_replayed_twice_is_stored_once(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    # given a segment that was stored, but not deleted because the process died
    offline = logs(NOWHERE)
    logs.record(offline, 100)
    offline.close(PATIENCE)
    [segment] = logs.folder.rglob("*.segment")
    content, name = segment.read_bytes(), segment.name
    first = logs(platform.predictions_dsn)
    until(lambda: first.written == 100)
    first.close(PATIENCE)
    left = logs.folder / "left"
    left.mkdir()
    (left / name).write_bytes(content)

    # when
    second = logs(platform.predictions_dsn)

    # then
    until(lambda: second.written == 100)
    assert logs.all_in(table)
    assert second.spooled_bytes == 0


def test_an_unreadable_segment_does_not_block_the_others(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    # given segments on disk, the oldest of them unreadable
    offline = logs(NOWHERE)
    logs.record(offline, 100)
    offline.close(PATIENCE)
    [segment] = logs.folder.rglob("*.segment")
    (segment.parent / f"{0:020d}.segment").mkdir()
    (segment.parent / f"{1:020d}.segment").symlink_to("nowhere")

    # when
    log = logs(platform.predictions_dsn)

    # then
    until(lambda: log.written == 100)
    assert logs.all_in(table)
    assert log.lost == 0


def test_a_hanging_database_blocks_neither_requests_nor_shutdown(
    logs: Logs, table: psycopg.Connection, proxy: FaultyProxy
) -> None:
    # given a log whose database hangs
    log = logs(proxy.dsn)
    logs.record(log, 10)
    until(lambda: log.written == 10)
    proxy.freeze()

    # when more predictions are made and the process ends
    for _ in range(30):
        logs.record(log, 20)
        time.sleep(0.02)
    started = time.monotonic()
    log.close(1)
    assert time.monotonic() - started < PATIENCE / 2

    # then the next process writes them
    proxy.recover()
    successor = logs(proxy.dsn)
    until(lambda: successor.spooled_bytes == 0 and logs.all_in(table))
    assert log.lost == 0


KILLED = """
import sys, time
from datetime import timedelta
from pathlib import Path
from api.prediction_log.log import PredictionLog
from api.prediction_log.spool import Spool
from tests.api.prediction_log.test_log import KEY, NOWHERE, SHARES, encounter
log = PredictionLog(NOWHERE, KEY, Spool(Path(sys.argv[1]), 1 << 26), timedelta(days=1))
log.start()
for number in range(700):
    assert log.record(str(number), 0, "7", encounter(), SHARES, "NO")
print("all on disk", flush=True)
time.sleep(600)
"""


def python(script: str, *arguments: object) -> subprocess.Popen[str]:
    paths = os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "include")])
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": paths},
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_predictions_of_a_killed_process_are_delivered(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    # given
    process = python(KILLED, logs.folder)
    assert process.stdout is not None
    with process:
        output = ""
        while "all on disk" not in output:
            line = process.stdout.readline()
            assert line, output
            output += line
        process.kill()

    # when
    log = logs(platform.predictions_dsn)

    # then
    until(lambda: log.written == 700)
    logs.recorded = 700
    assert logs.all_in(table)


def test_when_the_spool_is_full_new_predictions_are_lost_and_counted(
    logs: Logs,
    table: psycopg.Connection,
    platform: Platform,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # given a spool with space for some of the predictions
    offline = logs(NOWHERE, limit=MIB)

    # when there are more
    logged = [
        offline.record(str(number), 0, "7", encounter(), SHARES, "NO") for number in range(3_000)
    ]
    assert MIB / 2 < offline.spooled_bytes <= MIB
    offline.close(PATIENCE)

    # then the first are kept, the others are counted and reported
    kept = logged.index(False)
    assert 0 < kept < 3_000
    assert not any(logged[kept:])
    assert offline.lost == 3_000 - kept
    reports = [r for r in caplog.records if "missing from the log" in r.message]
    assert 1 <= len(reports) <= 2
    assert "the spool is full" in reports[0].message
    successor = logs(platform.predictions_dsn)
    until(lambda: successor.written == kept)
    logs.recorded = kept
    assert logs.all_in(table)


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_predictions_are_lost_and_counted_until_there_is_room(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    log = logs(platform.predictions_dsn)
    logs.record(log, 10)

    with full_disk():
        for _ in range(100):
            assert not log.record("lost", 0, "7", encounter(), SHARES, "NO")
    logs.record(log, 10)

    until(lambda: log.written == 20)
    assert logs.all_in(table)
    assert (log.lost, log.pending) == (100, 0)


def test_without_a_folder_predictions_are_lost_and_counted_until_there_is_one(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    # given a file where the folder should be
    logs.folder.write_text("")
    log = logs(platform.predictions_dsn)
    assert not log.record("lost", 0, "7", encounter(), SHARES, "NO")

    # when
    logs.folder.unlink()
    logs.record(log, 10)

    # then
    until(lambda: log.written == 10)
    assert logs.all_in(table)
    assert log.lost == 1


def test_a_torn_record_is_skipped_and_counted(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    # given two files whose processes were killed while they wrote a record
    for _ in range(2):
        offline = logs(NOWHERE)
        logs.record(offline, 50)
        offline.close(0)
    half = Encoder(KEY).line((0.0, "half", 0, "7", encounter(), SHARES, "NO", "", "10.0.0.1"))[:500]
    for segment in logs.folder.rglob("*.segment"):
        with segment.open("ab") as file:
            file.write(half)

    # when
    log = logs(platform.predictions_dsn)

    # then
    until(lambda: log.written == 100 and log.pending == 0)
    assert logs.all_in(table)
    assert (log.lost, log.torn, log.spooled_bytes) == (0, 2, 0)


def test_lines_of_version_0_1_0_are_delivered_after_an_upgrade(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    # given a file of a version that did not write caller and address, some of it delivered already
    offline = logs(NOWHERE)
    logs.record(offline, 60)
    offline.close(0)
    [segment] = logs.folder.rglob("*.segment")
    lines = segment.read_bytes().splitlines()
    old = [b"\t".join(line.split(b"\t")[:12]) + b"\n" for line in lines]
    segment.write_bytes(b"".join(old))
    PredictionStore(table).copy(b"".join(old[:20]))

    # when
    log = logs(platform.predictions_dsn)
    logs.record(log, 5)

    # then
    until(lambda: log.written == 65 and log.pending == 0)
    assert logs.all_in(table)
    assert log.lost == 0
    assert table.execute("SELECT DISTINCT caller, peer FROM prediction").fetchall() == [
        (None, None)
    ]


def test_damaged_lines_are_counted_and_do_not_block_the_others(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    # given a file with lines that lost their content in a power failure
    offline = logs(NOWHERE)
    logs.record(offline, 50)
    offline.close(0)
    [segment] = logs.folder.rglob("*.segment")
    segment.write_bytes(b"\0" * 700 + b"\n" + segment.read_bytes() + b"\xff\n")

    # when
    log = logs(platform.predictions_dsn)

    # then
    until(lambda: log.written == 50)
    assert logs.all_in(table)
    assert (log.lost, log.spooled_bytes) == (2, 0)


def test_predictions_of_a_process_that_dies_later_are_adopted_too(
    logs: Logs, table: psycopg.Connection, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given two processes, one of which cannot reach the database
    monkeypatch.setattr(delivery, "ADOPTING_SECONDS", 0.1)
    offline, log = logs(NOWHERE), logs(platform.predictions_dsn)
    logs.record(offline, 50)
    logs.record(log, 50)
    until(lambda: log.written == 50)

    # when that one ends
    offline.close(0)

    # then
    until(lambda: log.written == 100)
    assert logs.all_in(table)


@pytest.mark.parametrize("working", [True, False])
def test_with_sync_first_a_response_waits_for_a_sync_that_began_after_its_record(
    logs: Logs, monkeypatch: pytest.MonkeyPatch, working: bool
) -> None:
    # given a disk whose syncs take a while
    ended: list[set[str]] = []
    recorded: set[str] = set()

    def sync(spool: Spool) -> None:
        seen = set(recorded)
        time.sleep(0.02)
        if not working:
            raise OSError(5, "Input/output error")
        ended.append(seen)

    monkeypatch.setattr(Spool, "sync", sync)
    spool = Spool(logs.folder, MIB)
    log = PredictionLog(NOWHERE, KEY, spool, timedelta(days=1), sync_first=True)

    async def request(name: str) -> None:
        await asyncio.sleep(0.005 * int(name))
        assert log.record(name, 0, "7", encounter(), SHARES, "NO")
        recorded.add(name)
        assert await log.synced() is working
        assert any(name in seen for seen in ended) is working

    async def requests() -> None:
        await asyncio.gather(*(request(str(number)) for number in range(20)))

    # when requests come at different times
    asyncio.run(requests())

    # then a sync serves several of them
    assert log.lost == (0 if working else 20)
    assert len(ended) < 15
    assert log.all_synced(3) is working
    assert log.lost == (0 if working else 23)


def test_no_id_of_a_patient_is_written_anywhere(
    logs: Logs, table: psycopg.Connection, proxy: FaultyProxy, caplog: pytest.LogCaptureFixture
) -> None:
    # given predictions on every path: stored, on disk, and rejected
    caplog.set_level(logging.DEBUG)
    log = logs(proxy.dsn)
    logs.record(log, 10)
    until(lambda: log.written == 10)
    proxy.disconnect()
    logs.record(log, 10)
    assert log.record("refused", 0, "7", encounter(race="Zebra"), SHARES, "perhaps")
    assert not log.record("unfit", 0, "7", encounter(race="Zebra\0"), SHARES, "NO")
    on_disk = b"".join(path.read_bytes() for path in logs.folder.rglob("*") if path.is_file())
    proxy.recover()
    until(lambda: log.written == 20 and log.lost == 2)
    log.close(PATIENCE)

    # then
    [(in_table,)] = table.execute("SELECT string_agg(prediction::text, '') FROM prediction")
    for number in (ENCOUNTER_ID, PATIENT_NBR):
        assert str(number).encode() not in on_disk
        assert str(number) not in in_table
        assert str(number) not in caplog.text
    assert b"Caucasian" in on_disk
    assert "Zebra" not in caplog.text
    assert "Caucasian" not in caplog.text


def hashes(key: str, **changes: str | int) -> tuple[bytes, bytes]:
    line = Encoder(key).line((0.0, "r", 0, "7", encounter(**changes), SHARES, "NO", "", None))
    values = line.split(b"\t")
    return values[5], values[6]


def test_hashes_are_the_same_for_a_patient_and_depend_on_the_key() -> None:
    encounter_hash, patient_hash = hashes(KEY)

    assert hashes(KEY) == (encounter_hash, patient_hash)
    assert hashes(KEY, patient_nbr=str(PATIENT_NBR)) == (encounter_hash, patient_hash)
    assert hashes(KEY, encounter_id=1)[1] == patient_hash
    assert hashes(KEY, encounter_id=PATIENT_NBR)[0] != patient_hash
    assert not set(hashes(KEY + "!")) & {encounter_hash, patient_hash}
    assert hashes(KEY, encounter_id="?", patient_nbr="?") == (rb"\N", rb"\N")
    line = Encoder(KEY).line((0.0, "r", 0, "7", example(), SHARES, "NO", "", None))
    assert line.split(b"\t")[5:7] == [rb"\N", rb"\N"]


def test_a_rejected_row_does_not_affect_others_of_its_chunk(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    log = logs(platform.predictions_dsn)

    logs.record(log, 20)
    assert log.record("refused", 0, "7", encounter(), SHARES, "perhaps")
    assert not log.record("unfit", 0, "7", encounter(), (0.5, 0.5), "NO")
    logs.record(log, 20)
    log.close(PATIENCE)

    assert logs.all_in(table)
    assert (log.written, log.lost, log.pending) == (40, 2, 0)


def stored(table: psycopg.Connection, rows: int, age: timedelta) -> None:
    at = (datetime.now(UTC) - age).timestamp()
    lines = [
        Encoder(KEY).line((at, "old", row, "6", encounter(), SHARES, ">30", "", None))
        for row in range(rows)
    ]
    store = PredictionStore(table)
    assert store.copy(b"".join(lines)) == rows
    assert store.copy(b"".join(lines)) == 0


def test_expired_predictions_are_deleted(
    logs: Logs, table: psycopg.Connection, platform: Platform
) -> None:
    # given more expired rows than are deleted at a time, and rows that are not expired
    stored(table, 2_500, timedelta(days=31))
    stored(table, 20, timedelta(days=29))
    # and feedback of both ages
    for days in (31, 29):
        table.execute(
            "INSERT INTO card_feedback (card, at, service, outcome, caller, received_at)"
            " VALUES (gen_random_uuid(), now(), 'a', 'accepted', '', now() - %s)",
            (timedelta(days=days),),
        )
    # and predictions in shadow of both ages
    for days in (31, 29):
        at, three = datetime.now(UTC) - timedelta(days=days), [0.5, 0.3, 0.2]
        row = ShadowPrediction(at, "a", 0, None, None, "1", three, "NO", "2", three, "NO")
        shadow.store(table, [row])

    # when
    log = logs(platform.predictions_dsn, days=30)
    log.record("new", 0, "7", encounter(), SHARES, "NO")

    # then
    until(lambda: log.written == 1 and rows_of(table) == 21)
    by_day = "SELECT (at AT TIME ZONE 'UTC')::date, count(*) FROM prediction GROUP BY 1 ORDER BY 1"
    old, new = ((datetime.now(UTC) - timedelta(days=days)).date() for days in (29, 0))
    assert table.execute(by_day).fetchall() == [(old, 20), (new, 1)]
    for other in (b"card_feedback", b"shadow_prediction"):
        until(lambda name=other: table.execute(b"SELECT FROM " + name).rowcount == 1)  # type: ignore[misc]


def rows_of(table: psycopg.Connection) -> int:
    row = table.execute("SELECT count(*) FROM prediction").fetchone()
    return int(row[0]) if row else 0


@pytest.fixture
def writer_dsn(platform: Platform, table: psycopg.Connection) -> Iterator[str]:
    """The address of a role with the privileges that the log needs, and no others."""
    site = Stack(platform.settings).site
    administrator = psycopg.connect(
        platform.predictions_dsn, user="postgres", password=site.credentials.postgres
    )
    with administrator as connection:
        connection.autocommit = True
        connection.execute("CREATE ROLE log_writer LOGIN PASSWORD 'writes'")
        connection.execute("GRANT CONNECT, TEMPORARY ON DATABASE predictions TO log_writer")
        connection.execute("GRANT USAGE ON SCHEMA public TO log_writer")
        connection.execute(
            "GRANT SELECT, INSERT, DELETE ON prediction, shadow_prediction, card_feedback"
            " TO log_writer"
        )
        yield psycopg.conninfo.make_conninfo(
            platform.predictions_dsn,
            user="log_writer",
            password="writes",  # noqa: S106
        )
        connection.execute("DROP OWNED BY log_writer")
        connection.execute("DROP ROLE log_writer")


def test_few_privileges_are_enough(logs: Logs, table: psycopg.Connection, writer_dsn: str) -> None:
    stored(table, 5, timedelta(days=3))
    log = logs(writer_dsn, days=2)

    logs.record(log, 10)
    log.close(PATIENCE)

    assert logs.all_in(table)


def settings(**changes: Any) -> Settings:
    return Settings(prediction_log_dsn=NOWHERE, prediction_log_key=KEY, **changes)


def test_without_a_database_there_is_no_log() -> None:
    assert PredictionLog.from_settings(Settings()) is None
    assert PredictionLog.from_settings(settings()) is not None


def test_a_database_without_a_key_is_rejected() -> None:
    with pytest.raises(SettingsError, match=r"^READMISSION_PREDICTION_LOG_KEY is missing"):
        PredictionLog.from_settings(Settings(prediction_log_dsn=NOWHERE))


def test_an_invalid_address_is_rejected_and_not_repeated() -> None:
    nonsense = Settings(prediction_log_dsn="host=somewhere hunter2", prediction_log_key=KEY)

    with pytest.raises(SettingsError, match=r"^READMISSION_PREDICTION_LOG_DSN ") as caught:
        PredictionLog.from_settings(nonsense)

    assert "hunter2" not in str(caught.value)
