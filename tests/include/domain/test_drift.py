"""Drift: the index, its alarms, and the drift of the real file."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
import pytest

from readmission.domain import schema
from readmission.domain.cleaning import clean, outcome
from readmission.domain.columns import Kind
from readmission.domain.diagnoses import group_of
from readmission.domain.drift import (
    MEASURED,
    MINIMUM_ROWS,
    Drift,
    Level,
    advice,
    alarms,
    measure,
    psi,
    reference_of,
)
from readmission.pipeline import source
from readmission.pipeline.source import Dataset
from readmission.warehouse.clean.drift_log import Alarm, DriftLog

STRONG = Drift("payer_code", 1.5, Level.STRONG)
MODERATE = Drift("age", 0.2, Level.MODERATE)


def cleaned(path: Path, start: int, rows: int) -> pd.DataFrame:
    raw = source.read(path).encounters.slice(start, rows).to_pandas()
    return clean(raw).assign(**{schema.TARGET: outcome(raw)})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([0.5, 0.5], [0.5, 0.5], 0.0),
        ([0.5, 0.5], [0.25, 0.75], 0.25 * np.log(2) + 0.25 * np.log(1.5)),
        ([1.0, 0.0], [0.0, 1.0], 2 * (1 - 1e-4) * np.log(1e4)),
    ],
)
def test_the_index_follows_the_published_formula(
    before: list[float], after: list[float], expected: float
) -> None:
    assert psi(np.array(before), np.array(after)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "level"),
    [(0.0999, Level.NONE), (0.1, Level.MODERATE), (0.2499, Level.MODERATE), (0.25, Level.STRONG)],
)
def test_a_level_includes_its_limit(value: float, level: Level) -> None:
    assert Level.of(value) is level


def test_rows_do_not_drift_from_themselves_even_after_json(
    encounters: Path,
) -> None:
    rows = cleaned(encounters, 0, 5_000)

    found = measure(rows, json.loads(json.dumps(reference_of(rows))))

    assert {drift.column for drift in found} == set(MEASURED)
    assert max(drift.psi for drift in found) == pytest.approx(0, abs=1e-9)


def test_diagnoses_drift_by_group_so_rows_of_an_earlier_version_do_not(encounters: Path) -> None:
    rows = cleaned(encounters, 0, 5_000)
    names = [column.name for column in schema.of_kind(Kind.DIAGNOSIS)]
    groups_only = rows.assign(**{name: rows[name].map(group_of) for name in names})

    found = measure(rows, reference_of(groups_only))

    assert max(drift.psi for drift in found) == pytest.approx(0, abs=1e-9)


def test_new_values_count_as_drift(encounters: Path) -> None:
    rows = cleaned(encounters, 0, 5_000)
    reference = reference_of(rows)

    found = measure(rows.assign(payer_code="NEW", age=95), reference)

    assert {drift.column for drift in found if drift.level is Level.STRONG} == {"payer_code", "age"}
    assert [drift.psi for drift in found] == sorted((d.psi for d in found), reverse=True)


def test_a_small_batch_is_not_measured(encounters: Path) -> None:
    rows = cleaned(encounters, 0, 5_000)

    assert measure(rows[: MINIMUM_ROWS - 1], reference_of(rows)) == []


def test_strong_drift_raises_an_alarm_if_it_is_new_or_has_grown() -> None:
    assert alarms([STRONG, MODERATE], known={}) == [STRONG]
    assert alarms([STRONG, MODERATE], known={"payer_code": 1.4}) == []
    assert alarms([STRONG, MODERATE], known={"payer_code": 0.9}) == [STRONG]


def test_there_is_advice_for_every_column() -> None:
    assert all(advice(column) for column in MEASURED)


def test_the_real_file_drifts_in_payer_code_and_not_in_gender(uci: Dataset) -> None:
    found = {d.column: d for d in measure(
        cleaned(uci.path, 90_000, len(uci) - 90_000),
        reference_of(cleaned(uci.path, 0, 15_000)),
    )}  # fmt: skip

    assert found["payer_code"].level is Level.STRONG
    assert found["gender"].level is Level.NONE


def test_known_drift_raises_an_alarm_when_it_grows_or_returns(
    clean_db: psycopg.Connection,
) -> None:
    # given a column whose drift is strong, grows, ends and returns
    log, alarmed = DriftLog(clean_db), []
    for number, index in enumerate((1.0, 1.1, 1.2, 1.6, 1.6, 0.1, 1.0), 2):
        found = [Drift("payer_code", index, Level.of(index)), MODERATE]

        # when each batch is measured
        batch_id = f"batch-{number:04d}"
        log.record(batch_id, "1", found, alarms(found, log.known_drift(batch_id)))
        alarmed.append(bool(log.alarms(batch_id)))

    # then only what is new raises an alarm
    assert alarmed == [True, False, False, True, False, False, True]


def test_measuring_again_replaces_the_measurement(clean_db: psycopg.Connection) -> None:
    log = DriftLog(clean_db)

    for _ in range(2):
        log.record(
            "batch-0002", "1", [STRONG, MODERATE], alarms([STRONG], log.known_drift("batch-0002"))
        )

    assert log.alarms("batch-0002") == [Alarm("payer_code", 1.5, "1")]
    assert log.history()["column"].tolist() == ["age", "payer_code"]


def test_the_latest_measurement_of_a_column_has_its_time_and_reference(
    clean_db: psycopg.Connection,
) -> None:
    # given two batches, and between them a replay with a measurement of one column only
    log = DriftLog(clean_db)
    assert log.latest() == []
    milder = Drift("payer_code", 0.4, Level.STRONG)
    log.record("batch-0003", "2", [milder], [])
    log.record("replay-0002", "1", [STRONG], [STRONG])
    log.record("batch-0001", "1", [STRONG, MODERATE], [STRONG])

    age, payer = log.latest()

    assert (age.column, age.batch_id, age.level) == ("age", "batch-0001", Level.MODERATE)
    assert (payer.column, payer.batch_id, payer.psi) == ("payer_code", "batch-0003", 0.4)
    assert (payer.alarm, payer.reference_version) == (False, "2")
    assert datetime.now(UTC) - payer.measured_at < timedelta(hours=1)
