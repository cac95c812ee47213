"""One patient whose rows are in every table that can hold any, among other patients."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pandas as pd
import psycopg
import pyarrow as pa
from psycopg import sql
from pydantic import SecretStr

from api.prediction_log.encoding import Encoder
from readmission.domain import schema
from readmission.domain.privacy import Pseudonyms
from readmission.operations.patients.commands import run_erase
from readmission.operations.patients.erasing import ErasurePlan
from readmission.pipeline.ingest import ingest
from readmission.pipeline.outcomes.record_outcomes import record_outcomes
from readmission.pipeline.process import process
from readmission.pipeline.replay import replay
from readmission.pipeline.source import Dataset, Origin
from readmission.settings import Settings
from readmission.warehouse import (
    CleanWarehouse,
    ModelHistory,
    Promotion,
    Quarantine,
    RawBatch,
    RawWarehouse,
)
from readmission.warehouse.clean.judged_rows import JudgedRowLog, JudgedRows
from readmission.warehouse.clean.partitions import Bucket, TrainingPartitions
from readmission.warehouse.predictions import feedback, known_stays, shadow
from readmission.warehouse.predictions.feedback import CardFeedback
from readmission.warehouse.predictions.outcomes import OutcomeStore
from readmission.warehouse.predictions.shadow import ShadowPrediction
from readmission.warehouse.predictions.store import PredictionStore
from readmission.warehouse.raw.corrections import Corrections
from readmission.warehouse.raw.repeated_rows import RepeatedRows
from readmission.warehouse.reconciliation import Account, account
from tests.include.tables import encounters

KEY = "a key of at least thirty-two characters"
SPLIT_KEY = "a key"
PATIENT, OTHER = 555_123_777, 555_999_111
BATCH = 100
CLEAN_ROWS = (3, 20, 120)
OPEN, REPLAYED, WAIVED = 7, 9, 11
WAS_OTHERS, IS_OTHERS = 15, 17
"""Arrived with the number of another patient and was corrected, and the reverse."""
MINE = (*CLEAN_ROWS, OPEN, REPLAYED, WAIVED, WAS_OTHERS)
BY, WHY = "Dr. Osei", "the patient asked for it"


def encounter_of(row: int) -> int:
    """Return the number of the encounter in a row of the patient; no other text contains it."""
    return 987_650_000 + row


def file_of_encounters(rows: int = 2 * BATCH) -> pa.Table:
    """Return the source file."""
    numbers = dict.fromkeys((*MINE, IS_OTHERS), str(PATIENT)) | {WAS_OTHERS: str(OTHER)}
    ids = {row: str(encounter_of(row)) for row in (*MINE, IS_OTHERS)}
    ages = dict.fromkeys((OPEN, REPLAYED, WAIVED), "[300-310)")
    return encounters(rows, patient_nbr=numbers, encounter_id=ids, age=ages)


@dataclass(frozen=True)
class Ward:
    """RAW, CLEAN and the prediction log, and the steps of the pipeline on them.

    Parameters
    ----------
    raw_db, clean_db, predictions_db : psycopg.Connection
        With autocommit, so that no test holds a lock.
    settings : Settings
        With the addresses of the databases and of MLflow.
    bucket : Bucket
        The bucket of the training set.
    key : str
        Key of the prediction log.
    """

    raw_db: psycopg.Connection
    clean_db: psycopg.Connection
    predictions_db: psycopg.Connection
    settings: Settings
    bucket: Bucket
    key: str = KEY

    @property
    def raw(self) -> RawWarehouse:
        return RawWarehouse(self.raw_db, self.key)

    @property
    def clean(self) -> CleanWarehouse:
        return CleanWarehouse(self.clean_db)

    @property
    def partitions(self) -> TrainingPartitions:
        return TrainingPartitions(self.clean, self.bucket)

    @property
    def databases(self) -> Mapping[str, psycopg.Connection]:
        return {"raw": self.raw_db, "clean": self.clean_db, "predictions": self.predictions_db}

    def fill(self) -> None:
        """Let two batches arrive, decide about the quarantine, predict, and report on the cards."""
        for batch in self.ingest(file_of_encounters()):
            bad = (OPEN, REPLAYED, WAIVED, WAS_OTHERS, IS_OTHERS) if batch.number == 1 else ()
            self.accept(batch.batch_id, *bad)
            self.refine(batch.batch_id)
        self.decide()
        for batch in replay(self.raw):
            self.accept(batch.batch_id)
            self.refine(batch.batch_id)
        self.judge()
        self.record_outcomes()
        known_stays.publish(self.clean, self.predictions_db, Pseudonyms(self.key).encounter)
        self.predict(PATIENT, encounter_of(3))
        self.predict("?", encounter_of(120))
        self.predict(OTHER, 1)

    def redeliver(self) -> None:
        """Let a row of the patient arrive once more, a corrected one, and one of somebody else."""
        rows = file_of_encounters()
        (other,) = rows.slice(20, 1).to_pylist()
        other["diag_3"] = "428" if other["diag_3"] != "428" else "250"
        again = [rows.slice(3, 1), pa.Table.from_pylist([other], rows.schema)]
        new = encounters(2 * BATCH + 1).slice(2 * BATCH)
        for batch in self.ingest(pa.concat_tables([*again, new])):
            RepeatedRows(self.raw_db).mark(batch.batch_id)
            (correction,) = Corrections(self.raw_db).find(batch.batch_id)
            held = pd.DataFrame({"source_row": [1], "reasons": [[correction.reason]]})
            self.raw.accept(batch.batch_id, held, [correction])
            self.refine(batch.batch_id)

    def decide(self) -> None:
        quarantine, first = Quarantine(self.raw_db), "batch-0001"
        quarantine.fix(first, [REPLAYED], {"age": "[30-40)"}, BY, WHY)
        quarantine.waive(first, [WAIVED], BY, WHY)
        quarantine.fix(first, [WAS_OTHERS], {schema.PATIENT: str(PATIENT)}, BY, WHY)
        quarantine.fix(first, [IS_OTHERS], {schema.PATIENT: str(OTHER)}, BY, WHY)

    def ingest(self, table: pa.Table) -> list[RawBatch]:
        return ingest(Dataset(Path("file.csv"), Origin.FILE, table), self.raw, BATCH)

    def accept(self, batch_id: str, *bad: int) -> None:
        reasons = [["a value is wrong"]] * len(bad)
        self.raw.accept(batch_id, pd.DataFrame({"source_row": list(bad), "reasons": reasons}))

    def refine(self, batch_id: str) -> None:
        hashed = Pseudonyms(self.key).patient
        process(self.raw, self.clean, batch_id, SPLIT_KEY, hashed)
        self.clean.accept(batch_id)
        self.partitions.write(batch_id)

    def judge(self, batch_id: str = "batch-0002", *left_out: int) -> Promotion:
        """Record a verdict on all rows of CLEAN but those of some encounters."""
        stored = self.clean_db.execute("SELECT encounter_id FROM encounter ORDER BY 1").fetchall()
        numbers = [number for (number,) in stored if number not in left_out]
        version = str(100 + len(ModelHistory(self.clean_db).promotions()))
        promotion = Promotion(batch_id, version, None, "refused", "not better")
        judged = JudgedRows(numbers, len(numbers), "0" * 64, 1)
        return JudgedRowLog(self.clean).record(promotion, judged)

    def record_outcomes(self) -> Mapping[str, int]:
        return record_outcomes(self.clean, OutcomeStore(self.predictions_db), self.key)

    def predict(self, patient: int | str, encounter: int) -> None:
        PredictionStore(self.predictions_db).copy(self.prediction(patient, encounter))
        self.predict_in_shadow(f"request-{encounter}", patient, encounter)
        card = hashlib.md5(f"request-{encounter}".encode(), usedforsecurity=False).hexdigest()
        accepted = CardFeedback(
            UUID(card), datetime.now(UTC), "a service", "accepted", None, "a client"
        )
        feedback.record(self.predictions_db, [accepted])

    def prediction(self, patient: int | str | None, encounter: int) -> bytes:
        """Return a prediction made now, as it waits in the spool."""
        row = {schema.PATIENT: patient, schema.ENCOUNTER: encounter, "age": "[70-80)"}
        now, request_id = datetime.now(UTC).timestamp(), f"request-{encounter}"
        record = (now, request_id, 0, "1", row, (0.5, 0.3, 0.2), "NO", "", "127.0.0.1")
        return Encoder(self.key).line(record)

    def predict_in_shadow(
        self, request_id: str, patient: int | str, encounter: int, made: datetime | None = None
    ) -> None:
        names, now = Pseudonyms(self.key), made or datetime.now(UTC)
        hashes = names.encounter(encounter), names.patient(patient)
        row = ShadowPrediction(
            now, request_id, 0, *hashes, "1", [0.5, 0.3, 0.2], "NO", "2", [0.4, 0.3, 0.3], "<30"
        )
        shadow.store(self.predictions_db, [row])

    def account(self) -> Account:
        return account(self.raw, self.clean)

    def erase(self, patient: int = PATIENT, why: str = WHY) -> tuple[ErasurePlan, list[str]]:
        """Erase a patient; return what was planned and what was reported."""
        said: list[str] = []
        planned = run_erase(self.settings, str(patient), BY, why, said.append, lambda _: True)
        assert planned is not None
        return planned, said

    def traces(self) -> dict[str, list[str]]:
        """Return the rows of all tables that contain a number or a pseudonym of the patient.

        The list by which predictions that arrive later are refused is not among them.
        """
        names = Pseudonyms(self.key)
        hashes = [names.patient(PATIENT), *(names.encounter(encounter_of(row)) for row in MINE)]
        marks = [str(PATIENT), *(str(encounter_of(row)) for row in MINE), *map(str, hashes)]
        return {
            f"{name}.{table}": found
            for name, connection in self.databases.items()
            for table, rows in texts(connection).items()
            if table != "erased_prediction"
            and (found := [row for row in rows if any(mark in row for mark in marks)])
        }


def texts(connection: psycopg.Connection) -> dict[str, list[str]]:
    """Return every row of every table as text."""
    tables = connection.execute(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        " AND table_name NOT IN (SELECT relname FROM pg_class WHERE relispartition)"
    ).fetchall()
    return {
        table: [
            row
            for (row,) in connection.execute(
                sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
            )
        ]
        for (table,) in tables
    }


def settings_of(settings: Settings, addresses: Mapping[str, str], **changes: object) -> Settings:
    """Return the settings of the procedure: addresses by name of the setting, and the key."""
    secret = {name: SecretStr(address) for name, address in addresses.items()}
    return settings.model_copy(update=secret | {"prediction_log_key": SecretStr(KEY)} | changes)
