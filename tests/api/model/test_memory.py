"""Freed memory is returned to the system."""

import subprocess
import sys

KEPT_MB = 60

PROGRAM = """
import os
from api.model.memory import release_freed_memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

pieces = [bytes(5_000) for _ in range(20_000)]
# The last piece keeps the end of the heap in use, so glibc does not shrink it by itself.
pieces = pieces[-1:]
before = resident()
release_freed_memory()
print(before - resident())
"""


def test_freed_memory_is_returned_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > KEPT_MB
