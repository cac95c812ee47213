"""Measure the prediction service against its peers, in one interleaved run.

It registers an XGBoost model in a stack of its own and starts the service with validation, keys,
metrics and the prediction log enabled. `wrk` (Debian's package) sends requests over keep-alive
connections to the service and, in turn, to

* an empty FastAPI endpoint on the same server, uvicorn with its defaults: the cost of HTTP alone,
* the same fitted pipeline in a plain FastAPI endpoint,
* `mlflow models serve` with the same model.

It prints requests per second, p50 and p99 of each, ratios paired by round, the effect of a reload
on p99 under full load, the time from process start to the first response, and memory. Run it on an
otherwise idle machine:

    .venv/bin/python -m load.benchmarks.serving --rounds 3

With `--shadow` it measures what a challenger in shadow costs instead: one service without and one
with `READMISSION_SHADOW_SHARE=1`, in turn, each at a steady rate and as fast as it responds.
"""

import argparse
import importlib.metadata
import json
import math
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
from rich.console import Console
from rich.progress import track
from rich.table import Table

from load.benchmarks.servers import (
    EMPTY,
    KEY,
    MLFLOW,
    PIPELINE,
    SERVICE,
    Server,
    all_servers,
    register,
    reloading,
    service_environment,
    stack_for_models,
    started,
)
from readmission.domain.schema import example
from readmission.modelling.families.xgboost import distribution
from readmission.settings import PREFIX
from readmission.stack.site.ports import free_ports
from readmission.stack.stack import Stack

STEADY_PAUSE = 100
"""Milliseconds between two requests of a connection at a steady rate."""
AIMS = {MLFLOW: 300.0, PIPELINE: 50.0, EMPTY: 0.45}
LONGER = {MLFLOW: 3, PIPELINE: 5}
"""Slow peers get more seconds: with 32 requests at once, each request takes them 4 to 20."""
REPOSITORY_OF_PEERS = ("fastapi", "mlflow", "uvicorn", "scikit-learn", distribution())


@dataclass(frozen=True)
class WrkResult:
    """The results of wrk: requests per second, milliseconds, failures."""

    per_second: float
    p50: float
    p99: float
    failures: int


def measure_server(
    server: Server, seconds: int, connections: int, folder: Path, pause: int = 0
) -> WrkResult:
    """Send requests to a server as fast as it responds, or with pauses in milliseconds.

    Returns once the server has finished the requests that wrk left behind.
    """
    script = folder / "post.lua"
    quoted = json.dumps(server.body)
    script.write_text(
        f'wrk.method = "POST"\nwrk.body = {quoted}\n'
        f'wrk.headers["Content-Type"] = "application/json"\nwrk.headers["X-API-Key"] = "{KEY}"\n'
        + (f"function delay() return {pause} end\n" if pause else "")
    )
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s"]
    output = subprocess.run(  # noqa: S603
        [*command, "-s", str(script), server.url], capture_output=True, text=True, check=True
    ).stdout
    server.settle()
    return WrkResult(
        per_second=float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1]),  # type: ignore[index]
        p50=_milliseconds(output, "50%"),
        p99=_milliseconds(output, "99%"),
        failures=sum(
            map(int, re.findall(r"(?:responses|connect|read|write|timeout):? (\d+)", output))
        ),
    )


def _milliseconds(output: str, percentile: str) -> float:
    value, unit = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)\b", output).groups()  # type: ignore[union-attr]
    return float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def seconds_to_first_response(stack: Stack, folder: Path, *, copy: bool) -> float:
    """Return the seconds from process start to the first response."""
    if not copy:
        shutil.rmtree(folder / "model-cache", ignore_errors=True)
    (port,) = free_ports(1)
    environment = {"LOG_FOLDER": str(folder)} | service_environment(stack, folder, port)
    began = time.monotonic()
    command = (sys.executable, "-m", "api")
    with started(
        "first", command, environment, f"http://127.0.0.1:{port}/predict", json.dumps(example())
    ):
        return time.monotonic() - began


def cells(results: Sequence[WrkResult]) -> tuple[str, str, str, str]:
    """Return what a table shows of a server: medians of the rounds, and all failures."""
    return (
        f"{median(one.per_second for one in results):,.0f}",
        f"{median(one.p50 for one in results):.2f}",
        f"{median(one.p99 for one in results):.2f}",
        str(sum(one.failures for one in results)),
    )


def ratio(one: WrkResult, other: WrkResult) -> float:
    """Return the ratio of requests per second; infinite if the other server completed none."""
    return quotient(one.per_second, other.per_second)


def quotient(one: float, other: float) -> float:
    """Return how many times the other figure one is; infinite if that is 0."""
    return one / other if other else math.inf


def require_wrk() -> None:
    """End with how to install wrk if it is missing."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing; install it with `apt-get install wrk`")


def report(rounds: Sequence[Mapping[str, WrkResult]], console: Console) -> None:
    """Print the results, and the ratios paired by round."""
    table = Table("server", "requests/s", "p50 ms", "p99 ms", "failures", "ratio (rounds)", "aim")
    for name in rounds[0]:
        results = [each[name] for each in rounds]
        ratios = sorted(ratio(each[SERVICE], each[name]) for each in rounds)
        shown = f"{median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
        table.add_row(
            name,
            *cells(results),
            "" if name == SERVICE else shown,
            f">= {AIMS[name]:g}" if name in AIMS else "",
        )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6, help="per server and round")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--shadow", action="store_true", help="measure a challenger in shadow")
    arguments = parser.parse_args()
    require_wrk()
    console = Console()
    versions = {name: importlib.metadata.version(name) for name in REPOSITORY_OF_PEERS}
    console.print("  ".join(f"{name} {version}" for name, version in versions.items()))
    with stack_for_models() as (stack, folder):
        (measure_shadow if arguments.shadow else measure)(stack, folder, arguments, console)


def measure(stack: Stack, folder: Path, arguments: argparse.Namespace, console: Console) -> None:
    """Measure everything on a running stack."""
    model = register(stack.site.training_settings)
    cold = seconds_to_first_response(stack, folder, copy=False)
    warm = seconds_to_first_response(stack, folder, copy=True)
    with all_servers(stack, model, folder) as servers:
        service = servers[SERVICE]
        seconds, options = arguments.seconds, (arguments.connections, folder)
        for server in servers.values():
            measure_server(server, 2, *options)
        rounds = [
            {
                name: measure_server(server, seconds * LONGER.get(name, 1), *options)
                for name, server in servers.items()
            }
            for _ in track(range(arguments.rounds), "rounds", console=console)
        ]
        report(rounds, console)
        quiet = measure_server(service, seconds, *options)
        with reloading(service) as statuses:
            busy = measure_server(service, seconds, *options)
        console.print(
            f"{len(statuses)} reloads under load ({set(statuses)}): p99 {quiet.p99:.1f} ->"
            f" {busy.p99:.1f} ms, {busy.p99 / quiet.p99:.2f}x (aim < 2), {busy.failures} failures"
        )
        memory = service.process.memory_full_info()
        console.print(
            f"memory {memory.uss / 2**20:.0f} MiB unique, {memory.rss / 2**20:.0f} MiB resident"
            f" (aim <= 350); first response {warm:.1f} s from the local copy, {cold:.1f} s from the"
            " registry (aim <= 5)"
        )
        shown = httpx.get(service.url.replace("/predict", "/metrics")).text
        for name in ("prediction_log_written_total", "prediction_log_lost_total"):
            console.print(re.search(rf"^{name} .*$", shown, re.MULTILINE)[0])  # type: ignore[index]


def measure_shadow(
    stack: Stack, folder: Path, arguments: argparse.Namespace, console: Console
) -> None:
    """Measure the service without and with a challenger in shadow, in turn."""
    for shadow in (False, True):
        register(stack.site.training_settings, shadow=shadow)
    with ExitStack() as running:
        plain, shadowed = (
            running.enter_context(service_with(stack, folder / f"shadow-{share}", share))
            for share in (0, 1)
        )
        for name, pause in (("steady rate", STEADY_PAUSE), ("full load", 0)):
            options = (arguments.connections, folder, pause)
            rounds = [
                (measure_server(plain, arguments.seconds, *options),
                 measure_server(shadowed, arguments.seconds, *options))
                for _ in track(range(arguments.rounds), name, console=console)
            ]  # fmt: skip
            report_shadow(name, rounds, console)
        shown = httpx.get(shadowed.url.replace("/predict", "/metrics")).text
        console.print(*re.findall(r"^shadow_\w+_total.*$", shown, re.MULTILINE), sep="\n")


@contextmanager
def service_with(stack: Stack, folder: Path, share: int) -> Iterator[Server]:
    """Run the service with this share in shadow, once it has loaded what it needs."""
    folder.mkdir(mode=0o711)
    (port,) = free_ports(1)
    environment = service_environment(stack, folder, port) | {
        "LOG_FOLDER": str(folder), f"{PREFIX}SHADOW_SHARE": str(share)
    }  # fmt: skip
    url, command = f"http://127.0.0.1:{port}", (sys.executable, "-m", "api")
    body = json.dumps(example())
    with started(folder.name, command, environment, f"{url}/predict", body) as server:
        while share and "shadow_model_info{" not in httpx.get(f"{url}/metrics").text:
            time.sleep(0.2)
        measure_server(server, 2, 32, folder)
        yield server


def report_shadow(
    name: str, rounds: Sequence[tuple[WrkResult, WrkResult]], console: Console
) -> None:
    """Print both results at one load, and the ratios paired by round."""
    table = Table(name, "requests/s", "p50 ms", "p99 ms", "failures")
    for title, results in zip(
        ("without a challenger", "challenger in shadow"), zip(*rounds, strict=True), strict=True
    ):
        table.add_row(title, *cells(results))
    console.print(table)
    for what in ("per_second", "p99"):
        ratios = sorted(quotient(getattr(new, what), getattr(old, what)) for old, new in rounds)
        console.print(f"{what}: {median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f}) times")


if __name__ == "__main__":
    main()
