"""Measure `make demo` from an empty checkout: minutes and peak memory.

It clones this checkout into an empty folder, runs `make demo` there on free ports, and samples the
proportional memory (PSS) of all its processes. Downloads come from uv's cache if it has them; with
`--no-cache`, every package is downloaded again.

    .venv/bin/python load/benchmarks/demo.py
"""

import argparse
import os
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
from rich.console import Console

from readmission.settings import CHECKOUT, PREFIX, Settings
from readmission.stack.site.ports import free_ports
from readmission.stack.site.site import PORT_SETTINGS
from readmission.stack.stack import Stack

SAMPLE_SECONDS = 2.0


def environment(state_dir: Path, *, cache: bool) -> dict[str, str]:
    """Return the environment of the run, with free ports and its own state folder."""
    ports = dict(zip(PORT_SETTINGS, free_ports(len(PORT_SETTINGS)), strict=True))
    chosen = {PREFIX + name.upper(): str(port) for name, port in ports.items()}
    chosen[f"{PREFIX}STATE_DIR"] = str(state_dir)
    return dict(os.environ) | chosen | ({} if cache else {"UV_NO_CACHE": "1"})


def memory(state_dir: Path, root: psutil.Process) -> int:
    """Return the memory of a process, its descendants and the stack, in bytes."""
    processes = set(Stack(Settings(state_dir=state_dir)).processes())
    with suppress(psutil.NoSuchProcess):
        processes |= {root, *root.children(recursive=True)}
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--no-cache", action="store_true", help="download every package again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clone, state_dir = Path(folder) / "checkout", Path(folder) / "state"
        subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(clone)], check=True)  # noqa: S603, S607
        started = time.monotonic()
        variables = environment(state_dir, cache=not arguments.no_cache)
        run = subprocess.Popen(["make", "demo"], cwd=clone, env=variables)  # noqa: S607
        peak = 0
        try:
            while run.poll() is None:
                peak = max(peak, memory(state_dir, psutil.Process(run.pid)))
                time.sleep(SAMPLE_SECONDS)
            minutes = (time.monotonic() - started) / 60
        finally:
            run.terminate()
            Stack(Settings(state_dir=state_dir)).reset()
    Console().print(
        f"make demo ended with {run.returncode} after {minutes:.1f} minutes,"
        f" peak memory {peak / 2**30:.2f} GiB (PSS)"
    )


if __name__ == "__main__":
    main()
