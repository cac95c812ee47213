"""The four gates: the good goes on, the bad stops or is set aside, and the report says why."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import numpy as np
import pandas as pd
import psycopg
import pytest
from great_expectations import expectations as gxe

from readmission.domain import schema
from readmission.domain.splitting import Split
from readmission.errors import GateError, GateFailed
from readmission.modelling.model import PROBABILITY_COLUMNS
from readmission.pipeline.process import process
from readmission.quality.checkpoint import check
from readmission.quality.gates import Gatekeeper
from readmission.quality.report.publishing import publish
from readmission.warehouse import BatchState, CleanWarehouse, RawWarehouse
from readmission.warehouse.verdicts import GateVerdict, VerdictLog
from tests.conftest import Platform
from tests.include.tables import contents, encounters

ROWS = 400
LIMIT = 0.05
NO_ROWS = pd.DataFrame({"source_row": [], "reasons": []})


@pytest.fixture
def raw(raw_db: psycopg.Connection) -> RawWarehouse:
    return RawWarehouse(raw_db)


@pytest.fixture
def clean(raw: RawWarehouse, clean_db: psycopg.Connection) -> CleanWarehouse:
    """One batch, processed."""
    warehouse = CleanWarehouse(clean_db)
    raw.load(encounters(ROWS), 0, "synthetic")
    raw.accept("batch-0001", NO_ROWS)
    process(raw, warehouse, "batch-0001", "a key")
    return warehouse


@pytest.fixture
def gatekeeper(tmp_path: Path) -> Gatekeeper:
    return Gatekeeper(tmp_path, lambda _site, _gate: None)


@pytest.fixture
def s3(platform: Platform) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=platform.s3_endpoint,
        aws_access_key_id=platform.s3_access_key,
        aws_secret_access_key=platform.s3_secret_key,
        region_name="us-east-1",
    )


def last_verdict(connection: psycopg.Connection) -> GateVerdict:
    return max(VerdictLog(connection).verdicts(), key=lambda verdict: str(verdict.decided_at))


def identifiers(warehouse: RawWarehouse) -> set[str]:
    """Return every encounter and patient number there is."""
    rows = warehouse.connection.execute("SELECT encounter_id, patient_nbr FROM encounter")
    return {number for row in rows for number in row if number.isdecimal()}


class TestRaw:
    """Rows that fail are set aside; a batch of too many is rejected."""

    def test_a_good_batch_is_accepted_whole_and_again(
        self, raw: RawWarehouse, gatekeeper: Gatekeeper
    ) -> None:
        # given
        raw.load(encounters(ROWS), 0, "synthetic")

        # when
        batch = gatekeeper.raw(raw, "batch-0001", LIMIT)
        before = contents(raw.connection, clock=False)
        gatekeeper.raw(raw, "batch-0001", LIMIT)

        # then
        assert (batch.state, batch.quarantined_rows) == (BatchState.ACCEPTED, 0)
        after = contents(raw.connection, clock=False)
        assert {**after, "gate_verdict": []} == {**before, "gate_verdict": []}
        verdict = last_verdict(raw.connection)
        assert (verdict.gate, verdict.passed, verdict.failures) == ("raw", True, [])
        assert verdict.expectations > len(schema.NAMES)

    def test_each_kind_of_bad_row_is_quarantined_with_its_reasons(
        self, raw: RawWarehouse, gatekeeper: Gatekeeper
    ) -> None:
        # given an earlier batch
        raw.load(encounters(1), 0, "synthetic")
        raw.accept("batch-0001", NO_ROWS)
        known = encounters(1)[schema.ENCOUNTER][0].as_py()
        # and a batch with bad rows, each in its own way
        bad = {
            10: ("age", "[120-130)"),
            11: ("age", "?"),
            12: ("time_in_hospital", "five"),
            13: ("time_in_hospital", "15"),
            14: ("num_lab_procedures", "4.5"),
            15: ("diag_1", "I50.9"),
            16: ("insulin", ""),
            17: ("gender", "?"),
            18: ("discharge_disposition_id", "99"),
            19: ("payer_code", "<script>"),
            20: ("readmitted", "MAYBE"),
            21: ("readmitted", "?"),
            22: ("patient_nbr", "unknown"),
        }
        cells: dict[str, dict[int, str]] = {}
        for row, (name, value) in bad.items():
            cells.setdefault(name, {})[row] = value
        cells[schema.ENCOUNTER] = {0: known, 30: "2000009999", 31: "2000009999"}
        raw.load(encounters(ROWS, **cells), 1_000, "file")

        # when
        batch = gatekeeper.raw(raw, "batch-0002", LIMIT)

        # then exactly those are set aside
        quarantined = raw.quarantine().set_index("source_row")["reasons"]
        assert (batch.state, batch.quarantined_rows) == (BatchState.ACCEPTED, len(bad) + 3)
        assert set(quarantined.index) == {1_000 + row for row in (*bad, 0, 30, 31)}
        # each with the column and what is expected of it
        for row, (name, value) in bad.items():
            (reason,) = quarantined[1_000 + row]
            expected = f"{name}: is {schema.BY_NAME[name].expected}"
            # and with what arrived, be it a key
            found = "" if name == schema.PATIENT else f"; found {value!r}"
            assert reason == expected + found
        assert "has not arrived in an earlier batch" in quarantined[1_000][0]
        assert "batch-0001" in quarantined[1_000][0]
        assert "occurs once in a batch" in quarantined[1_030][0]
        # none of them goes on, none is lost
        assert set(raw.read("batch-0002")["source_row"]) == set(range(1_000, 1_000 + ROWS))
        assert not set(quarantined.index) & set(
            raw.read("batch-0002", quarantined=False)["source_row"]
        )

    def test_too_many_bad_rows_reject_the_batch_and_the_next_one_goes_through(
        self, raw: RawWarehouse, gatekeeper: Gatekeeper
    ) -> None:
        # given more bad rows than the limit, repeated encounters and bad keys among them
        number = encounters(1)[schema.ENCOUNTER][0].as_py()
        bad = encounters(
            ROWS,
            age=dict.fromkeys(range(12), "[200-210)"),
            encounter_id=dict.fromkeys(range(12, 20), number),
            patient_nbr={20: "-77"},
        )
        raw.load(bad, 0, "file")
        raw.load(encounters(2 * ROWS).slice(ROWS), ROWS, "file")

        # when
        with pytest.raises(GateFailed) as stopped:
            gatekeeper.raw(raw, "batch-0001", LIMIT)
        good = gatekeeper.raw(raw, "batch-0002", LIMIT)

        # then the batch is marked, readable and nowhere else
        batch = raw.batch("batch-0001")
        assert (batch.state, batch.quarantined_rows) == (BatchState.REJECTED, 0)
        assert len(raw.read("batch-0001")) == ROWS
        # the message names count, limit, column and value, and no patient
        message = str(stopped.value)
        assert batch.reason == "\n".join(stopped.value.failures)
        assert "21 of 400 rows are bad, more than the limit of 5.0%" in message
        assert "age: is one of [0-10)" in message
        assert "[200-210)" in message
        assert "12 rows fail" in message
        said = message + batch.reason + str(VerdictLog(raw.connection).verdicts())
        assert not identifiers(raw) & set(re.findall(r"\d+", said))
        # and the next one goes through, its encounters not taken for repeated
        assert (good.state, good.quarantined_rows) == (BatchState.ACCEPTED, 0)

    def test_a_number_of_a_patient_in_the_wrong_column_is_not_shown(
        self, raw: RawWarehouse, gatekeeper: Gatekeeper, tmp_path: Path
    ) -> None:
        # given a row whose values have moved by one column
        raw.load(encounters(ROWS, race={5: "8222157"}, gender={5: "Caucasian"}), 0, "file")

        gatekeeper.raw(raw, "batch-0001", LIMIT)

        (reasons,) = raw.quarantine()["reasons"]
        assert any(reason.startswith("race: is one of") for reason in reasons)
        assert any("found 'Caucasian'" in reason for reason in reasons)
        said = [*reasons, *last_verdict(raw.connection).failures]
        said += [page.read_text() for page in tmp_path.rglob("*.html")]
        assert not any("8222157" in text for text in said)

    def test_an_empty_batch_is_rejected(self, raw: RawWarehouse, gatekeeper: Gatekeeper) -> None:
        raw.load(encounters(5).slice(0, 0), 0, "file")

        with pytest.raises(GateFailed, match="a batch has at least one encounter"):
            gatekeeper.raw(raw, "batch-0001", LIMIT)

        assert raw.batch("batch-0001").state is BatchState.REJECTED


class TestClean:
    """What was written is complete and in range, or is not trained on."""

    def test_a_good_batch_is_accepted(self, clean: CleanWarehouse, gatekeeper: Gatekeeper) -> None:
        batch = gatekeeper.clean(clean, "batch-0001")

        assert batch.state is BatchState.ACCEPTED
        verdict = last_verdict(clean.connection)
        assert (verdict.gate, verdict.passed, verdict.failures) == ("clean", True, [])

    def test_lost_rows_and_values_out_of_range_reject_the_batch(
        self, clean: CleanWarehouse, gatekeeper: Gatekeeper
    ) -> None:
        # given
        for damage in (
            "DELETE FROM encounter WHERE source_row = 7",
            "UPDATE encounter SET age = 500 WHERE source_row = 8",
            "UPDATE encounter SET readmitted = 3 WHERE source_row = 9",
            "UPDATE encounter SET part = 'spare' WHERE source_row = 10",
        ):
            clean.connection.execute(damage.encode())

        # when
        with pytest.raises(GateFailed) as stopped:
            gatekeeper.clean(clean, "batch-0001")

        # then
        said = stopped.value.failures
        assert len(said) == 4
        assert any("400 RAW rows minus 0 quarantined; observed 399" in failure for failure in said)
        for name, value in (("age", "500"), ("readmitted", "3"), ("part", "spare")):
            assert any(f.startswith(f"{name}: ") and f"e.g. {value}" in f for f in said)
        batch = clean.batch("batch-0001")
        assert (batch.state, batch.reason) == (BatchState.REJECTED, "\n".join(said))
        assert not last_verdict(clean.connection).passed

    def test_parts_that_are_not_70_15_15_are_a_warning(
        self, clean: CleanWarehouse, gatekeeper: Gatekeeper
    ) -> None:
        clean.connection.execute("UPDATE encounter SET part = 'train' WHERE part = 'val'")

        batch = gatekeeper.clean(clean, "batch-0001")

        assert batch.state is BatchState.ACCEPTED
        assert any("split 70/15/15" in f for f in last_verdict(clean.connection).failures)


class TestTraining:
    """No test row, no patient in two parts, every class."""

    @pytest.fixture
    def rows(self, clean: CleanWarehouse) -> pd.DataFrame:
        clean.accept("batch-0001")
        return clean.read_parts((Split.TRAIN, Split.VALIDATION), "batch-0001")

    def test_a_good_set_goes_through(
        self, clean: CleanWarehouse, gatekeeper: Gatekeeper, rows: pd.DataFrame
    ) -> None:
        gatekeeper.training(clean, "batch-0001", rows)

        assert last_verdict(clean.connection).passed

    @pytest.mark.parametrize(
        ("damage", "complaint"),
        [
            ("test row", "part: no test row; 1 row fails, e.g. test"),
            ("two parts", "every row is in the split of its patient"),
            ("a part forgotten", "every row is in the split of its patient"),
            ("class", r"readmitted: all three classes occur; missing 2"),
            ("missing", "payer_code: "),
            ("row twice", "encounter_id: "),
        ],
    )
    def test_a_set_that_must_not_be_trained_on_is_refused(
        self,
        clean: CleanWarehouse,
        gatekeeper: Gatekeeper,
        rows: pd.DataFrame,
        damage: str,
        complaint: str,
    ) -> None:
        # given
        patient = int(rows.loc[0, schema.PATIENT])
        match damage:
            case "test row":
                test = clean.read_parts((Split.TEST,)).head(1)
                rows = pd.concat([rows, test], ignore_index=True)
            case "two parts":
                other = "val" if rows.loc[0, "part"] == "train" else "train"
                rows.loc[0, "part"] = other
            case "a part forgotten":
                clean.connection.execute("DELETE FROM patient WHERE patient_nbr = %s", (patient,))
            case "class":
                rows = rows[rows[schema.TARGET] != 2]
            case "missing":
                rows.loc[0, "payer_code"] = None
            case "row twice":
                rows = pd.concat([rows, rows.head(1)], ignore_index=True)

        # when
        with pytest.raises(GateFailed, match=complaint) as stopped:
            gatekeeper.training(clean, "batch-0001", rows)

        # then
        assert str(patient) not in str(stopped.value)
        assert str(rows.iloc[0][schema.ENCOUNTER]) not in str(stopped.value)
        verdict = last_verdict(clean.connection)
        assert (verdict.gate, verdict.passed) == ("training", False)


class TestPredictions:
    """Answers are probabilities of three classes, and not too good to be true."""

    USUAL = {"weighted_f1": 0.56, "auroc_under_30": 0.67}  # noqa: RUF012

    @pytest.fixture
    def answers(self) -> pd.DataFrame:
        """2,000 answers, a few of them <30."""
        probabilities = np.random.default_rng(1).dirichlet((5, 3, 1), 2_000)
        frame = pd.DataFrame(probabilities, columns=list(PROBABILITY_COLUMNS))
        return frame.assign(prediction=np.array(schema.CLASSES)[probabilities.argmax(axis=1)])

    @pytest.fixture
    def outcomes(self) -> np.ndarray:
        return np.random.default_rng(2).choice(3, 2_000, p=[0.54, 0.35, 0.11])

    @pytest.fixture
    def warehouse(self, clean_db: psycopg.Connection) -> CleanWarehouse:
        return CleanWarehouse(clean_db)

    def test_usual_answers_go_through(
        self,
        warehouse: CleanWarehouse,
        gatekeeper: Gatekeeper,
        answers: pd.DataFrame,
        outcomes: np.ndarray,
    ) -> None:
        gatekeeper.predictions(warehouse, "batch-0001", answers, outcomes, self.USUAL)

        assert last_verdict(warehouse.connection).passed

    @pytest.mark.parametrize(
        ("damage", "complaint"),
        [
            ("weighted_f1", "weighted_f1: .* points to a leak"),
            ("auroc_under_30", "auroc_under_30: .* points to a leak"),
            ("vanished", "prediction: every class is predicted; missing <30"),
            ("sum", "probability_sum: probabilities sum to 1; 1 row fails"),
            ("negative", "probability_NO: "),
            ("missing", "probability_<30: "),
        ],
    )
    def test_answers_that_must_not_be_trusted_are_refused(
        self,
        warehouse: CleanWarehouse,
        gatekeeper: Gatekeeper,
        answers: pd.DataFrame,
        outcomes: np.ndarray,
        damage: str,
        complaint: str,
    ) -> None:
        # given
        metrics = dict(self.USUAL)
        match damage:
            case "weighted_f1":
                metrics["weighted_f1"] = 0.63
            case "auroc_under_30":
                metrics["auroc_under_30"] = 0.80
            case "vanished":
                answers["prediction"] = answers["prediction"].replace("<30", "NO")
            case "sum":
                answers.loc[3, "probability_NO"] *= 0.9
            case "negative":
                answers.loc[3, ["probability_NO", "probability_>30", "probability_<30"]] = -1, 1, 1
            case "missing":
                answers.loc[3, "probability_<30"] = np.nan

        # then
        with pytest.raises(GateFailed, match=complaint):
            gatekeeper.predictions(warehouse, "batch-0001", answers, outcomes, metrics)
        assert not last_verdict(warehouse.connection).passed

    def test_chance_on_a_small_test_part_is_no_leak(
        self,
        warehouse: CleanWarehouse,
        gatekeeper: Gatekeeper,
        answers: pd.DataFrame,
        outcomes: np.ndarray,
    ) -> None:
        small = {"weighted_f1": 0.63, "auroc_under_30": 0.80}

        gatekeeper.predictions(warehouse, "batch-0001", answers.head(200), outcomes[:200], small)


class TestReports:
    """Every verdict leaves a page, on disk and in the bucket."""

    @pytest.fixture
    def prefix(self, platform: Platform, s3: Any) -> Iterator[str]:
        """A folder of its own in the bucket."""
        name = f"test-{uuid4().hex}"
        yield name
        bucket = platform.settings.docs_bucket
        for entry in s3.list_objects_v2(Bucket=bucket, Prefix=name).get("Contents", ()):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])

    def test_the_page_of_a_failed_gate_is_published_where_the_verdict_says(
        self, raw: RawWarehouse, platform: Platform, s3: Any, tmp_path: Path
    ) -> None:
        # given
        bucket = platform.settings.docs_bucket
        uploads: list[int] = []
        gatekeeper = Gatekeeper(
            tmp_path, lambda site, gate: uploads.append(publish(s3, bucket, site, gate))
        )
        raw.load(encounters(20, age=dict.fromkeys(range(9), "[200-210)")), 0, "file")
        raw.load(encounters(40).slice(20), 20, "file")

        # when
        with pytest.raises(GateFailed):
            gatekeeper.raw(raw, "batch-0001", LIMIT)
        failed = last_verdict(raw.connection)
        gatekeeper.raw(raw, "batch-0002", LIMIT)

        # then the page is on disk and in the bucket, readable in a browser
        (on_disk,) = tmp_path.rglob("validations/raw/batch-0001/**/*.html")
        page = s3.get_object(Bucket=bucket, Key=failed.report)
        assert page["Body"].read() == on_disk.read_bytes()
        assert page["ContentType"] == "text/html"
        assert b"[200-210)" in on_disk.read_bytes()
        assert not failed.passed
        # and the second gate uploaded its own page and the changed index, not all again
        assert 0 < uploads[1] < uploads[0]

    def test_only_what_changed_is_uploaded(
        self, platform: Platform, s3: Any, prefix: str, tmp_path: Path
    ) -> None:
        # given
        bucket = platform.settings.docs_bucket
        (tmp_path / "static").mkdir()
        (tmp_path / "index.html").write_text("<h1>one</h1>")
        (tmp_path / "static" / "style.css").write_text("h1 { color: red }")

        # when
        first = publish(s3, bucket, tmp_path, prefix)
        second = publish(s3, bucket, tmp_path, prefix)
        (tmp_path / "index.html").write_text("<h1>two</h1>")
        third = publish(s3, bucket, tmp_path, prefix)

        # then
        assert (first, second, third) == (2, 0, 1)
        page = s3.get_object(Bucket=bucket, Key=f"{prefix}/index.html")
        assert page["Body"].read() == b"<h1>two</h1>"
        style = s3.get_object(Bucket=bucket, Key=f"{prefix}/static/style.css")
        assert style["ContentType"] == "text/css"

    def test_an_expectation_that_cannot_be_evaluated_is_not_a_verdict(self, tmp_path: Path) -> None:
        suite = [gxe.ExpectColumnValuesToNotBeNull(column="absent", severity="critical")]

        with pytest.raises(
            GateError, match="gate 'raw': expect_column_values_to_not_be_null could"
        ):
            check("raw", "batch-0001", pd.DataFrame({"present": [1]}), suite, tmp_path)
