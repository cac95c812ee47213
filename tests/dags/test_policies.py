"""A task that hangs is ended, even where Python cannot interrupt it."""

import os
import subprocess
import sys
import time

from readmission.settings import CHECKOUT, PREFIX

HANG = """
import ctypes, policies

def wait_for_a_lock_that_nobody_releases():
    mutex = ctypes.create_string_buffer(64)
    libc = ctypes.PyDLL(None)  # Keeps the interpreter lock during calls.
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_lock(mutex)

policies.GRACE_SECONDS = 0
policies.start_watchdog({})
wait_for_a_lock_that_nobody_releases()
"""


def test_a_native_call_that_never_returns_is_ended_and_its_stack_is_logged() -> None:
    paths = os.pathsep.join(map(str, (CHECKOUT / "include", CHECKOUT / "dags")))

    started = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", HANG],
        env={**os.environ, "PYTHONPATH": paths, f"{PREFIX}TASK_TIMEOUT_SECONDS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert time.monotonic() - started > 1
    assert ended.returncode == 1
    assert "wait_for_a_lock_that_nobody_releases" in ended.stderr
