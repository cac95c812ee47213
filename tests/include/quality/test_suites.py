"""Breaks each expectation of each gate, one at a time; the verdict names it and its rows."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import psycopg
import pytest
from great_expectations.expectations.expectation import Expectation

from readmission.domain.splitting import Split
from readmission.errors import GateFailed
from readmission.quality import catalogue
from readmission.quality.checkpoint import ADVICE, ROW_SCOPE, check
from readmission.warehouse.verdicts import VerdictLog
from tests.include.breaking import GATES, ROW, broken, columns_of, predictions
from tests.include.hospital import FIRST, Hospital
from tests.include.hospital import ROWS as BATCH_ROWS

CASES = [
    pytest.param(gate, expectation, id=f"{gate}-{position}-{type(expectation).__name__[6:]}")
    for gate, its in GATES.items()
    for position, expectation in enumerate(its.suite())
]


@pytest.mark.parametrize(("gate", "expectation"), CASES)
def test_a_broken_expectation_is_named_with_its_column_and_rows(
    gate: str, expectation: Expectation, tmp_path: Path
) -> None:
    # given
    batch = broken(gate, expectation)

    # when
    verdict = check(gate, "batch-0002", batch.rows, batch.concerned, tmp_path, batch.stored)

    # then it is critical unless it is declared a warning, and its sentence says why
    if expectation.severity == "critical":
        (failure,) = verdict.critical
    else:
        (failure,) = verdict.failures
        assert verdict.critical == []
        # and a warning says what to do
        assert failure.sentence.endswith(f"; {expectation.meta[ADVICE]}")
    columns = columns_of(expectation)
    assert failure.expectation == expectation.configuration.type
    assert failure.column == " and ".join(columns)
    assert all(column in failure.sentence for column in columns)
    assert failure.count == batch.count
    assert ("; 1 row fails" in failure.sentence) == (batch.count == 1)
    assert (f"; {batch.count} rows fail" in failure.sentence) == (batch.count > 1)
    # and the rows of a row-scoped expectation can be quarantined
    if expectation.meta == ROW_SCOPE:
        assert len(failure.rows) == batch.count
        assert batch.rows.index[ROW] in failure.rows
        assert set(verdict.row_reasons()["source_row"]) == set(failure.rows)
    else:
        assert verdict.batch_failures == verdict.critical


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    gate = GATES["raw"]
    rows = gate.read(gate.good()).drop(columns="weight").assign(surplus=1)

    (failure,) = check("raw", "batch-0002", rows, gate.suite()[:1], tmp_path).failures

    assert failure.sentence.endswith("; missing weight; unexpected surplus")


def test_every_declared_gate_is_tested_here() -> None:
    assert GATES.keys() == BATCHES.keys() == {gate.name for gate in catalogue.GATES}


@pytest.mark.parametrize("gate", GATES)
def test_good_rows_meet_every_expectation(gate: str, tmp_path: Path) -> None:
    good = GATES[gate].good()

    verdict = check(gate, "batch-0001", GATES[gate].read(good), GATES[gate].suite(), tmp_path, good)

    assert verdict.evaluated == len(GATES[gate].suite())
    assert verdict.failures == ()


def raw_gate(hospital: Hospital, damage: bool) -> None:
    ages = dict.fromkeys(range(BATCH_ROWS), "[300-310)") if damage else {}
    offset = 0 if damage else BATCH_ROWS
    hospital.gate(hospital.arrive(offset, age=ages))


def refined(hospital: Hospital, damage: bool) -> str:
    """Process the first batch, or the second if nothing is to be damaged."""
    batch_id = hospital.arrive(0 if damage else BATCH_ROWS).batch_id
    hospital.set_aside(batch_id)
    hospital.refine(batch_id)
    return batch_id


def clean_gate(hospital: Hospital, damage: bool) -> None:
    batch_id = refined(hospital, damage)
    if damage:
        hospital.clean.connection.execute("UPDATE encounter SET age = 500")
    hospital.gatekeeper.clean(hospital.clean, batch_id)


def training_gate(hospital: Hospital, damage: bool) -> None:
    splits = tuple(Split) if damage else (Split.TRAIN, Split.VALIDATION)
    batch_id = refined(hospital, damage)
    hospital.gatekeeper.training(hospital.clean, batch_id, hospital.clean.read_splits(splits))


def predictions_gate(hospital: Hospital, damage: bool) -> None:
    metrics = {"weighted_f1": 0.99 if damage else 0.56, "auroc_under_30": 0.67}
    batch_id = refined(hospital, damage)
    outcomes = np.zeros(len(predictions()), dtype=int)
    hospital.gatekeeper.predictions(hospital.clean, batch_id, predictions(), outcomes, metrics)


BATCHES: Mapping[str, Callable[[Hospital, bool], None]] = MappingProxyType(
    {
        "raw": raw_gate,
        "clean": clean_gate,
        "training": training_gate,
        "predictions": predictions_gate,
    }
)
"""Runs a gate on a batch in the database; the second argument says whether to damage it."""


@pytest.mark.parametrize("gate", GATES)
def test_a_gate_that_stopped_a_batch_lets_the_next_good_one_through(
    gate: str, raw_db: psycopg.Connection, clean_db: psycopg.Connection, tmp_path: Path
) -> None:
    # given
    hospital = Hospital(raw_db, clean_db, tmp_path)

    # when the gate raises, its task never reaches the line that announces the batch
    with pytest.raises(GateFailed, match=f"gate '{gate}' stopped {FIRST}"):
        BATCHES[gate](hospital, True)
    BATCHES[gate](hospital, False)

    # then both batches have a verdict and a report
    log = VerdictLog(raw_db if gate == "raw" else clean_db)
    verdicts = [verdict for verdict in log.verdicts() if verdict.gate == gate]
    assert [verdict.passed for verdict in verdicts] == [False, True]
    assert all((tmp_path / verdict.report).is_file() for verdict in verdicts)
