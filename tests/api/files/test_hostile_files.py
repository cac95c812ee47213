"""Small files that expand, or make a reader fail: rejected with little memory."""

import bz2
import gzip
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from api.files.rows import CHUNK_ROWS
from readmission.domain.schema import example
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Prediction, ServedModel
from readmission.settings import CHECKOUT
from tests.api.models import raw_encounters
from tests.api.routes.test_about import check_error
from tests.api.routes.test_predict_batch import CSV, JSON, PARQUET, TELLTALE, as_csv, lines, send
from tests.real_world.files import workbook, zipped

GROWTH_KB = 40_000
"""Allowed growth of a warmed-up reader; without limits, the files below need 1 GB."""

PEAK_KB = """
from pathlib import Path
def peak_kb():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])
"""
"""Peak memory of this program; getrusage would include the peak of the process that started it."""

READ = f"""
import sys
from api.files import readers
{PEAK_KB}
def read(path):
    with open(path, "rb") as file:
        try:
            return [type(row.content).__name__ for row in readers.read_rows(file, sys.argv[1])]
        except Exception as error:
            return [type(error).__name__]
read(sys.argv[2])
before = peak_kb()
print(*read(sys.argv[3]), peak_kb() - before)
"""


def read_alone(kind: str, harmless: bytes, hostile: bytes, folder: Path) -> tuple[list[str], int]:
    """Read a file in a new process; return the type of each row and the growth in kB."""
    paths = [folder / "harmless", folder / "hostile"]
    for path, content in zip(paths, (harmless, hostile), strict=True):
        path.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", READ, kind, *map(str, paths)],
        cwd=CHECKOUT, env={"PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'include'}"},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    *rows, growth = done.stdout.split()
    return rows, int(growth)


@pytest.mark.parametrize(
    ("depth", "error"),
    [(9, "InvalidEncounter"), (20_000, "MalformedBody"), (400_000, "MalformedBody")],
)
def test_a_deep_row_needs_little_memory_and_affects_no_other_row(
    depth: int, error: str, tmp_path: Path
) -> None:
    good = json.dumps(example())
    deep = '{"age":' + "[" * depth + "]" * depth + "}"

    rows, growth = read_alone(
        JSON, f"[{good}]".encode(), f"[{good},{deep},{good}]".encode(), tmp_path
    )

    assert rows == ["dict", error, "dict"]
    assert growth < GROWTH_KB


def parquet(rows: int, **columns: object) -> bytes:
    """Return a Parquet file of valid rows with the given columns replaced."""
    table = pa.table({name: [value] * rows for name, value in example().items()} | columns)
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def one_text(size: int, rows: int) -> pa.Array:
    """Return a dictionary column whose rows all refer to one text."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * size]))


def test_a_long_text_of_a_dictionary_is_not_copied_for_every_row(tmp_path: Path) -> None:
    bomb = parquet(100, payer_code=one_text(8 << 20, 100))
    assert len(bomb) < 20_000

    rows, growth = read_alone(PARQUET, parquet(100), bomb, tmp_path)

    assert rows == ["BodyTooLarge"]
    assert growth < GROWTH_KB


LONG = pa.array([f"{number}" + "x" * (1 << 20) for number in range(100)])


@pytest.mark.parametrize(
    ("column", "found"),
    [
        (LONG, "BodyTooLarge"),
        (LONG.slice(0, 10), "BodyTooLarge"),
        (LONG.slice(0, 10).cast(pa.binary()), "BodyTooLarge"),
        (pa.StructArray.from_arrays([LONG.slice(0, 10)], ["text"]), "InvalidEncounter"),
    ],
    ids=["100 MB", "10 MB", "10 MB of bytes", "10 MB of an unsupported type"],
)
def test_long_texts_need_little_memory(column: pa.Array, found: str, tmp_path: Path) -> None:
    names = ("payer_code", "medical_specialty", "diag_1", "diag_2", "diag_3", "race")
    rows = len(column)
    bomb = parquet(rows, **dict.fromkeys(names[: 1 if rows == len(LONG) else None], column))
    assert len(bomb) < 100_000

    errors, growth = read_alone(PARQUET, parquet(100), bomb, tmp_path)

    assert set(errors) == {found}
    assert growth < 2 * GROWTH_KB


def texts(*values: bytes) -> pa.Array:
    """Return a text column whose bytes may be invalid UTF-8."""
    return pa.array(values, pa.binary()).view(pa.string())


@pytest.mark.parametrize(
    ("column", "errors"),
    [
        (pa.array([1 << 30] * 3, pa.date32()), ["invalid"] * 3),
        (pa.array([1] * 3, pa.timestamp("us", tz="Mars/Olympus")), ["invalid"] * 3),
        (pa.array([1] * 3, pa.duration("ns")), ["invalid"] * 3),
        (pa.array([{"a": 1}] * 3), ["invalid"] * 3),
        (texts(b"a", b"\xff", b"b"), ["malformed"]),
    ],
    ids=["far date", "unknown time zone", "duration", "struct", "not UTF-8"],
)
def test_values_without_a_python_type_are_rejected(
    service: TestClient, column: pa.Array, errors: Sequence[str]
) -> None:
    response = send(service, parquet(3, payer_code=column), PARQUET)

    if errors == ["malformed"]:
        check_error(response, 400, "malformed")
        return
    *rejected, last = lines(response)
    assert [line["error"] for line in rejected] == errors
    assert last["summary"]["refused"] == len(errors)


def test_a_file_of_unsupported_types_alone_loses_no_row(service: TestClient) -> None:
    column = pa.array([0] * 3, pa.date32())

    *rejected, last = lines(send(service, parquet(3, **dict.fromkeys(example(), column)), PARQUET))

    assert [line["error"] for line in rejected] == ["invalid"] * 3
    assert last["summary"]["refused"] == 3


HARMLESS = raw_encounters(3)[list(example())].to_csv(index=False).encode()


def book_with(parts: Mapping[str, bytes], *changes: tuple[bytes, bytes]) -> bytes:
    """Return a workbook with some parts replaced or added, and texts changed in the others."""
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook({"a": [["x"]]}))) as before,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name, content in ({n: before.read(n) for n in before.namelist()} | parts).items():
            for change in changes:
                content = content.replace(*change)
            after.writestr(name, content)
    return sink.getvalue()


def book_of(rows: str) -> bytes:
    """Return a workbook whose only sheet has these rows as XML."""
    return book_with({"xl/worksheets/sheet1.xml": (SHEET % rows).encode()})


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = f'<worksheet xmlns="{MAIN}"><sheetData>%s</sheetData></worksheet>'
CELLS = "<c><v>1</v></c>" * (1 << 20)
WIDE = (SHEET % f"<row>{'<c/>' * (1 << 20)}</row>").encode()
TEXTS = f'<sst xmlns="{MAIN}">{"<si/>" * (1 << 19)}</sst>'.encode()
FORMATS = f'<styleSheet xmlns="{MAIN}"><cellXfs>{"<xf/>" * (1 << 20)}</cellXfs></styleSheet>'
STYLES, IMAGE = {"xl/styles.xml": FORMATS.encode()}, "xl/media/image1.png"
MOVED = (b'Target="/xl/worksheets/sheet1.xml"', b'Target="/xl/media/image1.png"')
A_CHART = (b'relationships/worksheet"', b'relationships/chartsheet"')
STYLES_ARE_SHEET, THEME_IS_TEXTS = (
    (b"spreadsheetml.styles+xml", b"spreadsheetml.worksheet+xml"),
    (b"officedocument.theme+xml", b"officedocument.spreadsheetml.sharedStrings+xml"),
)


@pytest.mark.parametrize(
    ("hostile", "error"),
    [
        (gzip.compress(HARMLESS + b"," * (100 << 20)), "BodyTooLarge"),
        (gzip.compress(HARMLESS + b"\n" * (100 << 20)), "UnreadableFile"),
        (gzip.compress(HARMLESS + (b" " * 60_000 + b"\n") * 4_000), "UnpackedTooLarge"),
        (bz2.compress(b"\n" * (100 << 20)), "UnreadableFile"),
        (zipped({f"{n}.csv": b"" for n in range(200)}), "UnpackedTooLarge"),
        (book_of(f"<row>{CELLS}</row>"), "UnpackedTooLarge"),
        (book_of(f"<row>{CELLS[: 1 << 17]}<row/>{CELLS[: 1 << 17]}</row>"), "UnreadableFile"),
        (book_of(f"<row><!--</row><row>-->{CELLS}</row>"), "UnreadableFile"),
        (book_with(STYLES), "UnpackedTooLarge"),
        (book_with(STYLES, STYLES_ARE_SHEET), "UnpackedTooLarge"),
        (book_with({"xl/theme/theme1.xml": TEXTS}, THEME_IS_TEXTS), "UnpackedTooLarge"),
        (book_with({IMAGE: WIDE}, MOVED), "UnpackedTooLarge"),
        (book_with({IMAGE: WIDE}, MOVED, A_CHART), "UnpackedTooLarge"),
        (book_of('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "UnreadableFile"),
    ],
    ids=[
        "long row", "blank rows", "rows of spaces", "blank rows first", "many members",
        "row of a workbook", "row within a row", "comment", "styles", "styles called a sheet",
        "texts", "sheet called an image", "chart called an image", "last cell",
    ],
)  # fmt: skip
def test_a_packed_file_that_expands_is_rejected_with_little_memory(
    hostile: bytes, error: str, tmp_path: Path
) -> None:
    (found,), growth = read_alone(CSV, workbook({"a": [["x"]]}), hostile, tmp_path)

    assert found == error
    assert growth < GROWTH_KB


def test_a_failure_after_the_first_chunk_is_the_last_row(
    service: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # given a model that fails at the second chunk, with patient data in the message
    whole, calls = ServedModel.predict_many, 0

    def predict_many(self: ServedModel, encounters: Sequence[Encounter]) -> list[Prediction]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ValueError(TELLTALE)
        return whole(self, encounters)

    monkeypatch.setattr(ServedModel, "predict_many", predict_many)
    rows: pd.DataFrame = raw_encounters(3 * CHUNK_ROWS)[list(example())]

    # when a file is sent
    response = send(service, as_csv(rows), CSV)

    # then the first chunk is predicted, and the last row is the error
    assert response.status_code == 200
    *predicted, failed, last = lines(response)
    assert len(predicted) == CHUNK_ROWS
    assert failed["error"] == "internal"
    assert last["summary"] == {
        "rows": CHUNK_ROWS + 1,
        "answered": CHUNK_ROWS,
        "ineligible": 0,
        "refused": 1,
        "by_class": last["summary"]["by_class"],
    }
    assert "upload " in caplog.text
    assert "ValueError" in caplog.text
    assert TELLTALE not in caplog.text + response.text
