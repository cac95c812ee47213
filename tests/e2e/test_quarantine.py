"""Two bad rows of a real batch: one is fixed and reaches CLEAN once, the other is waived."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from readmission.settings import PREFIX
from readmission.stack import audit
from readmission.stack.access import open_warehouses
from readmission.stack.cli.app import app
from readmission.stack.cli.batch_progress import PROCESSING
from readmission.stack.cli.decisions.quarantine import REPLAY_DAG
from readmission.stack.services import object_store
from readmission.warehouse import DecisionLog, Quarantine, RawWarehouse
from readmission.warehouse.raw.line_numbers import line_of
from readmission.warehouse.reconciliation import Account, account
from tests.e2e.pipeline import PATIENCE, Pipeline

GOOD_ROWS = 600

pytestmark = pytest.mark.timeout(2 * PATIENCE)


def counted(pipeline: Pipeline) -> Account:
    with open_warehouses(pipeline.stack.site) as pair:
        return account(*pair)


def command_line(pipeline: Pipeline) -> Callable[..., str]:
    """Return a function that runs `readmission quarantine` and fails on an error."""
    values = pipeline.stack.settings.model_dump(mode="json", exclude_unset=True)
    runner = CliRunner(env={PREFIX + name.upper(): str(value) for name, value in values.items()})

    def say(*words: str) -> str:
        result = runner.invoke(app, ["quarantine", *words])
        assert result.exit_code == 0, result.output
        return " ".join(result.stdout.split())

    return say


def quarantine_page(pipeline: Pipeline) -> str:
    """Return the current quarantine page from the bucket."""
    site = pipeline.stack.site
    s3 = object_store.client(site)
    page = s3.get_object(Bucket=site.settings.docs_bucket, Key="quarantine.html")
    return page["Body"].read().decode()


def replayed(pipeline: Pipeline, runs: int) -> None:
    """Wait until the given number of replays has succeeded; fail if one fails."""

    def look() -> bool:
        found = pipeline.airflow.runs(REPLAY_DAG)
        assert all(run.state != "failed" for run in found)
        return sum(run.state == "success" for run in found) == runs

    pipeline.wait_for(f"{runs} replays", look)


def lineage(pipeline: Pipeline) -> str:
    """Return the events that Airflow has sent so far, one per line."""
    return Path(str(pipeline.stack.settings.openlineage)).read_text()


def datasets(pipeline: Pipeline, side: str, name: str) -> list[dict[str, Any]]:
    """Return a dataset as each event of lineage has it."""
    events = map(json.loads, lineage(pipeline).splitlines())
    return [
        one
        for event in events
        for one in event.get(side, [])
        if (one["namespace"], one["name"]) == ("readmission", name)
    ]


def outputs(pipeline: Pipeline, name: str) -> list[dict[str, Any]]:
    """Return what tasks wrote into a dataset."""
    return datasets(pipeline, "outputs", name)


def assertions(pipeline: Pipeline, name: str, partition: str) -> set[tuple[str, str | None, bool]]:
    """Return what gates found about a partition: each assertion with its column and success."""
    return {
        (found["assertion"], found.get("column"), found["success"])
        for one in datasets(pipeline, "inputs", name)
        if one["facets"]["version"]["datasetVersion"] == partition
        for found in one.get("inputFacets", {})
        .get("dataQualityAssertions", {})
        .get("assertions", [])
    }


def test_a_fixed_row_reaches_clean_once_and_a_waived_one_never(pipeline: Pipeline) -> None:
    # given a batch with two bad rows, whose other rows are in CLEAN
    before = counted(pipeline)
    pipeline.deliver(GOOD_ROWS)
    fixed, waived = pipeline.delivered, pipeline.delivered + 1
    pipeline.deliver(2, age="[300-310)")
    assert pipeline.ingest(GOOD_ROWS + 2).state == "success"
    with pipeline.connected("raw") as raw:
        batch = RawWarehouse(raw).batches()[-1]
        rows = Quarantine(raw).rows(batch.batch_id)
    assert [(row.source_row, row.state) for row in rows] == [(fixed, "open"), (waived, "open")]
    assert pipeline.finished(pipeline.run_of(PROCESSING, batch.batch_id)).state == "success"
    after = counted(pipeline)
    assert (after.clean, after.quarantined) == (before.clean + GOOD_ROWS, before.quarantined + 2)

    # when one is fixed on the command line, the other is waived through the DAG, and a replay is
    # requested both ways
    quarantine = command_line(pipeline)
    corrected = (
        "fix",
        batch.batch_id,
        str(line_of(fixed)),
        "--set",
        "age=[30-40)",
        "--why",
        "asked",
    )
    assert "fixed by" in quarantine(*corrected)
    decision = {
        "action": "waive", "batch_id": batch.batch_id, "lines": [line_of(waived)],
        "decided_by": "Dr. Osei", "why": "no record of this patient",
    }  # fmt: skip
    run = pipeline.finished(pipeline.airflow.trigger(REPLAY_DAG, decision))
    assert run.state == "success", pipeline.airflow.failed_tasks(run)
    now = counted(pipeline)
    assert (now.quarantined, now.waived) == (before.quarantined + 1, before.waived + 1)
    with pipeline.connected("raw") as raw:
        assert DecisionLog(raw).decisions(batch.batch_id)[-1].decided_by == "Dr. Osei (admin)"
    (audited,) = audit.read(pipeline.stack.site, action="quarantine-waive")
    assert (audited.actor, audited.actor_kind) == ("admin", "airflow")
    assert audited.detail == {"by": "Dr. Osei (admin)", "rows": 1}
    shown = quarantine_page(pipeline)
    assert (shown.count("<strong>fixed</strong>"), shown.count("no record of this patient")) == (
        1,
        1,
    )
    assert "replaying 1 rows" in quarantine("replay")
    pipeline.airflow.trigger(REPLAY_DAG, {})
    replayed(pipeline, 3)
    assert "nothing to replay" in quarantine("replay")

    # then the fixed row has arrived once, in a replay batch, and every row is accounted for
    with pipeline.connected("raw") as raw:
        replay = RawWarehouse(raw).batches()[-1]
    assert (replay.kind, replay.rows, replay.quarantined_rows) == ("replay", 1, 0)
    assert pipeline.finished(pipeline.run_of(PROCESSING, replay.batch_id)).state == "success"
    with pipeline.connected("clean") as clean:
        found = clean.execute(
            "SELECT batch_id, source_row, age FROM encounter WHERE source_row = ANY(%s)",
            ([fixed, waived],),
        ).fetchall()
    assert found == [(replay.batch_id, fixed, 35)]
    end = counted(pipeline)
    assert (end.clean, end.quarantined, end.waived, end.in_progress) == (
        before.clean + GOOD_ROWS + 1, before.quarantined, before.waived + 1, before.in_progress,
    )  # fmt: skip
    assert str(end) in quarantine("account")
    # and the report shows the replay
    assert f'<strong>replayed</strong> in <a href="index.html#{replay.batch_id}' in " ".join(
        quarantine_page(pipeline).split()
    )
    # and the events of lineage name both partitions and what the gate found, without a value
    for name in ("raw/encounter", "clean/encounter"):
        written = {one["facets"]["version"]["datasetVersion"] for one in outputs(pipeline, name)}
        assert {batch.batch_id, replay.batch_id} <= written
    found = assertions(pipeline, "raw/encounter", batch.batch_id)
    assert ("gate raw", None, True) in found
    assert ("expect_column_values_to_be_in_set", "age", False) in found
    assert "[300-310)" not in lineage(pipeline)


def test_a_decision_that_is_not_allowed_fails_its_run_at_once(pipeline: Pipeline) -> None:
    run = pipeline.airflow.trigger(
        REPLAY_DAG,
        {"action": "waive", "batch_id": "batch-0001", "source_rows": [1], "why": "no name"},
    )

    assert pipeline.finished(run).state == "failed"
    assert pipeline.task(run, "decide")["try_number"] == 1
