"""Training on a Dask cluster of processes: the same models, and an end when one is killed."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from readmission.domain.splitting import Split
from readmission.modelling.families import xgboost
from readmission.modelling.fitting import Fit, cluster, fit
from readmission.modelling.fitting.cluster import (
    Cluster,
    ClusterFailed,
    ClusterUnavailable,
    connect,
)
from readmission.modelling.fitting.parts import Part
from readmission.settings import SettingsError
from readmission.stack.site.ports import free_ports
from tests.include.dask_clusters import DaskProcesses, dask_processes
from tests.include.modelling.fitting.conftest import assert_agrees

SECONDS_TO_FAIL = 200


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskProcesses]:
    with dask_processes(tmp_path_factory.mktemp("dask"), workers=2) as started:
        yield started


@pytest.fixture(scope="module")
def connected(processes: DaskProcesses) -> Iterator[Cluster]:
    with connect(processes.address, sample_rows=1_000_000) as found:
        found.client.wait_for_workers(2, timeout=150)
        yield found


@pytest.fixture(scope="module")
def distributed(connected: Cluster, parts: Sequence[Part]) -> Fit:
    return fit("xgboost", connected.read(parts), threads=1)


def test_a_distributed_fit_agrees_with_a_local_one_within_its_bootstrap_interval(
    local: Fit, distributed: Fit
) -> None:
    assert_agrees(distributed, local)
    assert distributed.extent["fitted_rows"] == distributed.extent["train_rows"]


def test_rows_that_fit_give_the_local_model_to_the_digit(
    connected: Cluster, parts: Sequence[Part], rows: pd.DataFrame
) -> None:
    everywhere = fit("logistic_regression", connected.read(parts), threads=1)
    here = fit("logistic_regression", rows, threads=1)

    assert np.array_equal(everywhere.probabilities, here.probabilities)
    assert everywhere.metrics == here.metrics
    assert everywhere.learning_curve == []
    assert (everywhere.engine, here.engine) == ("dask, 1000000 rows sampled at most", "local")


def test_above_a_size_a_family_sees_a_sample_and_shows_what_more_rows_give(
    connected: Cluster, parts: Sequence[Part], rows: pd.DataFrame
) -> None:
    # given less room than there are rows
    small = Cluster(connected.client, sample_rows=2_000).read(parts)
    assert len(small.sample) <= 2_000 < len(rows) == small.rows
    trained = int((rows["part"] == Split.TRAIN).sum())

    # when
    linear, boosted = (fit(name, small, threads=1) for name in ("logistic_regression", "xgboost"))

    # then one family has seen a sample, and says what it saw
    seen = int((small.sample["part"] == Split.TRAIN).sum())
    validated = len(small.sample) - seen
    extent = {"train_rows": trained, "validation_rows": validated}
    assert linear.extent == {**extent, "fitted_rows": seen}
    steps = [step["rows"] for step in linear.learning_curve]
    assert steps[-1] == seen
    assert [step / seen for step in steps] == pytest.approx([0.25, 0.5, 1], abs=0.02)
    assert linear.learning_curve[-1]["log_loss"] == linear.metrics["log_loss"]
    # and the other one all rows
    assert boosted.extent == {**extent, "fitted_rows": trained}
    assert boosted.learning_curve == []


def when_training(found: Cluster, then: Callable[[], None]) -> None:
    """Do something once the workers boost together."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        keys = [str(key) for keys in found.client.processing().values() for key in keys]
        if any(key.startswith("fn-") for key in keys):
            time.sleep(0.5)
            return then()
        time.sleep(0.05)
    raise AssertionError("no training has begun")


def fails(address: str, parts: Sequence[Part], kill: Callable[[], None]) -> None:
    """Train, kill something in the middle, and expect an error that names the step, in time."""
    with connect(address, 1_000_000) as found:
        found.client.wait_for_workers(2, timeout=150)
    # A client waits as long for a scheduler that it has lost as for one that is starting.
    with (
        patch.object(cluster, "PATIENCE_SECONDS", 10),
        connect(address, 1_000_000) as found,
        ThreadPoolExecutor(1) as thread,
    ):
        everything = found.read(parts)
        running = thread.submit(fit, "xgboost", everything, 1)
        when_training(found, kill)
        with pytest.raises(ClusterFailed, match="could not fit XGBoost"):
            running.result(SECONDS_TO_FAIL)


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["worker", "scheduler"])
def test_a_process_that_is_killed_fails_the_run_and_the_retry_ends_right(
    killed: str,
    tmp_path: Path,
    parts: Sequence[Part],
    local: Fit,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xgboost, "LOST_AFTER_SECONDS", 10)
    with dask_processes(tmp_path, workers=2) as processes:
        # when
        fails(processes.address, parts, getattr(processes, f"kill_{killed}"))
        # and what was killed starts again, as Kubernetes does it
        processes.start(1 if killed == "worker" else 2)

        # then
        with connect(processes.address, 1_000_000) as found:
            again = fit("xgboost", found.read(parts), threads=1)
    assert np.abs(again.probabilities - local.probabilities).mean() < 0.02


def test_a_worker_that_is_killed_while_it_reads_is_replaced(
    tmp_path: Path, rows: pd.DataFrame, parts: Sequence[Part]
) -> None:
    with (
        dask_processes(tmp_path, workers=2) as processes,
        connect(processes.address, 1_000_000) as found,
        ThreadPoolExecutor(1) as thread,
    ):
        found.client.wait_for_workers(2, timeout=150)
        running = thread.submit(found.read, [partial(read_slowly, part) for part in parts])
        time.sleep(1)
        processes.kill_worker()
        assert len(running.result(SECONDS_TO_FAIL).sample) == len(rows)


def read_slowly(part: Part) -> pd.DataFrame:
    time.sleep(1)
    return part()


def test_without_a_scheduler_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_SECONDS", 1)
    (port,) = free_ports(1)

    with pytest.raises(ClusterUnavailable, match="no Dask scheduler responds"):
        connect(f"tcp://127.0.0.1:{port}", 1).__enter__()


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_without_a_certificate_the_error_names_the_setting(
    tmp_path: Path, content: str | None
) -> None:
    for name in ("ca.crt", "tls.crt", "tls.key") if content else ():
        (tmp_path / name).write_text(content or "")

    with pytest.raises(SettingsError, match=r"READMISSION_DASK_TLS_DIR=.* needs ca\.crt, tls\.crt"):
        connect("tls://127.0.0.1:1", 1, tmp_path).__enter__()


def test_without_workers_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with dask_processes(tmp_path, workers=0) as processes:
        monkeypatch.setattr(cluster, "PATIENCE_SECONDS", 5)
        with pytest.raises(ClusterUnavailable, match="has no workers"):
            connect(processes.address, 1).__enter__()


def test_without_dask_the_error_has_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(SettingsError, match=r"-r requirements/dask\.txt"):
        connect("tcp://127.0.0.1:1", 1).__enter__()
