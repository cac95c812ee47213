"""The source of encounters: a named file, the cached UCI file, UCI itself, or synthetic rows."""

import hashlib
import os
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import IO

import pyarrow as pa

from readmission.domain import schema, synthetic
from readmission.errors import DatasetError, DownloadError, StillArriving
from readmission.files import write_whole
from readmission.files.archive import open_zip
from readmission.files.columnar import columnar
from readmission.files.limits import DEFAULT_LIMITS, FileError, IncompleteFile
from readmission.files.reading import read_tables
from readmission.settings import Settings

UCI_URL = "https://archive.ics.uci.edu/static/public/296/diabetes+130-us+hospitals+for+years+1999-2008.zip"
UCI_SHA256 = "0689e7ec031237dc63031b938805c48377748761a3b26acab621567afa24df97"
UCI_CSV = "diabetic_data.csv"

Progress = Callable[[int, int], None]
"""Called with the bytes received so far and the total (0 if the server does not state it)."""


Clock = Callable[[], float]


class Origin(StrEnum):
    """Whose encounters these are; shown next to every figure that was computed from them."""

    UCI = "uci"
    FILE = "file"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class Dataset:
    """A file of encounters that has been read.

    Parameters
    ----------
    path : Path
        A CSV, an Excel workbook, or a packed CSV.
    origin : Origin
        Whose encounters these are.
    encounters : pyarrow.Table
        All rows in file order: the columns of `schema.COLUMNS`, as text.
    """

    path: Path
    origin: Origin
    encounters: pa.Table

    def __len__(self) -> int:
        return int(self.encounters.num_rows)


def locate(settings: Settings, progress: Progress = lambda _done, _total: None) -> Dataset:
    """Find the encounters: the file named by the settings, the cache, UCI, or synthetic rows.

    Raises
    ------
    DatasetError
        If the file that the settings name is missing or is not a file of encounters.
    StillArriving
        If it changed lately and is not readable yet.
    """
    if settings.dataset is not None:
        return read(settings.dataset, timedelta(minutes=settings.settle_minutes))
    cached = settings.cache_dir / "uci" / UCI_CSV
    if not cached.exists() and not settings.offline:
        # Without a network, fall back to synthetic rows; every page then says so.
        with suppress(DownloadError):
            download(cached, progress)
    if cached.exists():
        return read(cached)
    generated = settings.cache_dir / "synthetic" / f"encounters-{settings.synthetic_rows}.csv"
    if not generated.exists():
        _cache(generated, synthetic.csv_bytes(settings.synthetic_rows))
    return read(generated)


def read(path: Path, settle: timedelta = timedelta(), now: Clock = time.time) -> Dataset:
    """Read a file of encounters in any format that `readmission.files` knows.

    The UCI file is recognised by its hash. A row with too many or too few values is kept with the
    reason, for the quarantine.

    Parameters
    ----------
    path : Path
        The file.
    settle : timedelta
        A file that changed within this time may still be written: its last line is left out if it
        has no line end.
    now : callable
        The clock, in seconds since 1970.

    Raises
    ------
    DatasetError
        Names the file and the problem: missing, empty or truncated file, missing or unknown
        columns, a format that cannot be read.
    StillArriving
        If the file is incomplete and changed within `settle`.
    """
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            dataset = _read(file, path, is_complete=_has_settled(before, settle, now()))
            if _changes(before) != _changes(os.fstat(file.fileno())):
                file.seek(0)
                dataset = _read(file, path, is_complete=False)
            return dataset
    except IncompleteFile as error:
        if _has_settled(path.stat(), settle, now()):
            raise DatasetError(f"{path} {error}") from error
        raise StillArriving(f"{path} changed lately and is read later: it {error}") from error
    except FileError as error:
        raise DatasetError(f"{path} {error}") from error
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read ({error.strerror}); READMISSION_DATASET names a CSV, an Excel"
            " workbook, or a packed CSV"
        ) from error


def _has_settled(status: os.stat_result, settle: timedelta, now: float) -> bool:
    """Whether a file has not changed for a while.

    A copy may carry an old time of its content from the start, but the system itself keeps the
    time of the last change. A time in the future comes from a wrong clock.
    """
    changed = max(status.st_mtime, status.st_ctime)
    return abs(now - changed) >= settle.total_seconds()


def _changes(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def download(target: Path, progress: Progress = lambda _done, _total: None) -> None:
    """Fetch the UCI zip, check the sha256 of its CSV and keep the CSV at `target`.

    Raises
    ------
    DownloadError
        If UCI cannot be reached or does not send the published file.
    """
    # Imported here, because an image that never downloads has no HTTP client.
    import httpx

    with tempfile.SpooledTemporaryFile(max_size=64 << 20) as archive:
        try:
            with httpx.stream("GET", UCI_URL, follow_redirects=True, timeout=30) as response:
                response.raise_for_status()
                total = int(response.headers.get("content-length", 0))
                for chunk in response.iter_bytes():
                    archive.write(chunk)
                    progress(response.num_bytes_downloaded, total)
        except httpx.HTTPError as error:
            raise DownloadError(f"UCI could not be reached ({error}); see {UCI_URL}") from error
        content = _published(archive)
    _cache(target, content)


def _read(file: IO[bytes], path: Path, *, is_complete: bool) -> Dataset:
    digest = hashlib.sha256()
    parts = []
    for table in read_tables(
        file, schema.NAMES, schema.ENCOUNTER, is_complete=is_complete, seen=digest.update
    ):
        if not table.names:
            raise IncompleteFile(f"is empty; expected a CSV with {len(schema.NAMES)} columns")
        _check_header(table.names, path)
        parts.append(columnar(table, schema.NAMES, reason_in=schema.TARGET))
    encounters = pa.concat_tables(parts).combine_chunks()
    if not encounters.num_rows:
        raise IncompleteFile("has a header but no encounters")
    return Dataset(path, _origin(digest.hexdigest(), encounters), encounters)


def _origin(sha256: str, encounters: pa.Table) -> Origin:
    if sha256 == UCI_SHA256:
        return Origin.UCI
    return Origin.SYNTHETIC if synthetic.is_synthetic(encounters) else Origin.FILE


def _published(archive: IO[bytes]) -> bytes:
    """Return the published CSV in UCI's zip."""
    try:
        with open_zip(archive, DEFAULT_LIMITS) as opened:
            for name in opened.namelist():
                content = opened.read(name) if name.endswith(UCI_CSV) else b""
                if hashlib.sha256(content).hexdigest() == UCI_SHA256:
                    return content
    except (FileError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise DownloadError(f"{UCI_URL} did not send the published zip") from error
    raise DownloadError(f"{UCI_URL} did not send the published file: its sha256 differs")


def _check_header(names: Sequence[str], path: Path) -> None:
    if schema.BY_NAME.keys().isdisjoint(names):
        # The line is not quoted: without a header it holds a patient's data.
        raise DatasetError(
            f"{path}: the first line is not a header of names; expected the"
            f" {len(schema.NAMES)} columns {', '.join(schema.NAMES)}"
        )
    missing = [name for name in schema.NAMES if name not in names]
    extra = [name for name in names if name not in schema.BY_NAME]
    repeated = sorted({name for name in names if names.count(name) > 1})
    problems = [
        f"{problem}: {', '.join(columns)}"
        for problem, columns in (("missing", missing), ("unknown", extra), ("repeated", repeated))
        if columns
    ]
    if problems:
        raise DatasetError(f"{path} has the wrong columns; {'; '.join(problems)}")


def _cache(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, content)
