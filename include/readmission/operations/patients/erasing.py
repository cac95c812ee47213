"""Erase every row of one patient: once begun, repeating the command completes it."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import uuid4

import psycopg

from readmission.errors import PatientNotFound, ReadmissionError
from readmission.operations.patients.access import Databases
from readmission.operations.patients.exporting import Report, names_of_tables
from readmission.operations.patients.models import models_of, named, verdicts_of
from readmission.operations.patients.searching import Subject, find, identify
from readmission.settings import Settings
from readmission.warehouse import stores
from readmission.warehouse.clean.erasures import CleanErasures
from readmission.warehouse.predictions import erased
from readmission.warehouse.raw.erasures import Erasure, RawErasures

log = logging.getLogger("readmission.operations.patients")

BACKUPS = (
    "Backups still hold the rows until they expire (docs/operations.md, 'Backups'). If one is"
    " restored, repeat the erasure before the pipeline starts."
)

COPIES = (
    "no training reads the copies of the rows in the training set any longer; the next run of"
    " ledger_sweep deletes them"
)


class ErasureRefused(ReadmissionError):
    """An erasure cannot begin; nothing was deleted."""


@dataclass(frozen=True)
class ErasurePlan:
    """What an erasure will delete, and what it says about models.

    Parameters
    ----------
    counts : mapping of str to int
        Rows by table, as ``database.table``; tables without rows are missing.
    erasure : Erasure
        The tombstone: new, or that of an erasure that was begun and not completed.
    is_begun : bool
        Whether the erasure was begun before and not completed.
    """

    counts: Mapping[str, int]
    erasure: Erasure
    is_begun: bool

    @property
    def is_done(self) -> bool:
        """Whether the patient was erased before, and no row has arrived since."""
        return not (self.counts or self.is_begun)


@contextmanager
def stopped_pipeline(databases: Databases) -> Iterator[None]:
    """Let no task write or copy rows until the block ends; tasks wait.

    Raises
    ------
    ErasureRefused
        If a task does not finish in time.
    """
    with ExitStack() as held:
        try:
            held.enter_context(databases.raw.alone())
            held.enter_context(databases.clean.alone())
        except psycopg.errors.LockNotAvailable as error:
            raise ErasureRefused(
                "a task of the pipeline works on the same rows and did not finish in two minutes;"
                " nothing was deleted. Try again when it has finished"
            ) from error
        yield


def plan(
    databases: Databases, settings: Settings, patient: int, by: str, reason: str
) -> ErasurePlan:
    """Return what an erasure would delete; call it within `stopped_pipeline`.

    Raises
    ------
    PatientNotFound
        If no table has a row of the patient, and none was ever erased.
    ErasureRefused
        If the reason contains the number, which would outlive the erasure.
    ErasureKeyError
        If the list of erased patients was made with another key.
    RegistryUnavailable
        If MLflow cannot be reached.
    """
    if str(patient) in f"{by} {reason}":
        raise ErasureRefused(
            "the reason is kept, so it must not contain the number of the patient;"
            " nothing was deleted"
        )
    tables = find(databases, identify(databases, patient))
    counts = {
        f"{database}.{table}": len(rows)
        for database, found in tables.items()
        for table, rows in found.items()
        if rows
    }
    if not (counts or databases.raw.erased_patients.among([str(patient)])):
        raise PatientNotFound(names_of_tables())
    begun = databases.raw.erased_patients.pending(patient)
    if begun is not None:
        return ErasurePlan(
            counts, RawErasures(databases.raw.connection).erasure(begun), is_begun=True
        )
    use = CleanErasures(databases.clean).use_of(patient)
    models, verdicts = models_of(settings, use), verdicts_of(databases.clean, patient, use)
    erasure = Erasure(uuid4(), by, reason, named(models), named(verdicts))
    return ErasurePlan(counts, erasure, is_begun=False)


def erase(databases: Databases, patient: int, planned: ErasurePlan, report: Report) -> None:
    """Delete the rows of a patient; call it within `stopped_pipeline`.

    First the patient is put on the list of erased patients, and the tombstone is stored. Each
    database is then one transaction: the prediction log, CLEAN, and RAW last, because the numbers
    of the patient's encounters, by which the other two are searched, are in RAW. If the command
    is killed in between, repeat it: it finds the rows that are left, and the same tombstone.
    """
    raw = RawErasures(databases.raw.connection)
    with databases.raw.connection.transaction():
        raw.record(planned.erasure, {})
        databases.raw.erased_patients.begin(patient, planned.erasure.erasure_id)
    subject = identify(databases, patient)
    report("erasing the prediction log")
    with databases.predictions.transaction():
        erased.remember(databases.predictions, subject.patient_hashes, subject.encounter_hashes)
        stores.delete(databases.predictions, "predictions", vars(subject))
    report("erasing CLEAN")
    _erase_clean(databases, subject)
    report("erasing RAW")
    with databases.raw.numbering():
        raw.forget_number(patient)
        raw.erase(subject.rows, planned.erasure)
        databases.raw.erased_patients.complete(patient)
    log.info("the rows of one patient were erased: %s", dict(planned.counts))


def _erase_clean(databases: Databases, subject: Subject) -> None:
    raw = RawErasures(databases.raw.connection)
    left = raw.set_aside_without(subject.rows, databases.raw.batches())
    CleanErasures(databases.clean).erase(vars(subject), set(subject.batches), left)


def describe(planned: ErasurePlan) -> Iterator[str]:
    """Yield sentences about an erasure that was carried out."""
    if not planned.counts:
        yield "no row was left; the patient was erased before"
    for table, rows in planned.counts.items():
        yield f"erased {rows:,} {'row' if rows == 1 else 'rows'} of {table}"
    if planned.erasure.models:
        yield (
            f"these models learned from the rows: {', '.join(planned.erasure.models)};"
            " the next training runs without them (`readmission retrain` starts it)"
        )
    if planned.erasure.verdicts:
        yield f"these comparisons used the rows as test rows: {', '.join(planned.erasure.verdicts)}"
    yield COPIES
    yield "rows of this patient that arrive later are refused and counted as erased"
    yield BACKUPS
