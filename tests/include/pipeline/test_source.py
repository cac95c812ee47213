"""Files of encounters: a valid file is read as text, any other is an error that names it."""

import bz2
import gzip
import hashlib
import io
import os
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from csv import reader
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import Workbook
from pyarrow import parquet as pq

from readmission.domain import schema, synthetic
from readmission.errors import DatasetError, DownloadError, StillArriving
from readmission.pipeline import source
from readmission.pipeline.delivery import chunks, origins
from readmission.pipeline.source import Dataset, Origin
from readmission.settings import Settings

ROWS = 40
CSV = synthetic.csv_bytes(ROWS).replace(b'"', b"")
HEADER, *LINES = CSV.splitlines()
NARROW = b"\n".join(line.rpartition(b",")[0] for line in (HEADER, *LINES))
TABLE = [line.decode().split(",") for line in (HEADER, *LINES)]


def csv(*lines: bytes, header: bytes = HEADER) -> bytes:
    return b"\n".join((header, *lines)) + b"\n"


def zipped(**members: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(content)
    return sink.getvalue().to_pybytes()


def parquet() -> bytes:
    """Return a Parquet file with numbers as numbers, and null where a value is missing."""
    rows = synthetic.encounters(ROWS)
    for place, name in enumerate(schema.NAMES):
        if schema.BY_NAME[name].is_number:
            rows = rows.set_column(place, name, rows[name].cast(pa.int64()))
        elif name == "gender":
            rows = rows.set_column(place, name, rows[name].dictionary_encode())
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink)
    return sink.getvalue().to_pybytes()


def workbook(**sheets: Sequence[Sequence[str]]) -> bytes:
    """Return a workbook with whole numbers as numbers, as Excel stores them."""
    book, sink = Workbook(write_only=True), io.BytesIO()
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([int(cell) if cell.isdigit() else cell for cell in row])
    book.save(sink)
    return sink.getvalue()


def flipped(content: bytes) -> bytes:
    """Return the content with one byte in 16 wrong in its first half."""
    return bytes(
        b ^ (0xFF * (i % 16 == 15 and 64 < i < len(content) // 2)) for i, b in enumerate(content)
    )


def cell(line: bytes, name: str, value: bytes) -> bytes:
    """Return the line with another value in one column."""
    values = line.split(b",")
    values[schema.NAMES.index(name)] = value
    return b",".join(values)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], Dataset]:
    def write_and_read(content: bytes) -> Dataset:
        path = tmp_path / "encounters"
        path.write_bytes(content)
        return source.read(path)

    return write_and_read


def test_values_are_read_as_text(read: Callable[[bytes], Dataset]) -> None:
    # given "None" (not measured), "?" (missing) and values that a reader might take for null
    line = cell(cell(LINES[0], "A1Cresult", b"None"), "race", b"?")
    line = cell(cell(line, "payer_code", b"NA"), "diag_1", b"008.50")
    line = cell(cell(line, "diag_2", b""), "diag_3", b'"a ""b"", c"')

    # when
    (row,) = read(csv(line)).encounters.to_pylist()

    # then
    assert (row["A1Cresult"], row["race"], row["payer_code"]) == ("None", "?", "NA")
    assert (row["diag_1"], row["diag_2"], row["diag_3"]) == ("008.50", "", 'a "b", c')


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        CSV.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + CSV,
        b'"' + CSV.replace(b",", b'","').replace(b"\n", b'"\n"')[:-1],
        CSV.replace(b"\n", b"\r"),
        b"\n\r\n  \n;;;\n" + CSV,
        CSV.replace(b",", b";"),
        b"sep=;\r\n" + CSV.replace(b",", b";"),
        CSV.replace(b",", b"\t"),
        CSV.decode().encode("utf-16"),
        CSV.decode().encode("utf-16-be"),
        gzip.compress(CSV[:5_000]) + gzip.compress(CSV[5_000:]),
        bz2.compress(CSV),
        zstd(CSV),
        parquet(),
        workbook(Stays=TABLE),
        workbook(First=TABLE[:5], Codes=[["code", "meaning"]], Second=[TABLE[0], *TABLE[5:]]),
        zipped(**{"DATA.CSV": CSV}),
        zipped(**{"2007.csv": csv(*LINES[:4]), "2008.csv": csv(*LINES[4:])}),
        zipped(**{"diabetic_data.csv": CSV}),
        zipped(
            **{
                "__MACOSX/a/._data.csv": b"\0\5\26\7",
                "a/IDs_mapping.csv": b"admission_type_id,description\n1,Emergency\n",
                "a/b/read me.txt": b"encounter_id",
                "a/b/c/whatever it is called.csv": CSV,
            }
        ),
    ],
    ids=[
        "plain", "crlf", "bom", "quoted", "cr", "blank lines", "semicolons", "hint of Excel",
        "tabs", "utf-16", "utf-16 without a mark", "gzip of two parts", "bzip2", "zstd",
        "Parquet", "workbook", "two sheets", "upper case in a zip", "two files in a zip", "zip",
        "deep in a zip",
    ],
)  # fmt: skip
def test_every_file_format_gives_the_same_encounters(
    read: Callable[[bytes], Dataset], content: bytes
) -> None:
    dataset = read(content)

    assert len(dataset) == ROWS
    assert dataset.encounters.equals(synthetic.encounters(ROWS))


def test_columns_are_in_the_order_of_the_contract(read: Callable[[bytes], Dataset]) -> None:
    reversed_lines = [b",".join(reversed(line.split(b","))) for line in (HEADER, *LINES)]

    dataset = read(csv(*reversed_lines[1:], header=reversed_lines[0]))

    assert dataset.encounters.equals(synthetic.encounters(ROWS))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty; expected a CSV with 50 columns"),
        (b" \n\n", "is empty"),
        (HEADER + b"\n", "has a header but no encounters"),
        (
            NARROW,
            "missing: readmitted$",
        ),
        (
            b"\n".join(line + b",1" for line in (HEADER, *LINES)).replace(b",1", b",ward", 1),
            "unknown: ward$",
        ),
        (CSV.replace(b",race,", b",Raza,"), "missing: race; unknown: Raza$"),
        (CSV.replace(b",race,", b",gender,"), "missing: race; repeated: gender$"),
        (b"\n".join(LINES), "is not a header.*; expected the 50 columns encounter_id, patient_nbr"),
        (csv(cell(LINES[0], "race", b'"Asian'), *LINES[1:]), "row 1 has 3.*quote not closed"),
        (csv(cell(LINES[0], "race", b"\xc3\xa4\xe4")), "not readable as UTF-8"),
        (b"<!doctype html><p>Not here</p>\n", "is a page of HTML; save it as CSV, xlsx"),
        (zipped(**{"a.csv": CSV})[:600], "is a damaged or incomplete zip .*; send it again"),
        (zipped(**{"a.csv": CSV})[:4], "is a damaged or incomplete zip"),
        (flipped(zipped(**{"a.csv": CSV})), "is a damaged or incomplete zip"),
        (zipped(**{"a.txt": CSV}), "contains no CSV with a column 'encounter_id'.* contains a.txt"),
        (zipped(**{"a.csv": b""}), "contains no CSV"),
        (gzip.compress(CSV)[:-9], "is a damaged or incomplete gzip file"),
        (parquet()[:-9], "is a damaged or incomplete Parquet file .*; send it again"),
        (zstd(CSV)[:-9], "is a damaged or incomplete zstd file"),
        (zipped(**{"a.csv": CSV, "b.csv": NARROW}), "different columns: b.csv lacks readmitted"),
        (zipped(**{"a.csv": CSV, "b.csv": b"\n".join(LINES)}), "b.csv has no header like .* a.csv"),
        (workbook(A=TABLE, B=[row[:-1] for row in TABLE]), "sheets .* B lacks readmitted of A"),
        (b"%PDF-1.7", "is a PDF document; save it as CSV, xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old format .xls or has a password"),
        (gzip.compress(gzip.compress(CSV)), "is a gzip file inside a gzip file"),
    ],
    ids=[
        "empty", "blank", "header only", "missing column", "extra column", "wrong header",
        "repeated column", "no header",
        "open quote", "two encodings",
        "html", "truncated zip", "four bytes", "corrupt zip", "no csv", "empty csv",
        "truncated gzip", "truncated Parquet", "truncated zstd", "other layout",
        "no header in the second file",
        "other sheet", "pdf", "old Excel", "packed twice",
    ],
)  # fmt: skip
def test_a_bad_file_is_an_error_that_names_the_file_and_the_problem(
    read: Callable[[bytes], Dataset], tmp_path: Path, content: bytes, complaint: str
) -> None:
    with pytest.raises(DatasetError, match=complaint) as caught:
        read(content)

    assert str(tmp_path / "encounters") in str(caught.value)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (b"Total: 40 stays", 1),
        (b"\x1a", 1),
        (b'"Total","40"', 2),
        (LINES[7] + b",1", 51),
        (LINES[7].rpartition(b",")[0], 49),
    ],
    ids=["footer", "Ctrl-Z", "two cells", "long row", "short row"],
)
@pytest.mark.parametrize("end", [b"", b"\n"], ids=["open end", "line end"])
@pytest.mark.parametrize("following", [0, 3])
def test_a_row_of_another_length_is_kept_with_the_reason(
    read: Callable[[bytes], Dataset], line: bytes, values: int, end: bytes, following: int
) -> None:
    content = csv(*LINES[:20], line, *LINES[20 : 20 + following]).removesuffix(b"\n") + end

    rows = read(content).encounters

    assert rows.slice(0, 20).equals(synthetic.encounters(ROWS).slice(0, 20))
    assert rows.slice(21).equals(synthetic.encounters(ROWS).slice(20, following))
    (kept,) = rows.slice(20, 1).to_pylist()
    expected = next(reader([line.decode()])) + [""] * 49
    assert [kept[name] for name in schema.NAMES[:-1]] == expected[:49]
    counted = f"{values} value{'s' if values > 1 else ''}"
    assert kept[schema.TARGET] == f"(this row has {counted}, the header has 50)"


def test_a_row_with_a_zero_byte_is_kept_with_the_reason(read: Callable[[bytes], Dataset]) -> None:
    damaged = cell(LINES[7], "race", b"As\0ian")

    rows = read(csv(*LINES[:7], damaged, *LINES[8:])).encounters

    (kept,) = rows.slice(7, 1).to_pylist()
    assert (kept["race"], kept[schema.TARGET]) == ("Asian", "(this row has a zero byte)")
    whole = synthetic.encounters(ROWS)
    assert rows.slice(0, 7).equals(whole.slice(0, 7))
    assert rows.slice(8).equals(whole.slice(8))


TICK = timedelta(minutes=10)


def after(path: Path, passed: timedelta) -> Callable[[], float]:
    """Return a clock that shows how long ago the file changed."""
    return lambda: path.stat().st_ctime + passed.total_seconds()


@pytest.mark.parametrize("end", [b"", b"8", b"\r\n", b"Total: 7"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_file_that_is_still_written_is_read_to_its_last_whole_line(
    tmp_path: Path, end: bytes, encoding: str
) -> None:
    # given a file whose last value may go on: ">3" becomes ">30"
    path = tmp_path / "delivery.csv"
    last = LINES[5].rpartition(b",")[0] + b",>3" + end
    path.write_bytes((csv(*LINES[:5]) + last).decode().encode(encoding))

    # when it has changed within a tick, and when it no longer changes
    early, late = (source.read(path, TICK, after(path, passed)) for passed in (TICK / 2, TICK))

    # then the last line is read if it has an end, or once the file no longer changes
    assert len(early) == (6 if end == b"\r\n" else 5)
    assert len(late) == 6
    assert late.encounters.slice(0, 5).equals(synthetic.encounters(ROWS).slice(0, 5))


def test_an_old_time_of_the_content_does_not_make_a_new_file_old(tmp_path: Path) -> None:
    path = tmp_path / "copied.csv"
    path.write_bytes(csv(*LINES[:5]) + LINES[5])
    os.utime(path, (0, 0))

    assert len(source.read(path, TICK)) == 5


def test_a_file_that_grows_while_it_is_read_is_read_to_its_last_whole_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a file that no longer changed and grows when its rows are read
    path = tmp_path / "delivery.csv"
    path.write_bytes(csv(*LINES[:5]) + LINES[5][:-1])
    columnar = chunks.columnar

    def grown(*arguments: Any, **options: Any) -> pa.Table:
        with path.open("ab") as file:
            file.write(LINES[5][-1:])
        return columnar(*arguments, **options)

    monkeypatch.setattr(chunks, "columnar", grown)

    assert len(source.read(path, TICK, after(path, TICK))) == 5


@pytest.mark.parametrize(
    "content",
    [
        b"",
        HEADER[:200],
        gzip.compress(CSV)[:-9],
        zipped(**{"a.csv": CSV})[:-9],
        workbook(A=TABLE)[:-9],
        csv(cell(LINES[0], "race", b'"Asian'), *LINES[1:]),
    ],
    ids=["empty", "part of a header", "gzip", "zip", "workbook", "open quote"],
)
def test_an_incomplete_file_is_an_error_only_after_it_has_stood_still(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "delivery"
    path.write_bytes(content)

    with pytest.raises(StillArriving, match=r"delivery changed recently and is read later: it "):
        source.read(path, TICK, after(path, TICK / 2))
    with pytest.raises(DatasetError) as caught:
        source.read(path, TICK, after(path, TICK))

    assert not isinstance(caught.value, StillArriving)


def test_letters_of_windows_are_read(read: Callable[[bytes], Dataset]) -> None:
    latin, utf8 = (
        read(csv(cell(LINES[0], "race", "Andaluc\u00eda \u20ac".encode(encoding))))
        for encoding in ("cp1252", "utf-8")
    )

    assert latin.encounters["race"].to_pylist() == ["Andaluc\u00eda \u20ac"]
    assert latin.encounters.equals(utf8.encounters)


@pytest.mark.parametrize("name", ["absent.csv", "."])
def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError, match=r"cannot be read .*READMISSION_DATASET names a CSV"):
        source.read(tmp_path / name)


def test_the_origin_is_recognised_by_the_content(
    read: Callable[[bytes], Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read(CSV).origin is Origin.SYNTHETIC
    assert read(csv(*LINES[1:])).origin is Origin.FILE

    monkeypatch.setattr(origins, "UCI_SHA256", hashlib.sha256(CSV).hexdigest())
    assert read(zipped(**{"renamed.csv": CSV})).origin is Origin.UCI


def test_the_published_file_is_recognised_and_complete(uci: Dataset) -> None:
    assert len(uci) == 101_766
    assert len(uci.encounters[schema.PATIENT].unique()) == 71_518


@dataclass
class Website:
    """A fake of UCI's website: it responds to every request with the same body."""

    url: str
    body: bytes = b""
    status: int = 200
    declared_length: int | None = None
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def website(monkeypatch: pytest.MonkeyPatch) -> Iterator[Website]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.requests.append(self.path)
            self.send_response(site.status)
            self.send_header("Content-Length", str(site.declared_length or len(site.body)))
            self.end_headers()
            self.wfile.write(site.body)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    site = Website(f"http://127.0.0.1:{server.server_port}/archive.zip")
    monkeypatch.setattr(source, "UCI_URL", site.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def published(website: Website, monkeypatch: pytest.MonkeyPatch) -> Website:
    """The website serves the published file."""
    website.body = zipped(**{"dataset/diabetic_data.csv": CSV})
    monkeypatch.setattr(origins, "UCI_SHA256", hashlib.sha256(CSV).hexdigest())
    return website


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(dataset=None, cache_dir=tmp_path / "cache", offline=False, synthetic_rows=50)


def test_a_download_reports_progress_and_is_cached(published: Website, settings: Settings) -> None:
    # when
    progress: list[tuple[int, int]] = []
    first = source.locate(settings, lambda done, total: progress.append((done, total)))
    second = source.locate(settings)

    # then
    assert (first.origin, second.origin) == (Origin.UCI, Origin.UCI)
    assert progress[-1] == (len(published.body), len(published.body))
    assert first.path.read_bytes() == CSV
    assert len(published.requests) == 1
    assert [path.name for path in first.path.parent.iterdir()] == [source.UCI_CSV]


@pytest.mark.parametrize(
    ("response", "complaint"),
    [
        ({"body": zipped(**{"a.csv": csv(*LINES[1:])})}, "its sha256 differs"),
        ({"body": b"<p>please log in</p>"}, "did not send the published zip"),
        ({"body": zipped(**{"a.csv": CSV})[:500]}, "did not send the published zip"),
        ({"body": b"PK", "declared_length": 5_000}, "could not be reached"),
        ({"status": 503}, "could not be reached"),
    ],
    ids=["other content", "captive portal", "truncated zip", "broken connection", "server error"],
)
def test_anything_but_the_published_file_is_not_cached(
    published: Website, settings: Settings, response: dict[str, object], complaint: str
) -> None:
    # given
    for name, value in response.items():
        setattr(published, name, value)

    # when
    target = settings.cache_dir / source.UCI_CSV
    with pytest.raises(DownloadError, match=complaint):
        source.download(target)

    # then nothing is cached, and the encounters are synthetic
    assert not target.exists()
    located = source.locate(settings)
    assert (located.origin, len(located)) == (Origin.SYNTHETIC, settings.synthetic_rows)


def test_without_a_network_the_encounters_are_synthetic(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "UCI_URL", "http://127.0.0.1:9/nobody-listens-here")

    first, second = source.locate(settings), source.locate(settings)

    assert first.origin is second.origin is Origin.SYNTHETIC
    assert first.encounters.equals(synthetic.encounters(settings.synthetic_rows))
    assert first.path == second.path


def test_offline_nothing_is_requested(published: Website, settings: Settings) -> None:
    located = source.locate(settings.model_copy(update={"offline": True}))

    assert located.origin is Origin.SYNTHETIC
    assert published.requests == []


def test_a_named_file_comes_first_and_has_no_fallback(
    published: Website, settings: Settings, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.csv"
    named = settings.model_copy(update={"dataset": mine})

    with pytest.raises(DatasetError, match=r"mine\.csv cannot be read"):
        source.locate(named)
    mine.write_bytes(csv(*LINES[:3]))
    assert len(source.locate(named)) == 3
    assert published.requests == []
