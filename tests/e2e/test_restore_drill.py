"""A restore drill of a running stack."""

import fcntl
from contextlib import nullcontext
from pathlib import Path

import pytest

from readmission.operations.sealing import BackupError, BackupKey, Seal
from readmission.registry import PRODUCTION
from readmission.stack import backup, drill
from readmission.stack.errors import StackBusy
from readmission.stack.site.paths import StatePaths
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack
from tests.conftest import random_settings
from tests.e2e.pipeline import PATIENCE, Pipeline
from tests.e2e.test_under_load import served

BATCH = 1_500

pytestmark = pytest.mark.timeout(2 * PATIENCE)


@pytest.fixture(scope="module")
def serving(pipeline: Pipeline) -> str:
    """The version that the API serves."""
    if pipeline.registry.version_of(PRODUCTION) is None:
        pipeline.deliver(BATCH)
        assert pipeline.ingest(BATCH).state == "success"
        assert pipeline.promoted("batch-0001").state == "success"
    version = pipeline.registry.version_of(PRODUCTION)
    assert version is not None
    served(pipeline, version)
    return version


def test_the_drill_restores_the_stack_and_gets_the_same_prediction(
    pipeline: Pipeline, serving: str
) -> None:
    # given what a killed drill has left
    home = drill.second_home(pipeline.stack)
    StatePaths(home).create()

    # when
    pipeline.airflow.wait_for_dags(["restore_drill"])
    run = pipeline.finished(pipeline.airflow.trigger("restore_drill", {}))

    # then the run says which version predicted, and nothing of the second stack is left
    assert run.state == "success"
    logs = [text for name, text in pipeline.logs() if "dag_id=restore_drill" in name]
    assert any(f"predicted with version {serving}" in text for text in logs), logs
    assert not home.exists()
    assert not list(pipeline.stack.paths.home.glob("drill-*"))


def test_a_second_drill_waits_for_the_first(pipeline: Pipeline, serving: str) -> None:
    with (pipeline.stack.paths.home / "drill.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StackBusy, match="another drill"):
            drill.drill(pipeline.stack, print)


def test_a_damaged_backup_fails_the_drill_and_leaves_nothing(
    pipeline: Pipeline, serving: str, tmp_path: Path
) -> None:
    # given a backup of which a dump was cut off
    seal, key = Seal.make()
    made = backup.back_up(pipeline.stack, tmp_path, print, seal)
    (made / "clean.dump.age").write_bytes((made / "clean.dump.age").read_bytes()[:-1])

    with pytest.raises(BackupError, match="damaged"):
        drill.drill_with(pipeline.stack, made, BackupKey(key), print)
    assert not drill.second_home(pipeline.stack).exists()


@pytest.mark.parametrize(
    ("version", "probability", "accepted"), [("1", 0.5, True), ("1", 0.4, False), ("2", 0.4, True)]
)
def test_only_the_same_version_must_predict_the_same(
    version: str, probability: float, accepted: bool
) -> None:
    current = {"model_version": "1", "probabilities": {"NO": 0.5}}
    restored = {"model_version": version, "probabilities": {"NO": probability}}

    with nullcontext() if accepted else pytest.raises(BackupError, match="instead of"):
        drill.require_equal(restored, current)


@pytest.mark.parametrize(("restored", "accepted"), [("1", True), ("3", True), ("2", False)])
def test_a_drill_that_compared_no_prediction_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, restored: str, accepted: bool
) -> None:
    # given a production that moved from version 1 over 2 to 3 meanwhile
    stack = Stack(random_settings(tmp_path / "state"))
    stack.paths.create()
    Site.prepare(stack.settings, stack.paths)
    result = drill.DrillResult("now", "all rows", restored, "3", 1.0)
    monkeypatch.setattr(drill, "predict_example", lambda _url: {"model_version": "1"})
    monkeypatch.setattr(drill.backups, "back_up", lambda *_: tmp_path)
    monkeypatch.setattr(drill, "drill_with", lambda *_: result)

    with nullcontext() if accepted else pytest.raises(BackupError, match="moved during the drill"):
        assert drill.drill(stack, print) == result
