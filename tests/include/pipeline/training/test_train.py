"""One training: a described run for each family, and the best model as challenger."""

import json
from dataclasses import replace
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from pydantic import SecretStr

from readmission.domain import schema
from readmission.domain.columns import earlier_stays
from readmission.errors import BatchNotFound, BundleRefused, NotServable, SigningKeyError
from readmission.modelling import bundling
from readmission.modelling.families import FAMILIES
from readmission.modelling.fitting import LOCAL
from readmission.modelling.mlflow_runs import bundle_tags, code_tags, find_run, history_tag
from readmission.pipeline.training import reading, train
from readmission.registry import Registry
from readmission.serving.signature import Signer
from readmission.settings import Settings
from readmission.warehouse import CleanWarehouse, ModelHistory
from tests.include.conftest import BATCH_ROWS, BATCHES
from tests.include.training import Training
from tests.signing import SETTINGS, SIGNER

PLOTS = {"confusion_matrix.png", "calibration.png", "roc_pr.png", "feature_importance.png"}


@pytest.fixture
def client(trained: Training) -> MlflowClient:
    return Registry(trained.settings).client


@pytest.fixture(params=FAMILIES)
def run(trained: Training, client: MlflowClient, request: pytest.FixtureRequest) -> Run:
    return client.get_run(trained.run_of(request.param))


def all_runs(trained: Training, client: MlflowClient) -> list[str]:
    experiment = Registry(trained.settings).experiment_id()
    return sorted(run.info.run_id for run in client.search_runs([experiment]))


def test_each_family_has_one_finished_run(trained: Training, client: MlflowClient) -> None:
    assert [result.family for result in trained.results] == list(FAMILIES)
    assert all_runs(trained, client) == sorted(result.run_id for result in trained.results)


def test_the_tags_of_a_run_describe_its_data(trained: Training, run: Run) -> None:
    expected = {
        "batch_id": "batch-0001",
        "batches": "1",
        "rows": str(len(trained.rows)),
        "data_sha256": trained.lineage.data_sha256,
        "data_source": "synthetic",
    }

    assert run.info.status == "FINISHED"
    assert expected.items() <= run.data.tags.items()
    assert run.data.tags["family"] in FAMILIES


def test_a_run_names_its_dataset(trained: Training, run: Run) -> None:
    (found,) = run.inputs.dataset_inputs

    assert found.dataset.name == "clean.encounter up to batch-0001"
    assert trained.lineage.data_sha256.startswith(found.dataset.digest)
    assert json.loads(found.dataset.profile)["num_rows"] == len(trained.rows)
    assert [(tag.key, tag.value) for tag in found.tags] == [("mlflow.data.context", "training")]


def test_a_run_has_parameters_and_every_metric_twice(run: Run) -> None:
    metrics = run.data.metrics
    all_rows = {name for name in metrics if not name.startswith(("val_eligible_", "fit_"))}

    assert {"val_weighted_f1", "val_log_loss", "val_auroc_under_30"} < all_rows
    assert set(metrics) == all_rows | {"fit_seconds"} | {
        name.replace("val_", "val_eligible_") for name in all_rows
    }
    weights = {name for name in run.data.params if name.startswith("decision_weight_")}
    assert weights == {f"decision_weight_{name}" for name in ("no", "over_30", "under_30")}
    assert run.data.params["random_state"] == "296"


def test_the_model_of_a_run_has_the_metrics_of_the_run(run: Run, client: MlflowClient) -> None:
    (output,) = run.outputs.model_outputs
    model = client.get_logged_model(output.model_id)

    assert {metric.key: metric.value for metric in model.metrics} == run.data.metrics


def test_a_run_has_its_plots(run: Run, client: MlflowClient) -> None:
    plots = client.list_artifacts(run.info.run_id, "plots")

    assert {plot.path.removeprefix("plots/") for plot in plots} == PLOTS
    assert all(plot.file_size > 5_000 for plot in plots)


def test_the_artifact_declares_its_signature_and_requirements(run: Run) -> None:
    (output,) = run.outputs.model_outputs
    info = mlflow.models.get_model_info(f"models:/{output.model_id}")
    requirements = mlflow.pyfunc.get_model_dependencies(f"models:/{output.model_id}")

    assert info.signature.inputs.input_names() == [*schema.FEATURE_NAMES, *earlier_stays.NAMES]
    assert info.signature.outputs.input_names()[0] == "prediction"
    assert info.saved_input_example_info is not None
    with open(requirements) as lines:  # noqa: PTH123
        pinned = dict(line.strip().split("==") for line in lines)
    assert {"scikit-learn", "pandas", "mlflow"} <= pinned.keys()
    # The distribution with or without CUDA is the one on this machine; other families need none.
    needed = 1 if run.data.tags["family"] == "xgboost" else 0
    assert len({"xgboost", "xgboost-cpu"} & pinned.keys()) == needed


def test_a_run_belongs_to_the_trace_of_its_task() -> None:
    assert train.current_trace() is None
    unsampled = TracerProvider(sampler=ALWAYS_OFF).get_tracer("airflow")
    with unsampled.start_as_current_span("worker.fit"):
        assert train.current_trace() is None

    with TracerProvider().get_tracer("airflow").start_as_current_span("worker.fit") as span:
        assert train.current_trace() == f"{span.get_span_context().trace_id:032x}"


def test_repeated_training_logs_no_second_run(trained: Training, client: MlflowClient) -> None:
    # given
    before = all_runs(trained, client)

    # when
    registry = Registry(trained.settings)
    again = [
        train.train(family, trained.rows, trained.lineage, registry, SIGNER, threads=1)
        for family in FAMILIES
    ]

    # then
    assert again == trained.results
    assert all_runs(trained, client) == before


def test_a_run_that_was_killed_or_cannot_be_opened_or_had_other_data_or_code_is_not_reused(
    trained: Training, client: MlflowClient
) -> None:
    # given a run that has not ended, one on other rows, one of other code, and two bundles that are
    # not accepted
    lineage = replace(trained.lineage, batch_id="batch-0009")
    experiment = Registry(trained.settings).experiment_id()
    tags: dict[str, Any] = lineage.tags() | bundle_tags(SIGNER) | code_tags("xgboost")
    tags |= history_tag(known=True) | {"engine": LOCAL}
    killed = client.create_run(experiment, tags=tags)
    other = client.create_run(experiment, tags=tags | {"data_sha256": "other"})
    changed = client.create_run(experiment, tags=tags | {"code_sha256": "other"})
    old = client.create_run(experiment, tags=tags | {"bundle_format": "2"})
    foreign = client.create_run(experiment, tags=tags | {"signed_by": "another key"})
    for ended in (other, changed, old, foreign):
        client.set_terminated(ended.info.run_id)

    # then
    try:
        assert find_run(client, experiment, lineage, "xgboost", SIGNER, history=True) is None
        client.set_terminated(killed.info.run_id)
        assert (
            find_run(client, experiment, lineage, "xgboost", SIGNER, history=True)
            == killed.info.run_id
        )
        assert find_run(client, experiment, lineage, "xgboost", SIGNER, history=False) is None
        assert find_run(client, experiment, lineage, "random_forest", SIGNER, history=True) is None
    finally:
        for run in (killed, other, changed, old, foreign):
            client.delete_run(run.info.run_id)


def test_a_training_uses_the_accepted_batches_up_to_its_own(filled: CleanWarehouse) -> None:
    # when
    first = reading.whole(filled, BATCHES[0])
    both = reading.whole(filled, BATCHES[1])

    # then
    assert set(first["batch_id"]) == {BATCHES[0]}
    assert set(both["batch_id"]) == set(BATCHES)
    assert set(both["part"]) == {"train", "val"}
    pd.testing.assert_frame_equal(both.head(len(first)), first)
    assert len(both) == pytest.approx(2 * BATCH_ROWS * 0.85, rel=0.01)


def test_the_lineage_identifies_the_rows(filled: CleanWarehouse, trained: Training) -> None:
    # when
    first = train.lineage(filled, BATCHES[0], len(trained.rows))
    both = train.lineage(filled, BATCHES[1], 1)

    # then the same rows give the same lineage, however often they were written
    assert first == trained.lineage
    assert (both.batches, both.batch_id) == (2, BATCHES[1])
    assert both.data_sha256 != first.data_sha256


@pytest.mark.parametrize("state", ["loaded", "rejected"])
def test_only_an_accepted_batch_is_trained_on(filled: CleanWarehouse, state: str) -> None:
    filled.connection.execute(
        "UPDATE batch SET state = %s WHERE batch_id = %s", (state, BATCHES[1])
    )

    with pytest.raises(BatchNotFound, match="batch-0002 is not in the accepted CLEAN ledger"):
        train.lineage(filled, BATCHES[1], 1)


def test_the_best_on_validation_becomes_the_challenger(
    filled: CleanWarehouse, trained: Training, client: MlflowClient
) -> None:
    # given
    registry, history = trained.registry(), ModelHistory(filled.connection)

    # when
    candidate = train.register_best(trained.results, trained.lineage, registry, SIGNER, history)

    # then
    scores = {
        result.run_id: client.get_run(result.run_id).data.metrics["val_weighted_f1"]
        for result in trained.results
    }
    assert candidate.run_id == max(scores, key=lambda run_id: scores[run_id])
    version = client.get_model_version(registry.name, candidate.version)
    assert version.tags["family"] == candidate.family
    assert version.tags["data_source"] == "synthetic"
    family = candidate.family.replace("_", " ")
    rows = f"{len(trained.rows):,} rows up to batch-0001 (synthetic)"
    assert version.description.startswith(f"{family} trained on {rows}, by the code of commit ")
    stored = history.candidate(BATCHES[0])
    assert replace(stored, created_at=None) == candidate

    # and registering it again returns the same version
    again = train.register_best(trained.results, trained.lineage, registry, SIGNER, history)
    assert again == candidate
    assert len(client.search_model_versions(f"name='{registry.name}'")) == 1


def test_a_model_that_cannot_be_compiled_is_logged_without_its_model_and_not_registered(
    filled: CleanWarehouse,
    trained: Training,
    client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given a family whose compiled form predicts differently
    def refuse(*_: object) -> bytes:
        raise BundleRefused("the compiled form predicts differently")

    monkeypatch.setattr(bundling, "compile_estimator", refuse)
    lineage = replace(trained.lineage, batch_id="batch-0008")
    registry, history = trained.registry(), ModelHistory(filled.connection)

    # when it is trained
    result = train.train("logistic_regression", trained.rows, lineage, registry, SIGNER, threads=1)
    run = client.get_run(result.run_id)

    # then its run says why there is no model
    try:
        assert result.not_servable == "the compiled form predicts differently"
        assert run.data.tags["not_servable"] == result.not_servable
        assert run.data.metrics["val_weighted_f1"] == result.weighted_f1
        assert not run.outputs.model_outputs

        # and another family is registered, or nothing
        best = replace(result, weighted_f1=1.0)
        others = [*trained.results, best]
        candidate = train.register_best(others, lineage, registry, SIGNER, history)
        assert candidate.run_id != result.run_id
        with pytest.raises(NotServable, match="batch-0008 can be served: logistic_regression: the"):
            train.register_best([result], lineage, registry, SIGNER, history)
    finally:
        client.delete_run(result.run_id)


def test_training_without_a_key_that_others_trust_is_an_error() -> None:
    signer = Signer(Signer.generate_key())

    with pytest.raises(SigningKeyError, match="READMISSION_SIGNING_KEY must hold 32 bytes"):
        train.signer_of(Settings())
    with pytest.raises(SigningKeyError, match="READMISSION_SIGNING_KEY must"):
        train.signer_of(Settings(signing_key=SecretStr("not a key")))
    with pytest.raises(SigningKeyError, match="READMISSION_TRUSTED_SIGNING_KEYS must"):
        train.signer_of(
            Settings(signing_key=SETTINGS["signing_key"], trusted_signing_keys=(signer.public_key,))
        )
    with pytest.raises(SigningKeyError, match="READMISSION_TRUSTED_SIGNING_KEYS must"):
        train.signer_of(Settings(**SETTINGS | {"trusted_signing_keys": ("short",)}))
    assert train.signer_of(Settings(**SETTINGS)).key_id == SIGNER.key_id
