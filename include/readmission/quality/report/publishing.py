"""Reports and the site's own pages into the bucket where people read them."""

import hashlib
import mimetypes
from pathlib import Path
from typing import Any

from readmission.quality.report.overview import Overview
from readmission.quality.report.pages import render
from readmission.quality.report.summary import FILE, summarise
from readmission.warehouse import CleanWarehouse, RawWarehouse

_ONE_AT_A_TIME = 296_006
"""Advisory lock of the overview: whoever writes last has read last."""


def publish(s3: Any, bucket: str, site: Path, prefix: str) -> int:
    """Upload what the bucket does not have yet, or has differently.

    Parameters
    ----------
    s3 : boto3 S3 client
        Connected to the object store.
    bucket : str
        Bucket of the data docs.
    site : Path
        Folder of one gate's site.
    prefix : str
        Folder in the bucket, the gate's name.

    Returns
    -------
    int
        Number of files uploaded.
    """
    there = _etags(s3, bucket, prefix)
    changed = [
        path
        for path in sorted(site.rglob("*"))
        if path.is_file() and there.get(_key(path, site, prefix)) != _md5(path)
    ]
    for path in changed:
        _put(s3, bucket, _key(path, site, prefix), path.read_bytes())
    return len(changed)


def publish_overview(
    s3: Any, bucket: str, folder: Path, raw: RawWarehouse, clean: CleanWarehouse
) -> None:
    """Write the site's own pages anew, in the folder of all reports and in the bucket.

    Parameters
    ----------
    s3 : boto3 S3 client
        Connected to the object store.
    bucket : str
        Bucket of the data docs.
    folder : Path
        Folder of all reports.
    raw, clean : RawWarehouse, CleanWarehouse
        Hold the ledgers, verdicts, quarantine and drift.
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
