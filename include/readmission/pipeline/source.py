"""The source of encounters: a named file, the cached UCI file, UCI itself, or synthetic rows."""

import hashlib
import io
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

import pyarrow as pa
from pyarrow import csv as arrow_csv

from readmission.domain import schema, synthetic
from readmission.errors import DatasetError, DownloadError
from readmission.files import write_whole
from readmission.settings import Settings

UCI_URL = "https://archive.ics.uci.edu/static/public/296/diabetes+130-us+hospitals+for+years+1999-2008.zip"
UCI_SHA256 = "0689e7ec031237dc63031b938805c48377748761a3b26acab621567afa24df97"
UCI_CSV = "diabetic_data.csv"

# All values are read as text: "None" and "?" are values, and only the contract interprets them.
_ALL_TEXT = arrow_csv.ConvertOptions(
    column_types=dict.fromkeys(schema.NAMES, pa.string()),
    strings_can_be_null=False,
)

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
        A CSV, or a zip that holds one.
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
    """Read a CSV, or the CSV inside a zip; the UCI file is recognised by its hash.

    Raises
    ------
    DatasetError
        Names the file and the problem: missing, empty or truncated file, missing or unknown
        columns, a row with too many or too few values.
    """
    content = _content(path)
    encounters = _parse(content, path)
    return Dataset(path, _origin(content, encounters), encounters)


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
        archive.seek(0)
        try:
            content = _csv_in_zip(io.BytesIO(archive.read()), target)
        except DatasetError as error:
            raise DownloadError(f"{UCI_URL} did not send the published zip") from error
    if hashlib.sha256(content).hexdigest() != UCI_SHA256:
        raise DownloadError(f"{UCI_URL} did not send the published file: its sha256 differs")
    _cache(target, content)


def _origin(content: bytes, encounters: pa.Table) -> Origin:
    if hashlib.sha256(content).hexdigest() == UCI_SHA256:
        return Origin.UCI
    return Origin.SYNTHETIC if synthetic.is_synthetic(encounters) else Origin.FILE


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read ({error.strerror}); READMISSION_DATASET names a CSV or a zip"
        ) from error
    return _csv_in_zip(io.BytesIO(content), path) if content[:2] == b"PK" else content


def _csv_in_zip(archive: io.BytesIO, path: Path) -> bytes:
    """Return the bytes of the CSV of encounters in a zip, from any folder in it."""
    try:
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                if not name.endswith(".csv"):
                    continue
                with opened.open(name) as member:
                    if schema.ENCOUNTER.encode() in member.readline(4096):
                        return opened.read(name)
    except (zipfile.BadZipFile, EOFError, OSError, zlib.error) as error:
        raise DatasetError(f"{path} is a damaged zip ({error}); download it again") from error
    raise DatasetError(f"{path} contains no CSV with a column {schema.ENCOUNTER!r}")


def _parse(content: bytes, path: Path) -> pa.Table:
    if not content.strip():
        raise DatasetError(f"{path} is empty; expected a CSV with {len(schema.NAMES)} columns")
    if b"\0" in content:
        raise DatasetError(f"{path} is not a readable CSV: it contains a zero byte")
    table = _read_csv(content, path)
    _check_header(table.column_names, path)
    if table.num_rows == 0:
        raise DatasetError(f"{path} has a header but no encounters")
    return table.select(list(schema.NAMES)).combine_chunks()


def _read_csv(content: bytes, path: Path) -> pa.Table:
    """Read every value as text, in a single thread, so that Arrow can number an invalid row."""
    invalid: list[arrow_csv.InvalidRow] = []

    def stop(row: arrow_csv.InvalidRow) -> Literal["error"]:
        invalid.append(row)
        return "error"

    try:
        return arrow_csv.read_csv(
            io.BytesIO(content),
            read_options=arrow_csv.ReadOptions(use_threads=False),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=stop),
            convert_options=_ALL_TEXT,
        )
    except pa.ArrowInvalid as error:
        problem = str(error)
        for row in invalid:  # Arrow's own message quotes the row, and with it a patient's data.
            problem = (
                f"row {row.number} has {row.actual_columns} values, but the header has"
                f" {row.expected_columns}"
            )
        raise DatasetError(f"{path} is not a readable CSV: {problem}") from None


def _check_header(names: list[str], path: Path) -> None:
    if schema.BY_NAME.keys().isdisjoint(names):
        # The line is not quoted: without a header it holds a patient's data.
        raise DatasetError(
            f"{path}: the first line is not a header of comma-separated names; expected the"
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
