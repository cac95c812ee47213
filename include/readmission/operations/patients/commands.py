"""The commands, for the command line of one machine and for ``python -m``."""

import sys
from collections.abc import Callable
from pathlib import Path

import psycopg

from readmission import logs
from readmission.errors import ReadmissionError
from readmission.files import write_whole
from readmission.operations.patients.access import Databases, connect
from readmission.operations.patients.erasing import (
    ErasurePlan,
    describe,
    erase,
    plan,
    stopped_pipeline,
)
from readmission.operations.patients.exporting import Report, export
from readmission.operations.patients.rekeying import Rekeyed, rekey
from readmission.operations.patients.searching import parse_number
from readmission.settings import Settings
from readmission.warehouse.audit.events import Action, by_os_user
from readmission.warehouse.audit.log import AuditLog

FROM_INPUT = "-"
"""Given in place of a number, which is then read from standard input: no history keeps it."""


class CommandRefused(ReadmissionError):
    """A command lacks something, or a file cannot be written."""


class DatabaseFailed(ReadmissionError):
    """A database failed while its rows were read or deleted; the message quotes no row."""


def run_export(
    settings: Settings, number: str, by: str, reason: str, out: Path | None, report: Report
) -> None:
    """Write the rows of a patient to a file that only its owner can read, or to standard output.

    Raises
    ------
    ReadmissionError
        If the number or the reason is missing, nothing is found, or a service is unavailable; an
        audit trail, if there is one, must be writable.
    """
    patient = _checked(number, by, reason)
    try:
        with connect(settings) as databases:
            _record(settings, databases, Action.EXPORT_PATIENT, patient, by, reason)
            document = export(databases, settings, patient, by, reason, report)
    except psycopg.Error as error:
        raise DatabaseFailed(f"a database failed: {logs.where(error)}") from error
    if out is None:
        sys.stdout.write(document + "\n")
        return
    try:
        write_whole(out, document + "\n", durable=True)
    except OSError as error:
        raise CommandRefused(f"{out} cannot be written: {error.strerror}") from error
    report(f"written to {out}; it holds a patient's data, so delete it when it was delivered")


def run_erase(
    settings: Settings,
    number: str,
    by: str,
    reason: str,
    report: Report,
    confirm: Callable[[ErasurePlan], bool],
) -> ErasurePlan | None:
    """Erase the rows of a patient, and return what was erased.

    Parameters
    ----------
    settings : Settings
        With the addresses of the databases, the key of the prediction log and MLflow.
    number, by, reason : str
        Number of the patient; who erases, and why.
    report : callable
        Shows the progress.
    confirm : callable
        Called with what will be erased; without its consent, nothing is.

    Raises
    ------
    ReadmissionError
        If the number or the reason is missing, nothing is found, or a service is unavailable; an
        audit trail, if there is one, must be writable.
    """
    patient = _checked(number, by, reason)
    try:
        with connect(settings) as databases:
            report("searching RAW, CLEAN and the prediction log")
            with databases.clean.unchanged():
                planned = plan(databases, settings, patient, by, reason)
            if planned.counts and not confirm(planned):
                return None
            if not planned.is_done:
                _record(settings, databases, Action.ERASE_PATIENT, patient, by, reason)
                report("waiting until no task works on the rows")
                with stopped_pipeline(databases):
                    # The rows may have changed since they were shown.
                    planned = plan(databases, settings, patient, by, reason)
                    erase(databases, patient, planned, report)
    except psycopg.Error as error:
        raise DatabaseFailed(
            f"a database failed: {logs.where(error)}. Repeat the command: it completes what was"
            " begun"
        ) from error
    for sentence in describe(planned):
        report(sentence)
    return planned


def run_rekey(settings: Settings, report: Report) -> Rekeyed:
    """Hash every number that is still known with the current key, after a rotation of the key.

    Raises
    ------
    ReadmissionError
        If a setting is missing or a database is unavailable; an audit trail, if there is one, must
        be writable.
    """
    try:
        with connect(settings) as databases:
            if trail := AuditLog.from_settings(settings):
                trail.record(by_os_user(Action.REKEY_PATIENTS, None))
            report("waiting until no task works on the rows")
            with stopped_pipeline(databases):
                done = rekey(databases)
    except psycopg.Error as error:
        raise DatabaseFailed(
            f"a database failed: {logs.where(error)}. Repeat the command: it completes what was"
            " begun"
        ) from error
    for table, count in done.rows.items():
        report(f"{table}: {count:,} changed")
    if done.erased_before:
        report(
            f"{done.erased_before:,} erased patients are known by a former key only: keep it in"
            " READMISSION_PREDICTION_LOG_KEY"
        )
    return done


def _record(
    settings: Settings, databases: Databases, action: Action, patient: int, by: str, reason: str
) -> None:
    """Record what will be done, before it is done.

    The subject is the hash on the list of erased patients, which cannot be joined with the
    prediction log.
    """
    if trail := AuditLog.from_settings(settings):
        subject = databases.pseudonyms.erased_patient(patient)
        trail.record(by_os_user(action, subject, by=by, reason=reason))


def _checked(number: str, by: str, reason: str) -> int:
    if not (reason.strip() and by.strip()):
        raise CommandRefused("state who exports or erases, and why: --by, --reason")
    return parse_number(sys.stdin.readline() if number == FROM_INPUT else number)
