"""Uploads the reports and the site's own pages to the data docs bucket."""

import hashlib
import logging
import mimetypes
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from readmission.errors import InvalidReportKey
from readmission.quality.report.keys import ReportKey, parse_report_key, path_within
from readmission.quality.report.overview import Overview
from readmission.quality.report.pages import render
from readmission.quality.report.summary import FILE, summarise
from readmission.warehouse import CleanWarehouse, RawWarehouse

log = logging.getLogger(__name__)

RECENT_SECONDS = 86_400.0
"""How much older than the last complete upload a report may be to be compared with the bucket. A
gate that runs meanwhile takes less, and the cost does not grow with the number of batches."""
_MARKER = ".uploaded"
"""File in the folder of a gate's reports; its time is that of the last complete upload."""
_ONE_AT_A_TIME = 296_006
"""Advisory lock: one writer of the overview at a time, so that the last one has the newest data."""


def publish(s3: Any, bucket: str, site: Path, prefix: str) -> int:
    """Upload the reports since the last upload that are missing from the bucket or differ there.

    A file that is not a report, or a symbolic link out of the folder, is logged and skipped.

    Parameters
    ----------
    s3 : boto3 S3 client
        Connected to the object store.
    bucket : str
        The data docs bucket.
    site : Path
        Folder of one gate's reports.
    prefix : str
        Folder in the bucket: the gate's name.

    Returns
    -------
    int
        Number of files uploaded.
    """
    began = time.time()
    reports = dict(_recent_reports(site, prefix))
    published = dict(_etags(s3, bucket, prefix, reports))
    changed = {key: path for key, path in reports.items() if published.get(key) != _md5(path)}
    for key, path in changed.items():
        _put(s3, bucket, key, path.read_bytes())
    if reports:
        (site / _MARKER).touch()
        os.utime(site / _MARKER, (began, began))
    return len(changed)


def publish_overview(
    s3: Any, bucket: str, folder: Path, raw: RawWarehouse, clean: CleanWarehouse
) -> None:
    """Write the site's own pages to the folder of all reports and to the bucket.

    Parameters
    ----------
    s3 : boto3 S3 client
        Connected to the object store.
    bucket : str
        The data docs bucket.
    folder : Path
        Folder of all reports.
    raw, clean : RawWarehouse, CleanWarehouse
        Hold the ledgers, the verdicts, the quarantine and the drift log.
    """
    with raw.connection.transaction():
        raw.connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ONE_AT_A_TIME,))
        overview = Overview.gather(raw, clean)
        for name, content in {**render(overview), FILE: summarise(overview)}.items():
            key = parse_report_key(name)
            path = path_within(folder, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            _put(s3, bucket, key, content.encode())


def _recent_reports(site: Path, prefix: str) -> Iterator[tuple[ReportKey, Path]]:
    marker = site / _MARKER
    since = marker.stat().st_mtime - RECENT_SECONDS if marker.exists() else 0
    for path in sorted(site.rglob("*")):
        if not path.is_file() or path == marker or path.stat().st_mtime < since:
            continue
        name = path.relative_to(site).as_posix()
        try:
            yield parse_report_key(f"{prefix}/{name}"), path_within(site, name)
        except InvalidReportKey as error:
            log.warning("not published: %s", error)


def _put(s3: Any, bucket: str, key: ReportKey, content: bytes) -> None:
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=kind)


def _etags(
    s3: Any, bucket: str, prefix: str, keys: Collection[ReportKey]
) -> Iterator[tuple[str, str]]:
    """Yield the ETags of these reports, as far as they are in the bucket, and of some others."""
    validations = [key for key in keys if key.startswith(f"{prefix}/validations/")]
    # Batches are numbered, so recent reports are at the end of the listing.
    later = {"Prefix": f"{prefix}/validations/", "StartAfter": min(validations, default="")[:-1]}
    for part in ({"Prefix": f"{prefix}/expectations/"}, *([later] if validations else ())):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, **part):
            for entry in page.get("Contents", ()):
                yield entry["Key"], entry["ETag"].strip('"')


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
