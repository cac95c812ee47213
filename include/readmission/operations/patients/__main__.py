"""Export or erase rows of a patient: ``python -m readmission.operations.patients --help``."""

import argparse
import logging
import sys
from pathlib import Path

from readmission import logs
from readmission.errors import ReadmissionError
from readmission.operations.patients.commands import run_erase, run_export, run_rekey
from readmission.operations.patients.erasing import ErasurePlan
from readmission.settings import get_settings
from readmission.warehouse.audit.events import os_user

log = logging.getLogger("readmission.operations.patients")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    found = argparse.ArgumentParser(prog="patients", description=__doc__.partition(":")[0])
    verbs = found.add_subparsers(dest="verb", required=True)
    export = verbs.add_parser("export", help="write all rows of a patient as JSON")
    export.add_argument("--out", type=Path, help="file to write (standard output)")
    erase = verbs.add_parser("erase", help="delete all rows of a patient")
    erase.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    verbs.add_parser("rekey", help="replace the hashes of former keys")
    for verb in (export, erase):
        verb.add_argument("number", help="number of the patient, or - to read it from the input")
        verb.add_argument("--reason", required=True, help="why; it is kept")
        verb.add_argument("--by", default=os_user(), help="who; it is kept (the user)")
    return found


def main() -> None:
    """Run the command line."""
    given = parser().parse_args()
    try:
        settings = get_settings()
        if given.verb == "export":
            run_export(settings, given.number, given.by, given.reason, given.out, _report)
            return
        if given.verb == "rekey":
            run_rekey(settings, _report)
            return

        def confirmed(planned: ErasurePlan) -> bool:
            return given.yes or _ask(planned)

        if run_erase(settings, given.number, given.by, given.reason, _report, confirmed) is None:
            sys.exit("nothing was erased")
    except ReadmissionError as error:
        sys.exit(f"error: {error}")


def _ask(planned: ErasurePlan) -> bool:
    _report(f"this erases {sum(planned.counts.values()):,} rows: {dict(planned.counts)}")
    if not sys.stdin.isatty():
        raise ReadmissionError("give --yes to erase without a question; nothing was erased")
    sys.stderr.write("Erase them? This cannot be undone. [y/N] ")
    return input().strip().lower() in ("y", "yes")


def _report(sentence: str) -> None:
    log.info("%s", sentence)


if __name__ == "__main__":
    logs.configure("patients")
    main()
