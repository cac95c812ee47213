"""A short run of the chaos benchmark: nothing is lost while processes are killed."""

import os
import re
import subprocess
import sys

import pytest

from readmission.settings import CHECKOUT, PREFIX

SEED = 89
"""Its first four faults are a killed task, a full disk, a killed service, a killed supervisor."""


@pytest.mark.timeout(1500)
def test_a_broken_stack_heals_and_loses_nothing() -> None:
    kept = {n: v for n, v in os.environ.items() if not n.startswith((PREFIX, "AIRFLOW"))}
    command = ["-m", "load.benchmarks.chaos", "--seconds", "40", "--batches", "2"]

    done = subprocess.run(
        [sys.executable, *command, "--batch-rows", "500", "--seed", str(SEED)],
        cwd=CHECKOUT,
        env=kept,
        capture_output=True,
        text=True,
    )

    shown = done.stdout + done.stderr[-2_000:]
    assert done.returncode == 0, shown
    # then faults were caused, each one healed, and predictions were made and found in the log
    assert len(re.findall(r"healed in [\d.]+ s", done.stdout)) >= 2, shown
    assert ": not healed" not in done.stdout, shown
    assert re.search(r"ok +[1-9]\d* predictions returned as logged, 0 not in the log", shown), shown
