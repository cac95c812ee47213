"""Registered models run in a process that has no secret and can open nothing."""

import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from readmission.modelling.families import FAMILIES
from readmission.registry.estimator_process import EstimatorEnded, EstimatorProcess
from readmission.serving.onnx_estimator import CompiledEstimator

COLUMNS = 12


@pytest.fixture(scope="module", params=["logistic_regression", "random_forest"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ONNX file of a small model."""
    family, random = FAMILIES[request.param], np.random.default_rng(1)
    rows = random.random((300, COLUMNS)).astype(np.float32)
    estimator = family.build(1).fit(rows, random.integers(0, 3, 300))
    file = tmp_path_factory.mktemp("model") / "estimator.onnx"
    file.write_bytes(family.to_onnx(estimator, COLUMNS))
    return file


@pytest.mark.parametrize("height", [1, 700])
def test_another_process_predicts_with_the_same_digits(model: Path, height: int) -> None:
    here, there = CompiledEstimator(model), EstimatorProcess(model)
    rows = np.random.default_rng(2).random((height, COLUMNS)).astype(np.float32)

    for _ in range(2):
        assert np.array_equal(there.predict_proba(rows), here.predict_proba(rows))
    assert there.predict_one(rows[:1]) == pytest.approx(here.predict_one(rows[:1]), abs=1e-6)
    assert there.rows_are_independent == here.rows_are_independent


def test_the_process_gets_no_secret_and_ends_with_its_estimator(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READMISSION_SIGNING_KEY", "a secret")
    monkeypatch.setenv("AIRFLOW_CONN_POSTGRES_RAW", "a secret")
    estimator = EstimatorProcess(model)
    process = estimator._process

    assert b"a secret" not in Path(f"/proc/{process.pid}/environ").read_bytes()
    del estimator
    assert process.poll() is not None


PROBE = """
import socket, sys
from readmission.registry import estimator_process

class Probe:
    rows_are_independent = False

    def __init__(self, content):
        for attempt in (lambda: open("/proc/self/environ"), socket.socket):
            try:
                attempt()
            except OSError:
                continue
            self.rows_are_independent = True

estimator_process.CompiledEstimator = Probe
estimator_process.serve(sys.stdin.buffer, sys.stdout.buffer)
"""


def test_the_process_can_open_neither_a_file_nor_a_connection() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE], input=struct.pack("<q", 5) + b"model",
        capture_output=True, check=False,
    )  # fmt: skip

    assert done.stdout == b"\0", done.stderr


def test_a_process_that_ends_raises_an_error_at_once(model: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(model.read_bytes()[:100])
    with pytest.raises(EstimatorEnded, match="damaged"):
        EstimatorProcess(damaged)

    estimator = EstimatorProcess(model)
    os.kill(estimator._process.pid, signal.SIGKILL)
    with pytest.raises(EstimatorEnded):
        estimator.predict_proba(np.zeros((1, COLUMNS), np.float32))
