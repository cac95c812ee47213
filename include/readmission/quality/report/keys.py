"""The keys of reports: their addresses in the bucket, and their paths in the folder of reports.

A key from outside (the address of a page, a file that is published) is parsed here. A path is
checked again just before it is written, so that no name leads out of the folder.
"""

import re
from pathlib import Path
from typing import NewType

from readmission.domain.batch_ids import parse_batch_id
from readmission.errors import InvalidBatchId, InvalidReportKey
from readmission.quality import catalogue

ReportKey = NewType("ReportKey", str)
"""A text that `parse_report_key` has accepted."""

OVERVIEW, SUMMARY = "index.html", "summary.json"
OWN_FILES = frozenset({OVERVIEW, SUMMARY, "quarantine.html", "drift.html", "assets/site.css"})
"""The files of the site itself; all others belong to a gate."""

_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_GATE_FILE = re.compile(
    rf"(?P<gate>{_NAME})/(?:expectations/{_NAME}"
    rf"|validations/{_NAME}/(?P<batch>{_NAME})/{_NAME}/{_NAME})\.html"
)
EXPECTED = (
    f"{OVERVIEW}, <gate>/expectations/<gate>.html"
    " or <gate>/validations/<gate>/<batch>/<time>/<name>.html"
)


def parse_report_key(value: str) -> ReportKey:
    """Return a text as the key of a report; the report need not exist.

    Raises
    ------
    InvalidReportKey
        If it is neither a file of the site itself nor a page of a gate that is declared, or if
        the page is about something else than a batch.
    """
    if value in OWN_FILES:
        return ReportKey(value)
    found = _GATE_FILE.fullmatch(value)
    if found is None or found["gate"] not in {gate.name for gate in catalogue.GATES}:
        raise InvalidReportKey(value, EXPECTED)
    if found["batch"] is not None:
        try:
            parse_batch_id(found["batch"])
        except InvalidBatchId:
            raise InvalidReportKey(value, EXPECTED) from None
    return ReportKey(value)


def path_within(folder: Path, name: str) -> Path:
    """Return the path of a name in a folder; the file need not exist.

    Raises
    ------
    InvalidReportKey
        If the path would be the folder itself or outside of it, also by a symbolic link.
    """
    path = folder / name
    if folder.resolve() not in path.resolve().parents:
        raise InvalidReportKey(name, f"a path within {folder.name}")
    return path
