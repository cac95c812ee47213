"""The drift of a batch is stored, and strong drift warns in the verdict of the clean gate."""

from pathlib import Path

import mlflow
import pytest

from readmission.pipeline.measure_drift import measure_drift, when_to_train
from readmission.quality.gates import Gatekeeper
from readmission.registry import Registry
from readmission.warehouse import BatchState, CleanWarehouse, ModelHistory, Promotion
from readmission.warehouse.clean.drift_log import DriftLog
from readmission.warehouse.clean.skipped_trainings import OnDrift
from readmission.warehouse.verdicts import GateVerdict, VerdictLog
from tests.include.conftest import BATCHES
from tests.include.training import Training

FIRST, SECOND = BATCHES


@pytest.fixture
def drifted(filled: CleanWarehouse) -> CleanWarehouse:
    """CLEAN; the second batch has a payer that no other batch has."""
    filled.connection.execute(
        "UPDATE encounter SET payer_code = 'XX' WHERE batch_id = %s", (SECOND,)
    )
    filled.connection.commit()
    return filled


@pytest.fixture
def gatekeeper(tmp_path: Path) -> Gatekeeper:
    return Gatekeeper(tmp_path, lambda _site, _gate: None)


def clean_verdict(warehouse: CleanWarehouse) -> GateVerdict:
    (verdict,) = VerdictLog(warehouse.connection).verdicts()
    return verdict


def drift_warnings(verdict: GateVerdict) -> list[str]:
    """Return the warnings about the payer; columns of real encounters may drift as well."""
    return [f for f in verdict.failures if f.startswith("payer_code has drifted: PSI ")]


def test_without_a_model_in_production_nothing_is_measured(
    filled: CleanWarehouse, trained: Training
) -> None:
    assert measure_drift(filled, trained.registry(), FIRST) == []
    assert DriftLog(filled.connection).history().empty


@pytest.mark.parametrize("order", ["gate first", "measurement first"])
def test_strong_drift_warns_in_the_verdict_whichever_comes_first(
    drifted: CleanWarehouse, registry: Registry, gatekeeper: Gatekeeper, order: str
) -> None:
    # when
    if order == "gate first":
        gatekeeper.clean(drifted, SECOND)
        measure_drift(drifted, registry, SECOND)
    else:
        measure_drift(drifted, registry, SECOND)
        gatekeeper.clean(drifted, SECOND)

    # then
    verdict = clean_verdict(drifted)
    (warning,) = drift_warnings(verdict)
    assert " against the rows of version 1; check whether the source fills it" in warning
    assert verdict.passed
    assert drifted.batch(SECOND).state is BatchState.ACCEPTED


def test_measuring_again_replaces_the_warnings_and_keeps_what_the_gate_found(
    drifted: CleanWarehouse, registry: Registry, trained: Training
) -> None:
    # given a warning of the gate itself, and a drift warning against version 1
    log = VerdictLog(drifted.connection)
    log.record(GateVerdict(SECOND, "clean", True, 60, ["gender: odd"], 0.1, "page"))
    measure_drift(drifted, registry, SECOND)

    # when the drift is measured against another version, twice
    registry.promote(registry.register(trained.run_of("random_forest"), {}))
    measure_drift(drifted, registry, SECOND)
    measure_drift(drifted, registry, SECOND)

    # then
    verdict = clean_verdict(drifted)
    (warning,) = drift_warnings(verdict)
    assert " against the rows of version 2; check" in warning
    assert verdict.failures[0] == "gender: odd"


def test_a_batch_without_strong_drift_adds_no_warning(
    filled: CleanWarehouse, registry: Registry, gatekeeper: Gatekeeper
) -> None:
    gatekeeper.clean(filled, FIRST)
    before = clean_verdict(filled)

    drifts = measure_drift(filled, registry, FIRST)

    assert len(drifts) > 40
    assert clean_verdict(filled) == before


def test_a_training_on_drift_looks_at_the_batch_itself_and_stores_nothing(
    drifted: CleanWarehouse, registry: Registry, trained: Training
) -> None:
    # given
    named = trained.settings.model_copy(update={"model_name": registry.name})
    settings = named.model_copy(update={"train_every": "drift", "train_gap": 4})

    # when
    on_drift = when_to_train(settings, drifted, SECOND)

    # then
    assert isinstance(on_drift, OnDrift)
    assert on_drift.columns is not None
    assert "payer_code" in on_drift.columns
    assert on_drift.gap == 4
    assert DriftLog(drifted.connection).history().empty
    # and without a champion, nothing can have drifted
    nobody = settings.model_copy(update={"model_name": trained.registry().name})
    assert when_to_train(nobody, drifted, SECOND) == OnDrift(None, 4)
    assert when_to_train(named, drifted, SECOND) == 1


MLFLOW_DEFAULT = "0"
"""The experiment that every MLflow server has."""


class Foreign(mlflow.pyfunc.PythonModel):
    """Somebody's own model, which no training of this project has registered."""

    def predict(self, _context, model_input, _params=None):  # type: ignore[no-untyped-def]
        return model_input


def put_foreign_version_in_production(registry: Registry) -> str:
    # Not in the experiment of the session's training, whose runs other tests count.
    with mlflow.start_run(experiment_id=MLFLOW_DEFAULT) as run:
        mlflow.pyfunc.log_model(name="model", python_model=Foreign(), pip_requirements=[])
    version = registry.register(run.info.run_id, {})
    registry.set_alias("production", version)
    return version


@pytest.mark.parametrize("touched", ["foreign version", "version deleted"])
def test_without_a_reference_the_last_promoted_version_that_has_one_is_the_reference(
    drifted: CleanWarehouse, trained: Training, touched: str
) -> None:
    # given two promoted versions, and a registry that somebody has touched
    registry, history = trained.registry(), ModelHistory(drifted.connection)
    for number, family in enumerate(("xgboost", "random_forest")):
        batch = BATCHES[number]
        registry.promote(version := registry.register(trained.run_of(family), {"batch_id": batch}))
        history.record_promotion(Promotion(batch, version, None, "promoted", "better"))
    if touched == "foreign version":
        put_foreign_version_in_production(registry)
        expected = "2"
    else:
        registry.client.delete_model_version(registry.name, "2")
        expected = "1"

    # when
    measure_drift(drifted, registry, SECOND)

    # then
    assert {one.reference_version for one in DriftLog(drifted.connection).latest()} == {expected}


def test_without_any_reference_the_verdict_warns_and_the_batch_goes_on(
    filled: CleanWarehouse, trained: Training, gatekeeper: Gatekeeper
) -> None:
    # given a promoted version that was deleted, and a foreign one
    registry = trained.registry()
    promotion = Promotion(FIRST, "7", None, "promoted", "better")
    ModelHistory(filled.connection).record_promotion(promotion)
    put_foreign_version_in_production(registry)

    # when
    assert measure_drift(filled, registry, SECOND) == []
    gatekeeper.clean(filled, SECOND)

    # then
    (warning,) = clean_verdict(filled).failures
    assert warning.startswith("drift has not been measured: ")
    assert filled.batch(SECOND).state is BatchState.ACCEPTED
