"""Report keys: the address of a report in the bucket, and its path in the folder of reports.

A key from outside (a page's address, a file to publish) is parsed here. Each path is checked again
just before writing, so that nothing is written outside the folder.
"""

import re
from pathlib import Path
from typing import NewType

from readmission.domain.batch_ids import parse_batch_id
from readmission.errors import InvalidBatchId, InvalidReportKey
from readmission.quality import catalogue

ReportKey = NewType("ReportKey", str)
"""A string that `parse_report_key` has accepted."""

OVERVIEW, SUMMARY = "index.html", "summary.json"
WARNINGS = "warnings.html"
OWN_FILES = frozenset(
    {OVERVIEW, SUMMARY, "quarantine.html", WARNINGS, "drift.html", "assets/site.css"}
)
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
    """Parse the key of a report; the report need not exist.

    Raises
    ------
    InvalidReportKey
        If it is neither one of the site's own files nor a page of a declared gate, or if the batch
        id in it is invalid.
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
        If the path is the folder itself or outside it, even through a symbolic link.
    """
    path = folder / name
    if folder.resolve() not in path.resolve().parents:
        raise InvalidReportKey(name, f"a path within {folder.name}")
    return path
