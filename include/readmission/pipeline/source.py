"""The source of encounters: a named file, the cached UCI file, UCI itself, or synthetic rows."""

import hashlib
import os
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pyarrow as pa

from readmission.domain import synthetic
from readmission.errors import DownloadError
from readmission.files import write_whole
from readmission.files.archive import open_zip
from readmission.files.limits import DEFAULT_LIMITS, FileError, IncompleteFile
from readmission.pipeline.delivery import origins
from readmission.pipeline.delivery.arrival import Arrival, Clock, has_changed
from readmission.pipeline.delivery.chunks import read_chunks
from readmission.pipeline.delivery.origins import Origin, OriginFinder
from readmission.pipeline.delivery.places import arrivals_at
from readmission.pipeline.delivery.rows import Slice
from readmission.settings import Settings
from readmission.warehouse.sql.content import content_hash

if TYPE_CHECKING:
    from readmission.warehouse import RawBatch

__all__ = [
    "UCI_CSV", "UCI_URL", "Arrival", "Dataset", "Origin", "download", "find", "locate", "read",
]  # fmt: skip

UCI_URL = "https://archive.ics.uci.edu/static/public/296/diabetes+130-us+hospitals+for+years+1999-2008.zip"
UCI_CSV = "diabetic_data.csv"

Progress = Callable[[int, int], None]
"""Called with the bytes received so far and the total (0 if the server does not state it)."""


@dataclass(frozen=True)
class Dataset:
    """A file of encounters that is in memory as a whole.

    Parameters
    ----------
    path : Path
        A CSV, an Excel workbook, a Parquet file, or a packed CSV.
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

    def hashes(self, slices: Iterable[Slice]) -> dict[Slice, str]:
        """Return the content hash of each slice."""
        return {piece: content_hash(self.encounters.slice(*piece)) for piece in slices}

    def read(self, slices: Sequence[Slice]) -> Iterator[pa.Table]:
        """Yield the rows of each slice."""
        return (self.encounters.slice(*piece) for piece in slices)

    def loaded(self, batch: "RawBatch") -> None:
        """Do nothing: RAW keeps no facts about rows in memory."""


def locate(settings: Settings, progress: Progress = lambda _done, _total: None) -> Dataset:
    """Find the encounters and read all of them into memory; of a folder, its first file.

    Raises
    ------
    DatasetError, StillArriving
        As for `read`.
    """
    return _whole(find(settings, progress)[0])


def find(settings: Settings, progress: Progress = lambda _done, _total: None) -> Sequence[Arrival]:
    """Find the encounters: the files named by the settings, the cache, UCI, or synthetic rows.

    Raises
    ------
    DatasetError, StillArriving
        As for `arrivals_at`.
    """
    if settings.dataset is not None:
        return arrivals_at(settings.dataset, timedelta(minutes=settings.settle_minutes))
    cached = settings.cache_dir / "uci" / UCI_CSV
    if not cached.exists() and not settings.offline:
        # Without a network, fall back to synthetic rows; every page then says so.
        with suppress(DownloadError):
            download(cached, progress)
    if cached.exists():
        return [Arrival(cached)]
    generated = settings.cache_dir / "synthetic" / f"encounters-{settings.synthetic_rows}.csv"
    if not generated.exists():
        _cache(generated, synthetic.csv_bytes(settings.synthetic_rows))
    return [Arrival(generated)]


def read(path: Path, settle: timedelta = timedelta(), now: Clock = time.time) -> Dataset:
    """Read a file of encounters in any format into memory.

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
    return _whole(Arrival(path, settle, now))


def _whole(arrival: Arrival) -> Dataset:
    with arrival.errors_named(), arrival.open() as file:
        before = arrival.status(os.fstat(file.fileno()))
        dataset = _read(file, arrival.path, is_complete=before.is_complete)
        if has_changed(before, arrival.status(os.fstat(file.fileno()))):
            dataset = _read(file, arrival.path, is_complete=False)
        return dataset


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
    finder, tables, rows = OriginFinder(), list[pa.Table](), 0
    for chunk in read_chunks(file, is_complete=is_complete, seen=finder.see):
        tables.append(chunk.parse(rows))
        rows += tables[-1].num_rows
    if not rows:
        raise IncompleteFile("has a header but no encounters")
    encounters = pa.concat_tables(tables).combine_chunks()
    return Dataset(path, finder.origin(encounters), encounters)


def _published(archive: IO[bytes]) -> bytes:
    """Return the published CSV in UCI's zip."""
    try:
        with open_zip(archive, DEFAULT_LIMITS) as opened:
            for name in opened.namelist():
                content = opened.read(name) if name.endswith(UCI_CSV) else b""
                if hashlib.sha256(content).hexdigest() == origins.UCI_SHA256:
                    return content
    except (FileError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise DownloadError(f"{UCI_URL} did not send the published zip") from error
    raise DownloadError(f"{UCI_URL} did not send the published file: its sha256 differs")


def _cache(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, content)
