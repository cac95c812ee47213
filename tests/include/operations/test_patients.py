"""Rights of a patient: every row is exported, and after an erasure none is left anywhere."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from readmission.domain import schema
from readmission.errors import (
    ErasureKeyError,
    InvalidPatientNumber,
    PatientNotFound,
    ReadmissionError,
    RowsErased,
    RowsLost,
)
from readmission.operations.patients import models
from readmission.operations.patients.access import DatabaseUnavailable
from readmission.operations.patients.commands import CommandRefused, run_erase, run_export
from readmission.operations.patients.erasing import BACKUPS, ErasureRefused
from readmission.operations.patients.exporting import ANOTHER
from readmission.operations.patients.models import RegistryUnavailable
from readmission.pipeline.process import process
from readmission.pipeline.replay import replay
from readmission.pipeline.training import reading, train
from readmission.quality.gates import Gatekeeper
from readmission.registry import Registry
from readmission.settings import PREFIX, Settings, SettingsError
from readmission.warehouse import (
    BatchState,
    ModelHistory,
    Promotion,
    Quarantine,
    RawWarehouse,
)
from readmission.warehouse.clean.judged_rows import JudgedRowLog
from readmission.warehouse.predictions.store import PredictionStore
from readmission.warehouse.stores import STORES, with_patients
from tests.include.operations.ward import (
    BATCH,
    BY,
    CLEAN_ROWS,
    IS_OTHERS,
    MINE,
    OTHER,
    PATIENT,
    SPLIT_KEY,
    WAS_OTHERS,
    WHY,
    Ward,
    encounter_of,
    file_of_encounters,
    settings_of,
    texts,
)
from tests.include.tables import contents, encounters
from tests.signing import SIGNER

FIRST, SECOND, REPLAY, AGAIN = "batch-0001", "batch-0002", "replay-0003", "batch-0004"
WITHOUT_NUMBERS = {
    *("raw.repeated_row", "raw.correction", "predictions.card_feedback"),
    "clean.training_partition",
}
"""Tables that name rows, requests or objects, but no number of a patient or an encounter."""


@pytest.fixture
def settings(ward_settings: Settings) -> Settings:
    return ward_settings


def exported(ward: Ward, out: Path, patient: str = str(PATIENT)) -> dict[str, dict]:
    said: list[str] = []
    run_export(ward.settings, patient, BY, WHY, out, said.append)
    assert not any(patient in sentence for sentence in said)
    return json.loads(out.read_text())


def register(settings: Settings, batch_id: str) -> str:
    """Register a version that was trained on all batches up to one; return its number."""
    registry = Registry(settings)
    with suppress(MlflowException):  # It exists from the second version on.
        registry.client.create_registered_model(registry.name)
    run = registry.client.create_run(registry.experiment_id())
    found = registry.client.create_model_version(
        registry.name, f"{run.info.artifact_uri}/model", run.info.run_id,
        tags={"batch_id": batch_id, "family": "xgboost"},
    )  # fmt: skip
    return str(found.version)


# ---------------------------------------------------------------- export


def test_the_export_has_the_planted_rows_of_every_table(ward: Ward, tmp_path: Path) -> None:
    ward.redeliver()

    document = exported(ward, tmp_path / "patient.json")

    assert (document["patient_nbr"], document["reason"]) == (PATIENT, WHY)
    # then every table that can hold rows of a patient has some
    for database in STORES:
        for table in with_patients(database):
            section = document[database][table]
            assert section["rows"], f"plant a row of the patient in {database}.{table}"
            assert section["count"] == len(section["rows"])
            assert section["found_by"]
    # and these are the patient's, and nobody else's
    raw = {(row["batch_id"], row["source_row"]) for row in document["raw"]["encounter"]["rows"]}
    replayed = {(REPLAY, 9), (REPLAY, WAS_OTHERS)}
    arrived = {(f"batch-000{1 + row // BATCH}", row) for row in MINE}
    assert raw == arrived | replayed | {(AGAIN, 0), (AGAIN, 1)}
    clean = document["clean"]["encounter"]["rows"]
    assert {row["source_row"] for row in clean} == {*CLEAN_ROWS, 9, WAS_OTHERS}
    assert document["predictions"]["prediction"]["count"] == 2
    assert document["predictions"]["card_feedback"]["count"] == 2
    assert document["predictions"]["outcome"]["count"] == len(clean)
    (judged,) = document["clean"]["judged_rows"]["rows"]
    assert judged["encounters"] == sorted(row["encounter_id"] for row in clean)
    # and the number with which one of them arrived by mistake is not shown
    assert str(OTHER) not in json.dumps(document)
    numbers = {row["patient_nbr"] for row in document["raw"]["encounter"]["rows"]}
    assert numbers == {str(PATIENT), ANOTHER}


def test_the_other_patient_gets_the_row_that_was_corrected(ward: Ward, tmp_path: Path) -> None:
    document = exported(ward, tmp_path / "patient.json", str(OTHER))

    rows = {(row["batch_id"], row["source_row"]) for row in document["raw"]["encounter"]["rows"]}
    assert rows == {(FIRST, IS_OTHERS), (REPLAY, IS_OTHERS)}
    assert str(PATIENT) not in json.dumps(document)


def test_the_file_of_an_export_is_private(ward: Ward, tmp_path: Path) -> None:
    exported(ward, tmp_path / "patient.json")

    assert stat.S_IMODE((tmp_path / "patient.json").stat().st_mode) == 0o600


def test_the_models_are_those_trained_since_the_first_row(ward: Ward, tmp_path: Path) -> None:
    versions = [register(ward.settings, batch) for batch in (FIRST, SECOND, "by hand")]

    document = exported(ward, tmp_path / "patient.json")

    assert [found["version"] for found in document["models"]] == versions[1::-1]
    assert {found["use"] for found in document["models"]} == {models.LEARNING["train"]}


# ---------------------------------------------------------------- erasure


def test_an_erasure_leaves_no_trace_and_all_sums_hold(ward: Ward) -> None:
    # given
    version = register(ward.settings, SECOND)
    ward.redeliver()
    assert set(ward.traces()) | WITHOUT_NUMBERS == {
        f"{database}.{table}" for database in STORES for table in with_patients(database)
    }
    before = str(ward.account())
    assert before == "203 encounters = 199 clean + 2 in quarantine + 1 waived + 1 repeated"

    # when
    planned, said = ward.erase()

    # then
    assert ward.traces() == {}
    assert str(ward.account()) == "203 encounters = 194 clean + 0 in quarantine + 9 erased"
    for table in ("repeated_row", "correction"):
        assert texts(ward.raw_db)[table] == []
    # of the feedback only that about the other patient's card is left
    assert ward.predictions_db.execute("SELECT count(*) FROM card_feedback").fetchone() == (1,)
    # and the ledgers count the rows, and agree
    erased = {batch.batch_id: batch.erased_rows for batch in ward.raw.batches()}
    assert erased == {FIRST: 6, SECOND: 1, REPLAY: 2, AGAIN: 2}
    assert {b.batch_id: b.erased_rows for b in ward.clean.batches()} == erased
    assert {b.batch_id: b.quarantined_rows for b in ward.clean.batches()} == {
        FIRST: 1, SECOND: 0, REPLAY: 0, AGAIN: 0,
    }  # fmt: skip
    # and the verdict knows how many of its rows are gone
    (judged,) = ward.clean_db.execute("SELECT promotion_id FROM judged_rows").fetchall()
    rows = JudgedRowLog(ward.clean).rows_of(*judged)
    assert rows is not None
    assert (rows.row_count, len(rows.encounters), rows.erased) == (198, 193, 5)
    # and the tombstone says who, why and which models, but not whose rows
    tombstones = ward.raw_db.execute("SELECT erased_by, reason, models FROM erasure").fetchall()
    assert tombstones == [(BY, WHY, [f"{SECOND} version {version}"])]
    assert planned.erasure.models == [f"{SECOND} version {version}"]
    assert any(f"learned from the rows: {SECOND} version {version}" in one for one in said)
    assert said[-1] == BACKUPS
    assert not any(str(PATIENT) in sentence for sentence in said)


def test_the_rows_of_others_stay_without_the_number(ward: Ward) -> None:
    before = ward.raw.read(FIRST).set_index("source_row")

    ward.erase()

    after = ward.raw.read(FIRST).set_index("source_row")
    pd.testing.assert_frame_equal(
        after.drop(columns=schema.PATIENT),
        before.drop(index=[row for row in MINE if row < BATCH]).drop(columns=schema.PATIENT),
    )
    assert after.loc[IS_OTHERS, schema.PATIENT] == "?"
    (replayed,) = ward.raw.read(REPLAY)[schema.PATIENT]
    assert replayed == str(OTHER)
    outcomes = ward.predictions_db.execute("SELECT count(*) FROM outcome").fetchone()
    assert outcomes == (193,)
    assert ward.predictions_db.execute("SELECT count(*) FROM prediction").fetchone() == (1,)


def test_reading_the_same_source_again_brings_nobody_back(ward: Ward) -> None:
    ward.erase()
    before = contents(ward.raw_db)

    # when the source still has the rows, then nothing in it is new or has changed
    assert ward.ingest(file_of_encounters()) == []
    assert contents(ward.raw_db) == before
    offset_batch = ward.raw.load(file_of_encounters().slice(0, BATCH), 0, "file")
    assert (offset_batch.batch_id, contents(ward.raw_db)) == (FIRST, before)


def test_processing_again_changes_nothing(ward: Ward) -> None:
    ward.erase()
    before = contents(ward.clean_db)

    for batch_id in (FIRST, SECOND, REPLAY):
        assert process(ward.raw, ward.clean, batch_id, SPLIT_KEY).state is BatchState.ACCEPTED

    assert contents(ward.clean_db) == before
    ward.record_outcomes()
    assert ward.traces() == {}


def test_later_rows_of_the_patient_are_refused_and_counted(ward: Ward) -> None:
    # given the same file, grown by a batch that has two rows of the erased patient
    ward.erase()
    again = {250: str(PATIENT), 251: f" 0{PATIENT}"}
    grown = encounters(3 * BATCH, patient_nbr=again).slice(2 * BATCH)
    rows = file_of_encounters().to_pylist() + grown.to_pylist()
    table = file_of_encounters().from_pylist(rows, file_of_encounters().schema)

    # when
    (batch,) = ward.ingest(table)
    ward.accept(batch.batch_id)
    ward.refine(batch.batch_id)

    # then
    assert (batch.rows, batch.erased_rows, batch.accepted_rows) == (BATCH, 2, BATCH - 2)
    assert ward.traces() == {}
    assert str(ward.account()) == "300 encounters = 291 clean + 0 in quarantine + 9 erased"
    assert ward.ingest(table) == []


def test_a_batch_of_an_erased_patient_alone_ends_at_the_gate(ward: Ward, tmp_path: Path) -> None:
    ward.erase()
    batch = ward.raw.load(encounters(1, patient_nbr={0: str(PATIENT)}), 900, "file")

    decided = Gatekeeper(tmp_path, lambda *_: None).raw(ward.raw, batch.batch_id, 0.05)

    assert (decided.state, decided.ends_here) == (BatchState.ACCEPTED, True)
    assert ward.account().erased == 8


def test_a_correction_to_an_erased_patient_is_erased_at_the_replay(ward: Ward) -> None:
    # given a row of another batch that waits with the number of the erased patient
    ward.erase()
    ward.raw.load(encounters(300 + BATCH).slice(300), 300, "file")
    fourth = ward.raw.batches()[-1].batch_id
    ward.accept(fourth, 305)
    ward.refine(fourth)
    Quarantine(ward.raw_db).fix(fourth, [305], {schema.PATIENT: str(PATIENT)}, BY, WHY)

    # then
    assert replay(ward.raw) == []
    assert ward.traces() == {}
    assert ward.account().erased == 8


def test_without_the_key_nothing_is_stored_once_a_patient_is_erased(ward: Ward) -> None:
    ward.erase()

    for key in (None, "another key of at least thirty-two characters"):
        with pytest.raises(ErasureKeyError, match="PREDICTION_LOG_KEY"):
            RawWarehouse(ward.raw_db, key).load(encounters(5), 500, "file")
    assert len(ward.raw.batches()) == 3


def test_the_next_training_has_no_row_of_the_patient(ward: Ward) -> None:
    # given
    before = reading.whole(ward.clean, SECOND, partitions=ward.partitions)
    data = train.lineage(ward.clean, SECOND, len(before))
    assert PATIENT in set(before[schema.PATIENT])

    # when
    ward.erase()

    # then the next training has other data, so no earlier fit is reused
    rows = reading.whole(ward.clean, SECOND, partitions=ward.partitions)
    assert PATIENT not in set(rows[schema.PATIENT])
    assert len(rows) < len(before)
    assert train.lineage(ward.clean, SECOND, len(rows)).data_sha256 != data.data_sha256
    # and a training that had already read the rows is not registered
    history, registry = ModelHistory(ward.clean_db), Registry(ward.settings)
    result = train.FitResult("xgboost", "a run", 0.5)
    with pytest.raises(RowsErased, match="trains again"):
        train.register_best([result], data, registry, SIGNER, history)


def test_verdicts_that_used_test_rows_are_named(ward: Ward) -> None:
    # given the patient in the test split, and comparisons since, one of which left the rows out
    for table in (b"patient", b"encounter"):
        ward.clean_db.execute(
            b"UPDATE " + table + b" SET part = 'test' WHERE patient_nbr = %s", (PATIENT,)
        )
    promotion = Promotion(SECOND, "4", None, "promoted", "first model")
    ModelHistory(ward.clean_db).record_promotion(promotion)
    ward.judge(SECOND, *map(encounter_of, MINE))
    register(ward.settings, SECOND)

    planned, said = ward.erase()

    # then the others are named; of one that stored no rows, nobody knows that it left them out
    named = [f"{SECOND} version 100", f"{SECOND} version 4"]
    assert (planned.erasure.models, planned.erasure.verdicts) == ([], named)
    assert any("comparisons used the rows as test rows" in sentence for sentence in said)


def test_a_repeated_erasure_changes_nothing(ward: Ward) -> None:
    ward.erase()
    before = {name: texts(connection) for name, connection in ward.databases.items()}

    planned, said = ward.erase()

    assert planned.is_done
    assert "no row was left" in said[1]
    assert {name: texts(connection) for name, connection in ward.databases.items()} == before


def test_a_prediction_since_is_erased_by_repeating_the_command(ward: Ward) -> None:
    ward.erase()
    ward.predict(PATIENT, 5)

    planned, _ = ward.erase()

    tables = ("prediction", "shadow_prediction", "card_feedback")
    assert planned.counts == {f"predictions.{table}": 1 for table in tables}
    assert ward.traces() == {}


def test_predictions_that_waited_during_the_erasure_are_not_stored(ward: Ward) -> None:
    # given predictions that wait on the disk of an API whose database was down
    mine = [ward.prediction(PATIENT, 5), ward.prediction(None, encounter_of(MINE[0]))]
    other = ward.prediction(PATIENT + 1, 7)
    made = datetime.now(UTC)
    ward.erase()

    # when they are stored after the erasure, also twice, and those of the model in shadow
    for _ in range(2):
        PredictionStore(ward.predictions_db).copy(b"".join([*mine, other]))
    ward.predict_in_shadow("request-5", PATIENT, 5, made)

    # then the other patient's is there, and of this patient only what was predicted since
    assert ward.traces() == {}
    assert stored_requests(ward) >= {"request-7"}
    ward.predict(PATIENT, 9)
    assert {name.partition(".")[2] for name in ward.traces()} >= {"prediction", "shadow_prediction"}


def stored_requests(ward: Ward) -> set[str]:
    found = ward.predictions_db.execute("SELECT request_id FROM prediction").fetchall()
    return {request_id for (request_id,) in found}


KILLED = """
import os, signal, sys
from readmission.operations.patients import __main__ as program, erasing

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

before = sys.argv.pop(1)
if before == "predictions":
    erasing.stores.delete = die
elif before == "clean":
    erasing.CleanErasures.erase = die
else:
    erasing.RawErasures.erase = die
program.main()
"""


def environment(settings: Settings) -> Mapping[str, str]:
    names = ("raw_dsn", "clean_dsn", "prediction_log_dsn", "prediction_log_key")
    secrets = {PREFIX + n.upper(): getattr(settings, n).get_secret_value() for n in names}
    plain = {
        PREFIX + n.upper(): getattr(settings, n) for n in ("model_name", "mlflow_tracking_uri")
    }
    return {**os.environ, **secrets, **plain}


@pytest.mark.parametrize("point", ["predictions", "clean", "raw"])
def test_an_erasure_killed_between_databases_is_completed_by_repeating_it(
    ward: Ward, point: str
) -> None:
    # given a command that is killed before one of the databases
    version = register(ward.settings, SECOND)
    words = ["erase", "-", "--reason", WHY, "--by", BY, "--yes"]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, point, *words],
        input=f"{PATIENT}\n", env=environment(ward.settings), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert str(PATIENT) not in killed.stderr
    left = {place.partition(".")[0] for place in ward.traces()}
    order = ["predictions", "clean", "raw"]
    assert left == set(order[order.index(point) :])
    # and nothing arrives meanwhile
    table = encounters(1, patient_nbr={0: str(PATIENT)})
    assert ward.raw.load(table, 700, "file").erased_rows == 1
    if point == "raw":
        with pytest.raises(RowsLost, match="an erasure was not completed; repeat"):
            ward.account()

    # when
    planned, _ = ward.erase(why="another reason")

    # then there is one tombstone, with all models
    assert ward.traces() == {}
    assert ward.account().erased == 8
    assert planned.erasure.models == [f"{SECOND} version {version}"]
    reasons = ward.raw_db.execute("SELECT reason FROM erasure WHERE erased_by = %s", (BY,))
    assert reasons.fetchall() == [(WHY,)]
    assert ward.erase()[0].is_done


# ---------------------------------------------------------------- refusals


def test_a_number_that_nobody_has_is_refused(ward: Ward, tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(PatientNotFound, match=r"raw\.encounter.*predictions\.outcome") as export:
        run_export(ward.settings, "424242", BY, WHY, tmp_path / "x.json", said.append)
    with pytest.raises(PatientNotFound):
        ward.erase(424242)

    assert "424242" not in str(export.value)
    assert not (tmp_path / "x.json").exists()
    assert ward.raw_db.execute("SELECT count(*) FROM erased_patient").fetchone() == (0,)


@pytest.mark.parametrize("number", ["", "x", "-5", "0", "1 OR 1=1", "\u0663"])
def test_anything_but_a_number_is_refused(settings: Settings, number: str) -> None:
    with pytest.raises(InvalidPatientNumber) as refused:
        run_erase(settings, number, BY, WHY, print, lambda _: True)

    assert "patient_nbr" in str(refused.value)


def test_an_erasure_needs_a_reason_that_does_not_name_the_patient(ward: Ward) -> None:
    with pytest.raises(CommandRefused, match="--reason"):
        ward.erase(why="  ")
    with pytest.raises(ErasureRefused, match="must not contain the number") as refused:
        ward.erase(why=f"patient {PATIENT} asked")

    assert str(PATIENT) not in str(refused.value)
    assert ward.traces()


def test_without_consent_nothing_is_erased(ward: Ward) -> None:
    before = ward.traces()

    assert run_erase(ward.settings, str(PATIENT), BY, WHY, print, lambda _: False) is None

    assert ward.traces() == before
    assert ward.raw_db.execute("SELECT count(*) FROM erasure").fetchone() == (0,)


@pytest.mark.parametrize("setting", ["raw_dsn", "clean_dsn", "prediction_log_dsn"])
def test_a_database_that_is_down_is_named_before_anything_is_deleted(
    ward: Ward, setting: str
) -> None:
    before = ward.traces()
    address = getattr(ward.settings, setting).get_secret_value()
    host = address.rpartition("@")[2]
    nowhere = address.replace(host, f"127.0.0.1:1/{host.rpartition('/')[2]}")
    broken = settings_of(ward.settings, {setting: nowhere})

    with pytest.raises(DatabaseUnavailable, match="nothing was read or deleted"):
        run_erase(broken, str(PATIENT), BY, WHY, print, lambda _: True)
    missing = ward.settings.model_copy(update={setting: None})
    with pytest.raises(SettingsError, match=f"{PREFIX}{setting.upper()} must be set"):
        run_erase(missing, str(PATIENT), BY, WHY, print, lambda _: True)

    assert ward.traces() == before


def test_without_mlflow_nothing_is_erased(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    broken = ward.settings.model_copy(update={"mlflow_tracking_uri": "http://127.0.0.1:1"})

    with pytest.raises(RegistryUnavailable, match="nothing was deleted"):
        run_erase(broken, str(PATIENT), BY, WHY, print, lambda _: True)

    assert set(ward.traces()) >= {"raw.encounter", "clean.encounter", "predictions.prediction"}


def test_a_task_that_does_not_finish_stops_the_erasure(ward: Ward, settings: Settings) -> None:
    assert settings.raw_dsn is not None
    before = ward.traces()
    impatient = f"{settings.raw_dsn.get_secret_value()}?options=-c%20lock_timeout%3D500ms"

    with ward.raw.unchanged(), pytest.raises(ErasureRefused, match="nothing was deleted"):
        run_erase(
            settings_of(settings, {"raw_dsn": impatient}),
            str(PATIENT), BY, WHY, print, lambda _: True,
        )  # fmt: skip

    assert ward.traces() == before


def test_every_refusal_is_an_error_for_users() -> None:
    for error in (CommandRefused, DatabaseUnavailable, ErasureRefused, RegistryUnavailable):
        assert issubclass(error, ReadmissionError)
