"""The MLflow server: artifacts go through it into the object store."""

import mlflow
import pytest

from readmission.stack.services import object_store
from readmission.stack.site.site import Site
from tests.conftest import Platform


def test_mlflow_stores_artifacts_in_its_bucket(
    platform: Platform, running_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a client without access to the object store
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    client = mlflow.MlflowClient(platform.mlflow_uri)
    experiment = client.create_experiment("artifacts")

    # When it logs a text
    run = client.create_run(experiment)
    client.log_text(run.info.run_id, "hello", "greeting.txt")

    # Then the text is in the bucket
    listed = object_store.client(running_site).list_objects_v2(Bucket="mlflow")["Contents"]
    key = next(item["Key"] for item in listed if item["Key"].endswith("greeting.txt"))
    body = object_store.client(running_site).get_object(Bucket="mlflow", Key=key)["Body"]
    assert body.read() == b"hello"
    assert run.info.artifact_uri.startswith("mlflow-artifacts:/")
