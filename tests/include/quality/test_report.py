"""The report site is current and complete, needs no network and shows no patient."""

import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import numpy as np
import pandas as pd
import psycopg
import pytest

from readmission.domain import schema
from readmission.domain.drift import Drift, Level
from readmission.domain.splitting import Split
from readmission.errors import GateFailed
from readmission.modelling.model import PROBABILITY_COLUMNS
from readmission.pipeline.process import process
from readmission.quality.gates import Gatekeeper
from readmission.quality.report.overview import Overview
from readmission.quality.report.pages import QUARANTINE_ROWS, heatmap, render
from readmission.quality.report.publishing import publish, publish_overview
from readmission.warehouse import (
    CleanWarehouse,
    Quarantine,
    QuarantinedRow,
    RawWarehouse,
    RowState,
)
from readmission.warehouse.clean.drift_log import DriftLog
from tests.browser import look
from tests.conftest import Platform
from tests.databases import emptied
from tests.include.tables import encounters, held, waiting_backend

ROWS = 400
LIMIT = 0.05
ACCENT = "rgb(11, 79, 108)"
HOSTILE = "<script>alert(1)</script>"
TOO_OLD = dict.fromkeys(range(40), "[200-210)")


def gatekeeper_of(
    s3: Any, bucket: str, folder: Path, raw: RawWarehouse, clean: CleanWarehouse
) -> Gatekeeper:
    """Return a gatekeeper that publishes as the DAGs do."""

    def publish_all(site: Path, gate: str) -> None:
        publish(s3, bucket, site, gate)
        publish_overview(s3, bucket, folder, raw, clean)

    return Gatekeeper(folder, publish_all)


@dataclass(frozen=True)
class Published:
    """A published site, the keys in its bucket, and the numbers that it must not show."""

    folder: Path
    keys: set[str]
    numbers: set[int]

    @property
    def pages(self) -> list[Path]:
        return sorted(self.folder.rglob("*.html"))


@pytest.fixture(scope="module")
def site(platform: Platform, s3: Any, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A batch that one of four gates stops, one with bad rows, and one that is rejected."""
    folder, bucket = tmp_path_factory.mktemp("site"), platform.settings.docs_bucket
    with emptied(platform.raw_dsn) as raw_db, emptied(platform.clean_dsn) as clean_db:
        raw, clean = RawWarehouse(raw_db), CleanWarehouse(clean_db)
        three_batches(raw)
        through_the_gates(gatekeeper_of(s3, bucket, folder, raw, clean), raw, clean)
        rows = raw_db.execute("SELECT encounter_id, patient_nbr FROM encounter").fetchall()
    listed = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = {entry["Key"] for page in listed for entry in page["Contents"]}
    return Published(folder, keys, {abs(int(number)) for row in rows for number in row})


def three_batches(raw: RawWarehouse) -> None:
    known = encounters(1)[schema.ENCOUNTER][0].as_py()
    bad = {
        "payer_code": {ROWS: HOSTILE, ROWS + 1: "<b>x"},
        schema.ENCOUNTER: {ROWS + 2: known, ROWS + 3: "2000009999", ROWS + 4: "2000009999"},
        schema.PATIENT: {ROWS + 5: "-1987654321"},
        "age": {2 * ROWS + row: value for row, value in TOO_OLD.items()},
    }
    table = encounters(3 * ROWS, **bad)
    for offset, origin in ((0, "file"), (ROWS, "synthetic"), (2 * ROWS, "file")):
        raw.load(table.slice(offset, ROWS), offset, origin)


def through_the_gates(gatekeeper: Gatekeeper, raw: RawWarehouse, clean: CleanWarehouse) -> None:
    for batch_id in ("batch-0001", "batch-0002"):
        gatekeeper.raw(raw, batch_id, LIMIT)
        process(raw, clean, batch_id, "a key")
        drifts = [Drift("payer_code", 0.9, Level.STRONG), Drift("gender", 0.01, Level.NONE)]
        DriftLog(clean.connection).record(batch_id, "7", drifts, drifts[:1])
        gatekeeper.clean(clean, batch_id)
    rows = clean.read_splits((Split.TRAIN, Split.VALIDATION), "batch-0001")
    gatekeeper.training(clean, "batch-0001", rows)
    with pytest.raises(GateFailed):
        too_good(gatekeeper, clean)
    with pytest.raises(GateFailed):
        gatekeeper.raw(raw, "batch-0003", LIMIT)


def too_good(gatekeeper: Gatekeeper, clean: CleanWarehouse) -> None:
    """Run the predictions gate with a score that points to a leak."""
    probabilities = np.random.default_rng(1).dirichlet((5, 3, 1), 2_000)
    predictions = pd.DataFrame(probabilities, columns=list(PROBABILITY_COLUMNS)).assign(
        prediction=np.array(schema.CLASSES)[probabilities.argmax(axis=1)]
    )
    outcomes = np.random.default_rng(2).choice(3, 2_000)
    figures = {"weighted_f1": 0.99, "auroc_under_30": 0.67}
    gatekeeper.predictions(clean, "batch-0001", predictions, outcomes, figures)


class Links(HTMLParser):
    """The links of a page, and its scripts."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.scripts: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.targets += [value or "" for name, value in attrs if name in ("href", "src")]
        self.scripts += [name for name, _value in attrs if name.startswith("on")]
        if tag == "script":
            self.scripts.append(tag)


def test_every_kind_of_page_shows_text_and_styles_without_a_network(site: Published) -> None:
    # given one page of every kind
    kinds = {
        "index.html": [
            "batch-0001",
            "batch-0002",
            "✓ passed",
            "! warned",
            "✗ failed",
            "Synthetic data",
        ],
        "quarantine.html": ["batch-0002", str(ROWS + 1), "payer_code: is up to 60", HOSTILE],
        "warnings.html": [
            "batch-0002",
            "payer_code has drifted",
            "check whether the source",
            "Acknowledge",
            "decide about them with `readmission quarantine`",
        ],
        "drift.html": ["payer_code", "0.900", "gender", "0.010"],
        "raw/expectations/raw.html": ["Expectations / raw", "values must belong to this set"],
        "raw/validations/raw/batch-0001/*/*.html": ["expectations, all met", "encounter_id"],
        "raw/validations/raw/batch-0002/*/*.html": ["not met, listed first", "<b>x", HOSTILE],
        "clean/validations/clean/batch-0001/*/*.html": ["A1Cresult", "train", "70.0 %"],
        "training/validations/training/batch-0001/*/*.html": ["distinct values must match"],
        "predictions/validations/predictions/batch-0001/*/*.html": ["weighted_f1", "0.99"],
    }
    found = [next(site.folder.glob(pattern)) for pattern in kinds]
    names = [str(page.relative_to(site.folder)) for page in found]

    # when
    seen = dict(zip(kinds, look(site.folder, names), strict=True))

    # then each shows its text and our colours, and requests nothing from another host
    for pattern, texts in kinds.items():
        page = seen[pattern]
        assert [text for text in texts if text not in page.text] == [], pattern
        assert page.bar == ACCENT, pattern
        assert page.font.startswith("system-ui"), pattern
        assert page.scripts == 0, pattern
        external = [url for url in page.requested if urlsplit(url).hostname != "127.0.0.1"]
        assert external == [], pattern
    # and the overview has a row for each batch
    lines = [line.split("\t") for line in seen["index.html"].text.splitlines()]
    none = ["–", "–", "–"]
    assert ["batch-0003", "file", "400", "–", "0", "0", "✗ failed", *none] in lines
    warned = ["! warned", "! warned", *none[:2]]
    assert ["batch-0002", "synthetic", "400", "394", "6", "0", *warned] in lines
    first = next(line for line in lines if line[0] == "batch-0001")
    assert first == [
        "batch-0001",
        "file",
        "400",
        "400",
        "0",
        "0",
        "✓ passed",
        "! warned",
        "✓ passed",
        "✗ failed",
    ]
    assert len(set(seen["index.html"].verdicts)) == 3


def test_every_link_leads_to_a_page_on_disk_and_in_the_bucket(site: Published) -> None:
    for page in site.pages:
        name = page.relative_to(site.folder).as_posix()
        links = Links(page)
        assert links.scripts == [], name
        for target in links.targets:
            assert not urlsplit(target).netloc, f"{name} refers to {target}"
            key = urlsplit(urljoin(f"http://site/{name}", target)).path.lstrip("/")
            assert (site.folder / key).is_file(), f"{name} refers to {target}"
            assert key in site.keys, f"{name} refers to {target}"


def test_no_page_shows_the_number_of_a_patient_or_an_encounter(site: Published) -> None:
    assert {2_000_009_999, 1_987_654_321} < site.numbers

    for page in site.pages:
        shown = {int(number) for number in re.findall(r"\b\d{6,12}\b", page.read_text())}
        assert shown & site.numbers == set(), page


def test_values_of_the_data_are_escaped(site: Published) -> None:
    hostile = [page for page in site.pages if "alert(1)" in page.read_text()]

    assert {page.relative_to(site.folder).parts[0] for page in hostile} == {
        "index.html", "quarantine.html", "raw", "warnings.html",
    }  # fmt: skip
    for page in hostile:
        assert "<script" not in page.read_text()
        assert "<b>x" not in page.read_text()


def test_a_failed_gate_is_in_the_overview_at_once(
    raw: RawWarehouse, clean: CleanWarehouse, s3: Any, platform: Platform, tmp_path: Path
) -> None:
    gatekeeper = gatekeeper_of(s3, platform.settings.docs_bucket, tmp_path, raw, clean)
    raw.load(encounters(40, age=TOO_OLD), 0, "file")

    with pytest.raises(GateFailed):
        gatekeeper.raw(raw, "batch-0001", LIMIT)

    page = s3.get_object(Bucket=platform.settings.docs_bucket, Key="index.html")
    assert page["ContentType"] == "text/html"
    text = page["Body"].read().decode()
    report = re.search('<a class="failed" href="([^"]+)"', text)
    assert report
    assert "Rejected</dt><dd>40<" in text
    found = s3.get_object(Bucket=platform.settings.docs_bucket, Key=report[1])["Body"].read()
    assert b"[200-210)" in found


def test_the_last_writer_of_the_overview_has_read_last(
    raw: RawWarehouse, clean: CleanWarehouse, s3: Any, platform: Platform, tmp_path: Path
) -> None:
    # given a writer of the overview
    bucket = platform.settings.docs_bucket
    arguments = (s3, bucket, tmp_path, raw, clean)
    writer = threading.Thread(target=publish_overview, args=arguments)

    # when it has to wait for another writer, and a batch arrives meanwhile
    with held(platform.raw_dsn, "SELECT pg_advisory_xact_lock(296006)"):
        writer.start()
        waiting_backend(platform.raw_dsn)
        with psycopg.connect(platform.raw_dsn) as other:
            RawWarehouse(other).load(encounters(5), 0, "file")
    writer.join(timeout=120)

    # then its overview shows that batch
    assert "batch-0001" in (tmp_path / "index.html").read_text()


def test_a_site_without_batches_says_so() -> None:
    files = render(Overview())

    assert "No batch has arrived yet" in files["index.html"]
    assert "The quarantine is empty" in files["quarantine.html"]
    assert "No gate has warned" in files["warnings.html"]
    assert "No drift has been measured yet" in files["drift.html"]


def test_decisions_are_shown_with_their_rows_but_without_the_corrected_values(
    raw: RawWarehouse, clean: CleanWarehouse
) -> None:
    # given three rows in quarantine
    raw.load(encounters(100, age=dict.fromkeys(range(3), "[200-210)")), 0, "file")
    reasons = pd.DataFrame({"source_row": range(3), "reasons": [["age: is no age"]] * 3})
    raw.accept("batch-0001", reasons)

    # when
    quarantine = Quarantine(raw.connection)
    quarantine.waive("batch-0001", [0], "Dr A", "no such <patient>")
    quarantine.fix("batch-0001", [1], {"age": "[0-10)"}, "Dr A", "a guess")
    quarantine.fix("batch-0001", [1], {schema.PATIENT: "7654321"}, "Dr B", "mistyped")

    # then
    files = render(Overview.gather(raw, clean))
    page = " ".join(files["quarantine.html"].split())
    waived = r"<strong>waived</strong> <br>waived by Dr A, [-\d: ]+: no such &lt;patient&gt;"
    assert re.search(waived, page)
    # both decisions about the second row are shown
    first = r"fixed by Dr A, [-\d: ]+: a guess \(corrected: age\)"
    second = r"fixed by Dr B, [-\d: ]+: mistyped \(corrected: patient_nbr\)"
    assert re.search(rf"<strong>fixed</strong> <br>{first} ?<br>{second}", page)
    assert "7654321" not in page
    assert page.count("<strong>open</strong>") == 1
    assert "2 in quarantine + 1 waived" in files["index.html"]


def test_lost_rows_are_reported(raw: RawWarehouse, clean: CleanWarehouse) -> None:
    raw.load(encounters(100), 0, "file")
    raw.connection.execute("DELETE FROM encounter WHERE source_row = 7")

    page = render(Overview.gather(raw, clean))["index.html"]

    assert "Rows are missing" in page
    assert "batch-0001" in page


def test_the_page_of_a_long_quarantine_says_that_it_is_cut() -> None:
    row = QuarantinedRow(
        "batch-0001",
        1,
        ["age: is no age"],
        RowState.OPEN,
        {},
        "",
        None,
        "",
        None,
        datetime.now(UTC),
    )

    page = render(Overview(quarantine=[row] * (QUARANTINE_ROWS + 5)))["quarantine.html"]

    assert page.count("age: is no age") == QUARANTINE_ROWS
    assert "the first 2,000 of 2,005" in page


def test_a_heatmap_marks_levels_and_leaves_unmeasured_cells_empty() -> None:
    indices = pd.DataFrame(
        {"batch-0001": [0.3, 0.02], "batch-0002": [0.12, float("nan")]},
        index=["payer_code", "<age>"],
    )

    table = heatmap(indices)

    assert '<td class="strong">0.300</td>' in table
    assert '<td class="moderate">0.120</td>' in table
    assert '<td class="none">0.020</td>' in table
    assert '<td class="none">–</td>' in table
    assert "&lt;age&gt;" in table
