"""Uploads the reports and the site's own pages to the data docs bucket."""

import hashlib
import mimetypes
from pathlib import Path
from typing import Any

from readmission.quality.report.overview import Overview
from readmission.quality.report.pages import render
from readmission.quality.report.summary import FILE, summarise
from readmission.warehouse import CleanWarehouse, RawWarehouse

_ONE_AT_A_TIME = 296_006
"""Advisory lock: one writer of the overview at a time, so that the last one has the newest data."""


def publish(s3: Any, bucket: str, site: Path, prefix: str) -> int:
    """Upload the files that are missing from the bucket or differ there.

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
    published = _etags(s3, bucket, prefix)
    changed = [
        path
        for path in sorted(site.rglob("*"))
        if path.is_file() and published.get(_key(path, site, prefix)) != _md5(path)
    ]
    for path in changed:
        _put(s3, bucket, _key(path, site, prefix), path.read_bytes())
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
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            _put(s3, bucket, name, content.encode())


def _put(s3: Any, bucket: str, key: str, content: bytes) -> None:
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=kind)


def _etags(s3: Any, bucket: str, prefix: str) -> dict[str, str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/")
    return {
        entry["Key"]: entry["ETag"].strip('"')
        for page in pages
        for entry in page.get("Contents", ())
    }


def _key(path: Path, site: Path, prefix: str) -> str:
    return f"{prefix}/{path.relative_to(site).as_posix()}"


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
