"""A folder or a prefix of an object store as the source: its files are read in order."""

import gzip
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from readmission.domain import synthetic
from readmission.errors import DatasetError, StillArriving
from readmission.pipeline.delivery import delivery, places
from readmission.pipeline.delivery.arrival import Arrival
from readmission.pipeline.delivery.places import arrivals_at
from readmission.pipeline.delivery.watch import list_files
from readmission.pipeline.ingest import count_new, ingest_files
from readmission.stack.services import object_store
from readmission.warehouse import RawBatch, RawWarehouse
from tests.conftest import Platform

BATCH = 50
LINES = synthetic.csv_bytes(300).splitlines(keepends=True)
NO_ROWS = pd.DataFrame({"source_row": [], "reasons": []})


@pytest.fixture
def raw(raw_db: psycopg.Connection) -> RawWarehouse:
    return RawWarehouse(raw_db)


def rows(start: int, stop: int) -> bytes:
    return b"".join([LINES[0], *LINES[1 + start : 1 + stop]])


def deliver(folder: Path, **files: bytes) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


def run(place: Path | str, raw: RawWarehouse, batches: int | None = None) -> list[RawBatch]:
    """Ingest and accept what is new."""
    found = ingest_files(arrivals_at(place), raw, BATCH, batches)
    for batch in found:
        raw.accept(batch.batch_id, NO_ROWS)
    return found


def arrived(raw: RawWarehouse) -> list[tuple[int, int]]:
    return [(batch.source_offset, batch.rows) for batch in raw.batches()]


def encounters(raw: RawWarehouse) -> list[str]:
    return [key for b in raw.batches() for key in raw.read(b.batch_id)["encounter_id"]]


def test_files_are_read_in_the_order_of_their_names_whatever_they_are(
    raw: RawWarehouse, tmp_path: Path
) -> None:
    deliver(tmp_path, c=rows(120, 150), a=gzip.compress(rows(0, 70)), b=rows(70, 120))

    for _ in range(4):
        assert len(run(tmp_path, raw, 1)) == 1

    assert arrived(raw) == [(0, 50), (50, 20), (0, 50), (0, 30)]
    keys = [line.split(b",")[0].strip(b'"').decode() for line in LINES[1:151]]
    assert encounters(raw) == keys
    assert run(tmp_path, raw) == []


def test_unchanged_files_are_not_opened_and_a_grown_one_continues(
    raw: RawWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given files of different length, so that no batch of one can be compared with another's
    deliver(tmp_path, a=rows(0, 70), b=rows(100, 130), c=rows(200, 245))
    run(tmp_path, raw)
    opened: list[str] = []
    opening = Arrival.open

    def noted(arrival: Arrival) -> object:
        opened.append(arrival.path.name)
        return opening(arrival)

    monkeypatch.setattr(Arrival, "open", noted)

    # when
    assert run(tmp_path, raw) == []
    assert opened == []
    deliver(tmp_path, b=rows(100, 160))
    new = run(tmp_path, raw)

    # then
    assert [(batch.source_offset, batch.rows) for batch in new] == [(30, 30)]
    assert set(opened) == {"b"}


def test_a_copy_makes_no_batch_and_a_corrected_file_makes_one(
    raw: RawWarehouse, tmp_path: Path
) -> None:
    deliver(tmp_path, a=rows(0, 70))
    run(tmp_path, raw)

    deliver(tmp_path, b=rows(0, 70))
    assert run(tmp_path, raw) == []
    deliver(tmp_path, a=rows(0, 70).replace(b"Female", b"Male"))

    assert [(b.source_offset, b.rows) for b in run(tmp_path, raw)] == [(0, 50), (50, 20)]


def test_a_bad_file_does_not_hold_up_the_others_and_is_an_error_afterwards(
    raw: RawWarehouse, tmp_path: Path
) -> None:
    deliver(tmp_path, a=rows(0, 50), b=b"%PDF-1.7", c=rows(50, 100))

    assert count_new(arrivals_at(tmp_path), raw, BATCH) == 2
    assert len(run(tmp_path, raw)) == 2

    with pytest.raises(DatasetError, match="b is a PDF document"):
        run(tmp_path, raw)
    deliver(tmp_path, b=rows(100, 150))
    assert len(run(tmp_path, raw)) == 1


def test_a_malformed_address_is_an_error_with_the_way_out() -> None:
    with pytest.raises(DatasetError, match=r"s3://bucket/a b cannot be read .*names a CSV"):
        arrivals_at("s3://bucket/a b")


@pytest.mark.parametrize("address", ["s3://AKIA:hidden@bucket/in", "s3://AKIA:hid/den@bucket"])
def test_keys_in_an_address_are_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(DatasetError, match="set AWS_ACCESS_KEY_ID") as refused:
        arrivals_at(address)

    assert "hid" not in str(refused.value)


def test_a_file_that_is_still_written_waits_and_is_no_error(
    raw: RawWarehouse, tmp_path: Path
) -> None:
    deliver(tmp_path, a=gzip.compress(rows(0, 50))[:-20])
    arrivals = arrivals_at(tmp_path, timedelta(minutes=10))

    with pytest.raises(StillArriving, match="a changed recently and is read later"):
        ingest_files(arrivals, raw, BATCH)
    deliver(tmp_path, a=gzip.compress(rows(0, 50)))

    assert len(ingest_files(arrivals, raw, BATCH)) == 1


def test_a_batch_whose_file_was_removed_still_goes_to_its_gate(
    raw: RawWarehouse, tmp_path: Path
) -> None:
    # given a run that was killed between load and gate
    deliver(tmp_path, a=rows(0, 50), b=rows(50, 100))
    (loaded,) = ingest_files(arrivals_at(tmp_path), raw, BATCH, 1)

    (tmp_path / "a").unlink()

    assert ingest_files(arrivals_at(tmp_path), raw, BATCH, 0) == [loaded]
    assert [(b.source_offset, b.rows) for b in run(tmp_path, raw)] == [(0, 50), (0, 50)]
    assert run(tmp_path, raw) == []


def test_hidden_files_markers_drafts_and_sub_folders_are_not_read(
    raw: RawWarehouse, tmp_path: Path
) -> None:
    deliver(tmp_path, **dict.fromkeys([".a.csv.new", "_SUCCESS", "a.csv.part", "b.CSV.TMP"], b"?"))
    (tmp_path / "archive").mkdir()
    deliver(tmp_path / "archive", a=rows(0, 50))

    with pytest.raises(StillArriving, match=r"has no file yet; hidden files"):
        arrivals_at(tmp_path)
    shutil.copy(tmp_path / "archive" / "a", tmp_path / "a.csv")
    assert [arrival.path.name for arrival in arrivals_at(tmp_path)] == ["a.csv"]


def test_what_must_not_be_read_is_an_error_after_all_other_files(
    raw: RawWarehouse, tmp_path: Path
) -> None:
    # given links out of the folder, by name and by a folder, a pipe and a device
    folder, outside = tmp_path / "in", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    deliver(outside, secret=rows(100, 150))
    deliver(folder, b=rows(0, 50))
    (folder / "a").symlink_to(outside / "secret")
    (folder / "c").symlink_to("b")
    (folder / "d").symlink_to(outside)
    (folder / "e").symlink_to("../outside/secret")
    (folder / "f").symlink_to("/dev/zero")
    os.mkfifo(folder / "g")

    # when
    assert [batch.rows for batch in run(folder, raw)] == [50]

    # then
    for name, reason in {"a": "link", "e": "link", "f": "device", "g": "pipe"}.items():
        with pytest.raises(DatasetError, match=rf"in/{name} is a .*{reason}.*; deliver"):
            run(folder, raw)
        (folder / name).unlink()
    assert run(folder, raw) == []


def test_a_link_that_is_changed_while_it_is_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(tmp_path, secret=b"secret")
    folder = tmp_path / "in"
    folder.mkdir()
    deliver(folder, inside=b"inside")
    (folder / "a").symlink_to(tmp_path / "secret")
    resolve = Path.resolve

    def changed(path: Path, *, strict: bool = False) -> Path:
        if path.is_symlink():
            path.unlink()
            path.symlink_to("inside")
        return resolve(path, strict=strict)

    monkeypatch.setattr(Path, "resolve", changed)

    with pytest.raises(DatasetError, match="a link out of its folder"):
        Arrival(folder / "a", folder=folder).open()


@pytest.mark.parametrize("name", [b"a\n2026 INFO fine", b"a\x1b[2J", b"a\xff", "a\u202e".encode()])
def test_a_name_that_no_log_and_no_database_takes_holds_up_no_file(
    raw: RawWarehouse, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: bytes
) -> None:
    Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).write_bytes(rows(50, 100))
    deliver(tmp_path, b=rows(0, 50))

    assert len(run(tmp_path, raw)) == 1
    with pytest.raises(DatasetError, match="give it another name") as refused:
        run(tmp_path, raw)

    assert str(refused.value).isprintable()
    logged = [r.getMessage() for r in caplog.records if r.name.startswith("readmission")]
    assert logged
    assert all(message.isprintable() for message in logged)


def test_files_beyond_the_limit_are_an_error_after_the_others(
    raw: RawWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MOST_FILES", 2)
    deliver(tmp_path, a=rows(0, 50), b=rows(50, 100), c=rows(100, 150))

    assert len(run(tmp_path, raw)) == 2
    with pytest.raises(DatasetError, match="has 3 files, of which the first 2 are read; move"):
        run(tmp_path, raw)
    (tmp_path / "a").unlink()

    assert len(run(tmp_path, raw)) == 1


def test_a_run_reads_the_ledger_once_however_many_files_there_are(
    raw: RawWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(tmp_path, a=rows(0, 50), b=rows(50, 100), c=rows(0, 50))
    read: list[None] = []
    batches = RawWarehouse.batches

    def noted(warehouse: RawWarehouse) -> list[RawBatch]:
        read.append(None)
        return batches(warehouse)

    monkeypatch.setattr(RawWarehouse, "batches", noted)

    assert len(ingest_files(arrivals_at(tmp_path), raw, BATCH)) == 2
    assert len(read) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_an_error_that_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o000)

    with pytest.raises(DatasetError, match=r"closed cannot be read .*READMISSION_DATASET"):
        arrivals_at(folder)


def test_files_are_surveyed_only_as_far_as_a_run_needs_them(
    raw: RawWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(tmp_path, a=rows(0, 100), b=rows(100, 200))
    surveyed: list[str] = []
    chunks = delivery._chunks

    def noted(file: object, *arguments: object, **options: object) -> object:
        surveyed.append(getattr(file, "name", "").rsplit("/")[-1])
        return chunks(file, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(delivery, "_chunks", noted)

    run(tmp_path, raw, 2)

    assert surveyed == ["a"]


def test_a_prefix_is_read_like_a_folder(
    raw: RawWarehouse, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setenv("AWS_ENDPOINT_URL", platform.s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", platform.s3_access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", platform.s3_secret_key)
    s3, where = object_store.client(platform.site), "s3://data-docs/ward/"

    def put(name: str, content: bytes) -> None:
        s3.put_object(Bucket="data-docs", Key=f"ward/{name}", Body=content)

    with pytest.raises(StillArriving, match="ward/ has no file yet"):
        arrivals_at(where)
    put("a.csv", rows(0, 70))
    put("b.csv.gz", gzip.compress(rows(70, 100)))
    put("_SUCCESS", b"")
    put("old/a.csv", rows(0, 70))
    put("c\n.csv", rows(0, 70))
    *_, odd = arrivals_at(where)
    reason = r"s3://data-docs/ward/c\\n.csv has a name with"
    with pytest.raises(DatasetError, match=reason), odd.errors_named():
        odd.open()
    s3.delete_object(Bucket="data-docs", Key="ward/c\n.csv")

    # when
    assert [arrival.key for arrival in arrivals_at(where)] == [
        "s3://data-docs/ward/a.csv", "s3://data-docs/ward/b.csv.gz",
    ]  # fmt: skip
    seen = list_files(where)
    assert [name for name, _, _ in seen] == ["data-docs/ward/a.csv", "data-docs/ward/b.csv.gz"]
    assert list_files(where) == seen
    run(where, raw)
    put("a.csv", rows(0, 70) + b"".join(LINES[101:121]))
    assert list_files(where) != seen
    run(where, raw)

    # then
    assert arrived(raw) == [(0, 50), (50, 20), (0, 30), (70, 20)]
    assert len(set(encounters(raw))) == 120
    put("a.csv", b"%PDF")
    with pytest.raises(DatasetError, match=r"s3://data-docs/ward/a.csv is a PDF document"):
        run(where, raw)
    for name in ("a.csv", "b.csv.gz", "_SUCCESS", "old/a.csv"):
        s3.delete_object(Bucket="data-docs", Key=f"ward/{name}")
