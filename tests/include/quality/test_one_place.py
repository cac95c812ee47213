"""A gate is declared in one place: a fifth gate appears wherever gates are listed."""

import ast
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from great_expectations import expectations as gxe
from great_expectations.expectations.expectation import Expectation

from readmission.errors import GateError, GateFailed
from readmission.exporter.catalogue import GATE_PASSED, GATE_VERDICTS
from readmission.exporter.metrics import batches
from readmission.pipeline import sweep
from readmission.quality import catalogue
from readmission.quality.catalogue import STAGES_WITH_LEDGER, Database, Gate, Stage
from readmission.quality.report.overview import Overview
from readmission.quality.report.pages import render
from readmission.quality.report.summary import summarise
from readmission.settings import CHECKOUT
from readmission.stack.cli.batch_progress import ProgressReader, StageStatus
from readmission.stack.cli.summary import gates_table
from readmission.warehouse import BatchState, ModelHistory
from readmission.warehouse.verdicts import NOT_RUN, Status, VerdictLog
from tests.include.hospital import FIRST, ROWS, Hospital
from tests.include.test_imports import folder_of

SECOND = "batch-0002"


def ages_suite(oldest: int) -> list[Expectation]:
    return [gxe.ExpectColumnMaxToBeBetween(column="age", max_value=oldest, severity="critical")]


FIFTH = Gate("fifth", "Patients' ages", f"{__name__}:ages_suite", Database.CLEAN, Stage.TRAINING)


@pytest.fixture
def hospital(
    raw_db: psycopg.Connection,
    clean_db: psycopg.Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Hospital:
    """Given a fifth gate that stopped the first of two batches and has not seen the second."""
    monkeypatch.setattr(catalogue, "GATES", (*catalogue.GATES, FIFTH))
    hospital = Hospital(raw_db, clean_db, tmp_path)
    for offset in (0, ROWS):
        batch = hospital.arrive(offset)
        hospital.set_aside(batch.batch_id)
        hospital.refine(batch.batch_id)
    with pytest.raises(GateFailed, match=f"gate 'fifth' stopped {FIRST}"):
        check_ages(hospital, FIFTH, oldest=1)
    return hospital


def check_ages(hospital: Hospital, gate: Gate, oldest: int) -> None:
    rows = hospital.clean.read_batch(FIRST)
    hospital.gatekeeper.require(gate, hospital.clean, FIRST, rows, oldest)


def test_the_overview_and_its_page_show_it(hospital: Hospital) -> None:
    overview = Overview.gather(hospital.raw, hospital.clean)

    second, first = overview.batches
    assert (first.status("fifth"), second.status("fifth")) == (Status.FAILED, NOT_RUN)
    page = render(overview)["index.html"]
    assert '<th scope="col">Patients&#39; ages</th>' in page
    assert f'<a class="failed" href="{first.verdicts["fifth"].report}"' in page
    assert f"<summary>{FIRST}, Patients&#39; ages: 1 not met</summary>" in page


def test_both_summaries_show_it(hospital: Hospital) -> None:
    # the one that the API serves
    summary = json.loads(summarise(Overview.gather(hospital.raw, hospital.clean)))
    statuses = {batch["batch_id"]: batch["gates"] for batch in summary["batches"]}
    assert statuses[FIRST]["fifth"] == "failed"
    assert list(statuses[SECOND]) == [gate.name for gate in catalogue.GATES]

    # and the one of the command line
    table = gates_table(VerdictLog(hospital.clean.connection).verdicts())
    column = next(column for column in table.columns if column.header == "fifth")
    assert [str(cell) for cell in column.cells] == ["failed, 1 not met"]


def test_the_exporter_counts_it(hospital: Hospital) -> None:
    samples = list(batches.clean_samples(batches.read_clean(hospital.clean.connection)))

    assert GATE_PASSED(0, "fifth") in samples
    assert GATE_VERDICTS(1, "fifth", "failed") in samples
    assert GATE_VERDICTS(0, "fifth", "passed") in samples


def test_the_sweep_and_the_command_line_know_its_stage(hospital: Hospital) -> None:
    # the sweep starts a training on the second batch only
    history = ModelHistory(hospital.clean.connection)
    found = sweep.find(hospital.raw, hospital.clean, history, timedelta(0))
    assert found.training == (SECOND,)

    # and the demo shows that the training on the first was stopped
    airflow: Any = SimpleNamespace(runs=lambda *_dag_ids: [])
    first, second = ProgressReader(hospital.raw, hospital.clean, airflow).read()
    training = first.stages[Stage.TRAINING]
    assert training.status is StageStatus.STOPPED
    assert training.why.startswith("age: ")
    assert second.stages[Stage.TRAINING].status is StageStatus.WAITING


def test_a_gate_that_passes_again_stops_nothing(hospital: Hospital) -> None:
    check_ages(hospital, FIFTH, oldest=200)

    first = Overview.gather(hospital.raw, hospital.clean).batches[-1]
    assert first.status("fifth") == Status.PASSED
    assert hospital.clean.batch(FIRST).state is BatchState.ACCEPTED


def test_a_gate_at_a_stage_with_a_ledger_rejects_the_batch_there(hospital: Hospital) -> None:
    gate = Gate("fifth", "Ages", FIFTH.suite, Database.CLEAN, Stage.CLEAN)

    with pytest.raises(GateFailed) as stopped:
        check_ages(hospital, gate, oldest=1)

    batch = hospital.clean.batch(FIRST)
    assert (batch.state, batch.reason) == (BatchState.REJECTED, "\n".join(stopped.value.failures))


def test_a_gate_run_with_the_wrong_database_is_refused(hospital: Hospital) -> None:
    misplaced = Gate("fifth", "Ages", FIFTH.suite, Database.RAW, Stage.RAW)

    with pytest.raises(GateError, match=r"declared for RAW, but it was run with CLEAN"):
        check_ages(hospital, misplaced, oldest=200)


def test_gates_of_training_and_promotion_are_in_clean_where_the_sweep_looks() -> None:
    later = {gate.database for gate in catalogue.GATES if gate.stage not in STAGES_WITH_LEDGER}

    assert later == {Database.CLEAN}


def literals(source: ast.Module) -> Iterator[set[str]]:
    """Yield the texts of every tuple, list, set and dictionary that is written out."""
    for node in ast.walk(source):
        match node:
            case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
                pass
            case ast.Dict(keys=items):
                pass
            case _:
                continue
        yield {str(item.value) for item in items if isinstance(item, ast.Constant)}


@pytest.mark.parametrize("top", ["readmission", "dags", "plugins"])
def test_no_other_module_lists_the_gates(top: str) -> None:
    names = {gate.name for gate in catalogue.GATES}

    again = [
        str(path.relative_to(CHECKOUT))
        for path in folder_of(top).rglob("*.py")
        if any(names <= texts for texts in literals(ast.parse(path.read_text())))
    ]

    assert again == []
