"""Keys of reports are parsed, and no report is written outside of its folder."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import psycopg
import pytest
from great_expectations import expectations as gxe

from readmission.errors import BatchNotFound, InvalidBatchId, InvalidReportKey
from readmission.quality import catalogue
from readmission.quality.checkpoint import check
from readmission.quality.gates import Gatekeeper
from readmission.quality.report.keys import OWN_FILES, SUMMARY, parse_report_key, path_within
from readmission.quality.report.overview import Overview
from readmission.quality.report.pages import render
from readmission.warehouse import CleanWarehouse
from readmission.warehouse.verdicts import GateVerdict, VerdictLog
from tests.include.hospital import FIRST, Hospital

PAGE = "raw/validations/raw/batch-0001/20261123T135350.661107Z/rows-raw.html"
SUITE = [gxe.ExpectColumnValuesToNotBeNull(column="present", severity="critical")]
ROWS = pd.DataFrame({"present": [1]})


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("key", [*sorted(OWN_FILES), PAGE, "training/expectations/training.html"])
def test_the_keys_of_the_site_pass(key: str) -> None:
    assert parse_report_key(key) == key


def test_the_files_of_the_site_itself_are_those_that_are_rendered() -> None:
    assert {*render(Overview()), SUMMARY} == OWN_FILES


@pytest.mark.parametrize(
    "key",
    [
        "", "raw", "../index.html", "/index.html", "raw/../index.html", "index.html\n",
        "raw/x.html",
        "unknown/expectations/raw.html", ".env", "raw/expectations/.html",
        PAGE.replace("batch-0001", "batch_0026"), PAGE.replace("batch-0001", ".."),
        PAGE.replace("rows-raw", ".."), PAGE.replace("rows-raw", "x" * 600), PAGE + "\x00",
        PAGE.replace(".html", ".js"),
    ],
)  # fmt: skip
def test_anything_else_is_not_a_report(key: str) -> None:
    with pytest.raises(InvalidReportKey, match=r"is not a report; expected index\.html"):
        parse_report_key(key)


@pytest.mark.parametrize("name", ["../x", "..", ".", "", "/etc/x", "a/../../x", "link/x"])
def test_a_path_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)

    with pytest.raises(InvalidReportKey, match="expected a path within site"):
        path_within(folder, name)


def test_a_path_within_its_folder_may_be_new(tmp_path: Path) -> None:
    assert path_within(tmp_path / "new", "a/b.html") == tmp_path / "new" / "a" / "b.html"


@pytest.mark.parametrize("batch_id", ["../../../../outside", "batch_0026", "batch-0001/x"])
def test_no_report_is_written_for_anything_but_a_batch(tmp_path: Path, batch_id: str) -> None:
    with pytest.raises(InvalidBatchId):
        check("raw", batch_id, ROWS, SUITE, tmp_path / "docs")

    assert files(tmp_path) == []


def test_no_report_is_written_for_a_gate_outside_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidReportKey):
        check("../raw", FIRST, ROWS, SUITE, tmp_path / "docs")

    assert files(tmp_path) == []


GATES: Mapping[str, Callable[[Gatekeeper, Hospital, str], object]] = MappingProxyType(
    {
        "raw": lambda keeper, hospital, batch: keeper.raw(hospital.raw, batch, 0.05),
        "clean": lambda keeper, hospital, batch: keeper.clean(hospital.clean, batch),
        "training": lambda keeper, hospital, batch: keeper.training(
            hospital.clean, batch, pd.DataFrame({"patient_nbr": []})
        ),
        "predictions": lambda keeper, hospital, batch: keeper.require(
            catalogue.PREDICTIONS, hospital.clean, batch, ROWS, 1, 1
        ),
    }
)


@pytest.mark.parametrize(
    ("batch_id", "error"),
    [("../../x", InvalidBatchId), ("batch_0026", InvalidBatchId), ("batch-0026", BatchNotFound)],
)
@pytest.mark.parametrize("gate", GATES)
def test_a_gate_refuses_an_unknown_batch_before_it_writes_anything(
    raw_db: psycopg.Connection,
    clean_db: psycopg.Connection,
    tmp_path: Path,
    gate: str,
    batch_id: str,
    error: type[Exception],
) -> None:
    # given
    published: list[str] = []
    hospital = Hospital(raw_db, clean_db, tmp_path)
    gatekeeper = Gatekeeper(tmp_path, lambda _site, name: published.append(name))

    # when
    with pytest.raises(error):
        GATES[gate](gatekeeper, hospital, batch_id)

    # then
    assert files(tmp_path) == published == []
    for connection in (raw_db, clean_db):
        assert connection.execute("SELECT count(*) FROM gate_verdict").fetchone() == (0,)


def test_a_verdict_needs_a_batch_in_the_ledger(clean_db: psycopg.Connection) -> None:
    log = VerdictLog(CleanWarehouse(clean_db).connection)

    with pytest.raises(BatchNotFound, match="batch_0026 is not in the training gate's ledger"):
        log.record(GateVerdict("batch_0026", "training", True, 1, [], 0.1, "page"))

    assert log.verdicts() == []


def test_an_old_verdict_on_a_batch_that_does_not_exist_is_left_out(
    raw_db: psycopg.Connection, clean_db: psycopg.Connection, tmp_path: Path
) -> None:
    # given rows that an earlier version stored for a partition key that was typed by hand
    hospital = Hospital(raw_db, clean_db, tmp_path)
    hospital.arrive()
    clean_db.execute(
        "INSERT INTO gate_verdict VALUES ('batch_0026', 'training', true, 1, '{}', 0.1, 'page')"
    )
    clean_db.execute("INSERT INTO drift VALUES ('batch_0026', 'age', 0.5, 'strong', true, '1')")
    clean_db.execute("INSERT INTO candidate VALUES ('batch_0026', 'run', 'xgboost', '1', 'sha')")
    clean_db.commit()

    # then the overview is the same as without them
    overview = Overview.gather(hospital.raw, hospital.clean)
    assert VerdictLog(clean_db).verdicts() == []
    assert overview.drift.empty
    assert [batch.raw.batch_id for batch in overview.batches] == [FIRST]
