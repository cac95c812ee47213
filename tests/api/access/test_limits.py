"""Limits of a caller on rows, bytes and upload slots, and how long to wait."""

import asyncio
import gzip
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from api.access.limits import RateLimit, UploadSlots
from api.errors import RateLimited, TooManyUploads
from api.main import create_app
from readmission.domain.schema import example
from readmission.modelling.fitting import Fit
from readmission.settings import Settings
from tests.api.conftest import FakeModelStore
from tests.api.models import loaded
from tests.api.routes.test_about import check_error

LIMIT = 120
NDJSON, PARQUET = "application/x-ndjson", "application/vnd.apache.parquet"


@pytest.fixture
def limited(fake_store: FakeModelStore, fits: tuple[Fit, Fit]) -> Iterator[TestClient]:
    """A service that predicts 120 rows per minute for each caller."""
    fake_store.content = loaded("1", fits[0])
    with serving(fake_store, api_row_limit=LIMIT) as client:
        yield client


@pytest.fixture
def one_megabyte(fake_store: FakeModelStore, fits: tuple[Fit, Fit]) -> Iterator[TestClient]:
    """A service that reads one MiB of files per minute for each caller."""
    fake_store.content = loaded("1", fits[0])
    with serving(fake_store, api_row_limit=0, api_file_mb_limit=1) as client:
        yield client


@contextmanager
def serving(fake_store: FakeModelStore, **limits: int) -> Iterator[TestClient]:
    settings = Settings.model_validate(
        {"api_anonymous_role": "admin", "model_poll_seconds": 3600, "api_rate_limit": 0} | limits
    )
    with TestClient(create_app(settings, fake_store), raise_server_exceptions=False) as client:
        assert client.post("/reload_model").status_code == 200
        yield client


def parquet(rows: int) -> bytes:
    """Return a small file of many rows: a dictionary holds each text once."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(pd.DataFrame([example()] * rows)), sink)
    return sink.getvalue()


def ndjson(rows: int) -> bytes:
    return b"\n".join([json.dumps(example()).encode()] * rows)


def test_a_file_that_states_too_many_rows_is_rejected_before_it_is_decoded(
    limited: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = parquet(20_000)
    assert len(content) < 100_000
    monkeypatch.delattr("pyarrow.parquet.ParquetFile.iter_batches")

    response = limited.post("/predict/batch", content=content, headers={"content-type": PARQUET})

    body = check_error(response, 413, "too_large")
    assert body["message"] == "The body is too large: a file may have at most 120 rows."


@pytest.mark.parametrize(("kind", "make"), [(PARQUET, parquet), (NDJSON, ndjson)])
def test_a_caller_without_rows_left_has_to_wait(
    limited: TestClient, kind: str, make: object
) -> None:
    # given a caller that has used its rows
    assert callable(make)
    headers = {"content-type": kind}
    first = limited.post("/predict/batch", content=make(LIMIT), headers=headers)
    assert json.loads(first.text.splitlines()[-1])["summary"]["answered"] == LIMIT

    # when it sends more, then it is told when to retry
    response = limited.post("/predict/batch", content=make(100), headers=headers)
    body = check_error(response, 429, "too_many")
    assert "At most 120 rows of files per minute are allowed" in body["message"]
    assert 1 <= int(response.headers["retry-after"]) <= 60

    # and single requests are not affected
    assert limited.post("/predict", json=example()).status_code == 200


def test_a_file_without_a_stated_size_ends_at_the_limit(limited: TestClient) -> None:
    response = limited.post(
        "/predict/batch", content=ndjson(3 * LIMIT), headers={"content-type": NDJSON}
    )

    *rows, last, summary = (json.loads(line) for line in response.text.splitlines())
    assert len(rows) == 100  # whole chunks
    assert last["error"] == "too_many"
    assert summary["summary"] == summary["summary"] | {"answered": 100, "refused": 1}


def csv_file(rows: int) -> bytes:
    return pd.DataFrame([example()] * rows).to_csv(index=False).encode()


def zipped(content: bytes, name: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return sink.getvalue()


def workbook(padding: int) -> bytes:
    sink = io.BytesIO()
    pd.DataFrame([example()]).to_excel(sink, index=False)
    with zipfile.ZipFile(sink, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/padding.xml", b" " * padding)
    return sink.getvalue()


def parquet_of_one_text(rows: int) -> bytes:
    """Return a file whose pages hold a long text once, and whose rows all have it."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(pd.DataFrame([example() | {"id": "x" * 900}] * rows)), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("application/gzip", lambda: gzip.compress(csv_file(6_000))),
        ("application/zip", lambda: zipped(csv_file(6_000), "a.csv")),
        ("application/vnd.ms-excel", lambda: workbook(2 << 20)),
        (PARQUET, lambda: parquet_of_one_text(2_000)),
    ],
    ids=["gzip", "zip", "xlsx", "parquet"],
)
def test_a_small_file_that_is_large_when_unpacked_is_refused(
    one_megabyte: TestClient, kind: str, make: Callable[[], bytes]
) -> None:
    # given a file of a few kilobytes that unpacks to more than a megabyte
    content = make()
    assert len(content) < 60_000

    response = one_megabyte.post("/predict/batch", content=content, headers={"content-type": kind})

    # then none of it is predicted
    assert response.status_code in {413, 429}
    assert "1,048,576 bytes" in response.json()["message"]
    assert response.json()["error"] in {"too_large", "too_many"}


def array(rows: int) -> bytes:
    return b"[" + ndjson(rows).replace(b"\n", b",") + b"]"


@pytest.mark.parametrize(("kind", "make"), [("application/json", array), (NDJSON, ndjson)])
def test_a_caller_without_bytes_left_has_to_wait(
    one_megabyte: TestClient, kind: str, make: Callable[[int], bytes]
) -> None:
    # given a caller that has sent more than half of its megabyte
    content, headers = make(700), {"content-type": kind}
    assert 1 << 19 < len(content) < 1 << 20
    first = one_megabyte.post("/predict/batch", content=content, headers=headers)
    assert json.loads(first.text.splitlines()[-1])["summary"]["answered"] == 700

    # when it sends as much again, then it is told when to retry
    response = one_megabyte.post("/predict/batch", content=content, headers=headers)
    body = check_error(response, 429, "too_many")
    assert "At most 1,048,576 bytes of files, as unpacked, per minute" in body["message"]
    assert 1 <= int(response.headers["retry-after"]) <= 60

    # and single requests are not affected
    assert one_megabyte.post("/predict", json=example()).status_code == 200


def test_tokens_return_at_the_rate_of_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("api.access.limits.monotonic", lambda: now[0])
    limit = RateLimit(600, 60, "rows")
    limit.take("a", 600)

    with pytest.raises(RateLimited) as refused:
        limit.take("a", 45)
    assert refused.value.retry_after == 5
    limit.take("b", 600)
    now[0] += 5
    limit.take("a", 45)


@pytest.mark.parametrize(("slots", "each"), [(1, 1), (2, 1), (4, 3)])
def test_one_caller_cannot_hold_every_slot(slots: int, each: int) -> None:
    uploads = UploadSlots(slots)
    held = [uploads.hold("a") for _ in range(each)]
    for one in held:
        one.__enter__()

    with pytest.raises(TooManyUploads), uploads.hold("a"):
        pass
    if slots > 1:
        with uploads.hold("b"), pytest.raises(TooManyUploads), uploads.hold("c"):
            pass
    for one in held:
        one.__exit__(None, None, None)
    with uploads.hold("a"):
        pass
    assert not uploads._held


def test_an_upload_waits_a_moment_for_a_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.access.limits.WAIT_SECONDS", 0.5)
    uploads = UploadSlots(2)

    async def freed_meanwhile() -> float:
        held = uploads.hold("a")
        held.__enter__()
        asyncio.get_running_loop().call_later(0.1, held.__exit__, None, None, None)
        return await waited()

    async def waited() -> float:
        began = time.monotonic()
        await uploads.wait("a")
        return time.monotonic() - began

    assert 0.1 <= asyncio.run(freed_meanwhile()) < 0.4
    with uploads.hold("a"):
        assert asyncio.run(waited()) >= 0.5


def test_no_more_uploads_wait_than_the_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.access.limits.WAIT_SECONDS", 0.5)
    monkeypatch.setattr("api.access.limits.MAX_WAITING", 2)
    uploads = UploadSlots(2)

    async def waited() -> float:
        began = time.monotonic()
        await uploads.wait("a")
        return time.monotonic() - began

    async def three() -> list[float]:
        return await asyncio.gather(waited(), waited(), waited())

    with uploads.hold("a"):
        *waiting, rejected = asyncio.run(three())
    assert min(waiting) >= 0.5
    assert rejected < 0.4
    assert asyncio.run(waited()) < 0.4
