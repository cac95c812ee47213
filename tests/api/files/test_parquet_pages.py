"""The sizes of columns are those of the pages, whatever the footer of a Parquet file says."""

import io

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.errors import BodyTooLarge
from api.files import parquet_reader
from api.files.parquet_pages import _pages, column_sizes
from readmission.domain.schema import example

ROWS = 3_000


def written(table: pa.Table, **options: object) -> io.BytesIO:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file


def encounters(rows: int, **columns: object) -> pa.Table:
    found = {name: [value] * rows for name, value in example().items()} | columns
    return pa.Table.from_pandas(pd.DataFrame(found))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zstd", "use_dictionary": False, "data_page_version": "2.0"},
        {"data_page_size": 100, "row_group_size": 1_000, "write_page_checksum": True},
        {"write_statistics": False, "compression": "none"},
    ],
    ids=["default", "version 2", "many pages", "plain"],
)
def test_the_pages_of_an_honest_file_have_the_sizes_of_its_footer(
    options: dict[str, object],
) -> None:
    numbers = {name: range(ROWS) for name in ("time_in_hospital", "num_medications")}
    file = written(encounters(ROWS, **numbers), **options)
    metadata = pq.read_metadata(file)

    found = list(column_sizes(file, metadata))

    for place, sizes in enumerate(found):
        group = metadata.row_group(place)
        footer = [group.column(number).total_uncompressed_size for number in range(len(sizes))]
        # The footer counts the headers as well.
        assert all(0 < size <= said for size, said in zip(sizes, footer, strict=True))
        assert sum(footer) - sum(sizes) < 0.9 * sum(footer)
    assert len(found) == metadata.num_row_groups


def varint(number: int, length: int = 0) -> bytes:
    """Return a number as Thrift writes it, in more bytes than it needs."""
    number *= 2
    content = []
    while number or len(content) < length or not content:
        content.append(number & 127 | 128)
        number >>= 7
    content[-1] &= 127
    return bytes(content)


def understated(content: bytes, size: int) -> bytes:
    """Return a file whose footer says 1,000 bytes instead of a size."""
    true = varint(size)
    assert true in content
    return content.replace(true, varint(1_000, len(true)))


def test_a_footer_that_understates_a_column_is_not_believed() -> None:
    # given a column of 40 MB in a file of kilobytes
    table = encounters(45_000, payer_code=["x" * 900] * 45_000)
    content = written(
        table, compression="zstd", use_dictionary=False, data_page_size=1 << 30,
        write_statistics=False,
    ).getvalue()  # fmt: skip
    group = pq.read_metadata(io.BytesIO(content)).row_group(0)
    place = table.column_names.index("payer_code")
    lying = understated(content, group.column(place).total_uncompressed_size)
    assert len(lying) < 1 << 20
    said = pq.read_metadata(io.BytesIO(lying)).row_group(0).column(place)
    assert said.total_uncompressed_size == 1_000

    # then
    with pytest.raises(BodyTooLarge, match="column"):
        list(parquet_reader.read(io.BytesIO(lying), lambda _rows: None, lambda _size: None))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"", "does not end"),
        (b"\x15\x00\x15\x02", "does not end"),
        (b"\x15\x00\x00", "negative"),
        (b"\x15\x00\x15\x01\x15\x02\x00", "negative"),
        (b"\x15" + b"\xff" * 11, "too long"),
        (b"\x1c" * 20, "nested"),
        (b"\x19" + b"\x19" * 50, "nested"),
        (b"\x1f", "unknown type"),
    ],
)
def test_a_damaged_header_is_an_error(header: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(_pages(io.BytesIO(header), 0, 100, 10))


@pytest.mark.parametrize(
    "second",
    [
        b"\x06\x04\x02",  # the id 2 again, as a number of 64 bits, which C++ skips
        b"\x05\x84\x80\x10\x02",  # the id 131074 in 32 bits, of which C++ takes 16
    ],
    ids=["other type", "other id"],
)
def test_a_size_is_the_one_that_pyarrow_takes(second: bytes) -> None:
    size = b"\x15\x00\x15\xc8\x01"  # type 0, uncompressed size 100
    packed = b"\x05\x06\x00\x00"  # compressed size 0
    (found,) = _pages(io.BytesIO(size + second + packed), 0, len(size + second + packed), 10)

    assert found == (100 if second[0] == 6 else 1)


def test_pages_without_end_are_an_error() -> None:
    empty = b"\x15\x00\x15\x00\x15\x00\x00"
    with pytest.raises(ValueError, match="too many"):
        list(_pages(io.BytesIO(empty * 20), 0, len(empty) * 20, 10))


def test_every_row_is_read_after_the_sizes() -> None:
    assert (
        len(
            list(
                parquet_reader.read(
                    written(encounters(ROWS)), lambda _rows: None, lambda _size: None
                )
            )
        )
        == ROWS
    )
