"""The source of encounters: a named file, the cached UCI file, UCI itself, or synthetic rows."""

import hashlib
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

import pyarrow as pa

from readmission.domain import schema, synthetic
from readmission.errors import DatasetError, DownloadError
from readmission.files import write_whole
from readmission.files.archive import open_zip
from readmission.files.columnar import columnar
from readmission.files.limits import DEFAULT_LIMITS, FileError
from readmission.files.reading import read_tables
from readmission.settings import Settings

UCI_URL = "https://archive.ics.uci.edu/static/public/296/diabetes+130-us+hospitals+for+years+1999-2008.zip"
UCI_SHA256 = "0689e7ec031237dc63031b938805c48377748761a3b26acab621567afa24df97"
UCI_CSV = "diabetic_data.csv"

Progress = Callable[[int, int], None]
"""Called with the bytes received so far and the total (0 if the server does not state it)."""


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
    """
    if settings.dataset is not None:
        return read(settings.dataset)
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


def read(path: Path) -> Dataset:
    """Read a file of encounters in any format that `readmission.files` knows.

    The UCI file is recognised by its hash. A row with too many or too few values is kept with the
    reason, for the quarantine.

    Raises
    ------
    DatasetError
        Names the file and the problem: missing, empty or truncated file, missing or unknown
        columns, a format that cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _read(file, path)
    except FileError as error:
        raise DatasetError(f"{path} {error}") from error
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read ({error.strerror}); READMISSION_DATASET names a CSV, an Excel"
            " workbook, or a packed CSV"
        ) from error


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


def _read(file: IO[bytes], path: Path) -> Dataset:
    digest = hashlib.sha256()
    parts = []
    for table in read_tables(file, schema.NAMES, schema.ENCOUNTER, seen=digest.update):
        _check_header(table.names, path)
        parts.append(columnar(table, schema.NAMES, reason_in=schema.TARGET))
    encounters = pa.concat_tables(parts).combine_chunks()
    if not encounters.num_rows:
        raise DatasetError(f"{path} has a header but no encounters")
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
    if not names:
        raise DatasetError(f"{path} is empty; expected a CSV with {len(schema.NAMES)} columns")
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
