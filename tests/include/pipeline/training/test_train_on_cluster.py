"""Training on a Dask cluster, from the partitions in the object store to a signed model."""

import subprocess
from collections.abc import Iterator
from functools import partial
from uuid import uuid4

import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from readmission.domain.splitting import Split
from readmission.errors import BatchNotFound
from readmission.modelling.fitting.cluster import Cluster
from readmission.modelling.fitting.parts import PartFailed
from readmission.modelling.mlflow_runs import Lineage
from readmission.pipeline.training import reading, train
from readmission.registry import Registry
from readmission.settings import CHECKOUT, Settings
from readmission.stack.site.ports import free_ports
from readmission.warehouse import CleanWarehouse
from readmission.warehouse.clean.partitions import Bucket, TrainingPartitions, name_of
from readmission.warehouse.clean.partitions.remote import (
    PartitionChanged,
    PartitionUnreadable,
    RemotePartition,
    remote,
)
from tests.conftest import Platform
from tests.include.conftest import BATCHES
from tests.include.dask_clusters import dask_processes
from tests.signing import SIGNER

FIRST, NEWEST = BATCHES
NO_SAMPLE, SAMPLE = 1_000_000, 1_200


@pytest.fixture(scope="module")
def on_dask(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings with two workers and a scheduler, which speak TLS."""

    tls = tmp_path_factory.mktemp("dask-tls")
    subprocess.run([CHECKOUT / "k8s" / "components" / "dask" / "certificate.sh", tls], check=True)
    with dask_processes(tmp_path_factory.mktemp("dask"), workers=2, tls=tls) as processes:
        yield platform.settings.model_copy(
            update={
                "experiment": f"experiment_{uuid4().hex}",
                "training_engine": "dask",
                "dask_address": processes.address,
                "dask_tls_dir": tls,
                "training_sample_rows": NO_SAMPLE,
            }
        )


@pytest.fixture(scope="module")
def cluster(on_dask: Settings) -> Iterator[Cluster]:
    with reading.cluster_of(on_dask) as found:
        assert found is not None
        yield found


@pytest.fixture
def partitions(filled: CleanWarehouse, bucket: Bucket) -> TrainingPartitions:
    return TrainingPartitions(filled, bucket)


def key_of(partitions: TrainingPartitions, batch_id: str) -> str:
    return name_of(partitions.warehouse.batch(batch_id))


def lineage_of(partitions: TrainingPartitions) -> Lineage:
    rows = reading.whole(partitions.warehouse, NEWEST)
    return train.lineage(partitions.warehouse, NEWEST, len(rows))


def test_the_cluster_reads_the_rows_that_a_local_training_reads(
    partitions: TrainingPartitions, cluster: Cluster
) -> None:
    # given a corrected row, and a partition that was lost
    partitions.connection.execute(
        "UPDATE encounter SET superseded_by = %s WHERE batch_id = %s AND source_row < 40",
        (NEWEST, FIRST),
    )
    partitions.write(FIRST)
    partitions.bucket.delete([key_of(partitions, FIRST)])

    # when
    rows = reading.in_parts(partitions, NEWEST, cluster.read)

    # then
    expected = reading.whole(partitions.warehouse, NEWEST)
    pd.testing.assert_frame_equal(rows.sample, expected)
    assert rows.rows == len(expected)
    assert rows.train_rows == (expected["part"] == Split.TRAIN).sum()
    with pytest.raises(BatchNotFound):
        reading.in_parts(partitions, "batch-0009", cluster.read)


def test_a_damaged_partition_fails_the_training_and_is_whole_for_its_retry(
    partitions: TrainingPartitions, cluster: Cluster
) -> None:
    # given
    partitions.write(FIRST)
    partitions.bucket.put(key_of(partitions, FIRST), b"damaged")

    # when
    with pytest.raises(PartitionChanged, match=FIRST):
        reading.in_parts(partitions, NEWEST, cluster.read)

    # then
    rows = reading.in_parts(partitions, NEWEST, cluster.read)
    pd.testing.assert_frame_equal(rows.sample, reading.whole(partitions.warehouse, NEWEST))


def test_a_store_that_is_down_is_an_error_without_the_link(
    partitions: TrainingPartitions, cluster: Cluster
) -> None:
    # given links to a store that does not respond, and one that is not allowed
    (part, _) = remote(partitions, reading.TRAINED_ON, NEWEST)
    (port,) = free_ports(1)
    down = RemotePartition(FIRST, f"http://127.0.0.1:{port}/?s=secret", "", (), (Split.TRAIN,))
    forged = RemotePartition(FIRST, part.link[:-4] + "0000", part.sha256, (), (Split.TRAIN,))

    # then
    for link, problem in ((down, "ConnectError"), (forged, "status 403")):
        with pytest.raises(PartitionUnreadable, match=problem) as raised:
            cluster.read([link])
        assert "http" not in f"{raised.value}{link!r}"


def test_a_programming_error_names_the_step(cluster: Cluster) -> None:
    with pytest.raises(PartFailed, match="rows of a part could not be read or encoded: KeyError"):
        cluster.read([partial(pd.DataFrame, {"a": [1]})])


def test_a_distributed_fit_is_logged_as_the_same_kind_of_model(
    partitions: TrainingPartitions, cluster: Cluster, on_dask: Settings
) -> None:
    # given
    registry, data = Registry(on_dask), lineage_of(partitions)
    rows = reading.in_parts(partitions, NEWEST, cluster.read)

    # when
    result = train.train("xgboost", rows, data, registry, SIGNER, threads=1)
    local = train.train("xgboost", rows.sample, data, registry, SIGNER, threads=1)

    # then it is compiled, explained, has golden rows and is signed, with the same files
    assert result.not_servable is None
    assert result.run_id != local.run_id
    ours, theirs = (registry.client.get_run(found.run_id) for found in (result, local))
    assert files_of(registry.client, ours) == files_of(registry.client, theirs)
    # and says what fitted it on how many rows
    assert (ours.data.tags["engine"], theirs.data.tags["engine"]) == (rows.engine, "local")
    assert ours.data.params["fitted_rows"] == str(rows.train_rows)
    assert ours.data.params.items() >= theirs.data.params.items() - weights_of(theirs)
    # and is not fitted again
    assert train.train("xgboost", rows, data, registry, SIGNER, threads=1) == result


def test_a_fit_on_a_sample_logs_its_learning_curve(
    partitions: TrainingPartitions, cluster: Cluster, on_dask: Settings
) -> None:
    registry = Registry(on_dask)
    few = Cluster(cluster.client, SAMPLE)
    rows = reading.in_parts(partitions, NEWEST, few.read)

    result = train.train(
        "logistic_regression", rows, lineage_of(partitions), registry, SIGNER, threads=1
    )

    found = registry.client.get_run(result.run_id)
    assert result.not_servable is None
    assert int(found.data.params["fitted_rows"]) < int(found.data.params["train_rows"])
    assert "learning_curve.json" in files_of(registry.client, found)


def files_of(client: MlflowClient, run: Run) -> set[str]:
    """Return the artifacts of a run, and the files of its bundle."""
    files = {artifact.path for artifact in client.list_artifacts(run.info.run_id)}
    (output,) = run.outputs.model_outputs
    bundle = client.list_logged_model_artifacts(output.model_id, "artifacts/bundle")
    return files | {artifact.path for artifact in bundle}


def weights_of(run: Run) -> set[tuple[str, str]]:
    return {(k, v) for k, v in run.data.params.items() if k.startswith("decision_weight_")}


def test_one_machine_needs_no_cluster(platform: Platform) -> None:
    with reading.cluster_of(platform.settings) as found:
        assert found is None
