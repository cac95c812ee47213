"""A bridge from Airflow's StatsD metrics to Prometheus, in place of prom/statsd-exporter.

The deployments use statsd-exporter, but it is neither a wheel nor a Debian package, so the local
stack uses this bridge. Without a mapping file, both give the same names and labels to the metrics
that Airflow sends with ``STATSD_INFLUXDB_ENABLED``: ``airflow.ti.finish,dag_id=a:1|c`` becomes
``airflow_ti_finish{dag_id="a"} 1``. Timers become summaries in seconds, here without quantiles.
Airflow pushes its metrics because its task processes end too soon to be scraped.
"""

import re
import socket
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import isfinite

from readmission.logs.deadlines import ReadDeadline

MAX_SERIES = 5_000
"""Further series are dropped and counted; the project's DAGs produce a few hundred."""
MAX_PACKET_BYTES = 65_535
METRIC_TYPES = {"c": "counter", "g": "gauge", "ms": "summary"}
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
INVALID_NAME_CHARACTER = re.compile(r"[^a-zA-Z0-9_]")
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
OWN_METRICS = {
    "statsd_exporter_udp_packets_total": ("counter", "UDP packets received."),
    "statsd_exporter_samples_total": ("counter", "Samples accepted."),
    "statsd_exporter_sample_errors_total": ("counter", "Samples rejected, by reason."),
}

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class StatsdSample:
    """One StatsD sample.

    Parameters
    ----------
    name : str
        A valid Prometheus name.
    labels : tuple of (str, str)
        Sorted by name.
    kind : str
        ``counter``, ``gauge`` or ``summary``.
    value : float
        Counter: the increment. Gauge: the value or its change. Summary: seconds.
    relative : bool
        Whether the value is added to the gauge instead of replacing it.
    weight : float
        How many measurements it represents; above 1 if the sender sends only a fraction.
    """

    name: str
    labels: Labels
    kind: str
    value: float
    relative: bool = False
    weight: float = 1.0


class SampleRejected(Exception):
    """A sample is invalid; the message is the label `reason` of the error counter."""


def parse(line: str) -> StatsdSample:
    """Parse one line: ``name,tag=value,…:number|kind[|@rate]``.

    Raises
    ------
    SampleRejected
        If the line is not a valid sample.
    """
    head, colon, body = line.rpartition(":")
    number, _, rest = body.partition("|")
    kind, *extra = rest.split("|")
    name, *tags = head.split(",")
    if not colon or not name or kind not in METRIC_TYPES:
        raise SampleRejected("malformed_line")
    try:
        value, rate = float(number), _rate(extra)
    except ValueError:
        raise SampleRejected("malformed_value") from None
    if not isfinite(value) or (kind == "c" and value < 0):
        raise SampleRejected("illegal_value")
    relative = kind == "g" and number[0] in "+-"
    value = value / 1000 if kind == "ms" else value
    return StatsdSample(
        metric_name(name), _labels(tags), METRIC_TYPES[kind], value, relative, 1 / rate
    )


def _rate(extra: list[str]) -> float:
    rate = float(extra[0].removeprefix("@")) if extra else 1.0
    if not 0 < rate <= 1:
        raise ValueError(rate)
    return rate


def _labels(tags: list[str]) -> Labels:
    found: dict[str, str] = {}
    for tag in tags:
        key, equals, value = tag.partition("=")
        if not key or not equals:
            raise SampleRejected("malformed_tag")
        found[metric_name(key)] = value
    return tuple(sorted(found.items()))


def metric_name(name: str) -> str:
    """Return a valid Prometheus name; each invalid character becomes an underscore."""
    plain = INVALID_NAME_CHARACTER.sub("_", name)
    return f"_{plain}" if plain[0].isdigit() else plain


class SampleAggregator:
    """Adds up the received samples; thread-safe.

    Parameters
    ----------
    max_series : int
        Maximum number of series, i.e. combinations of name and labels.
    """

    def __init__(self, max_series: int = MAX_SERIES) -> None:
        self._max_series = max_series
        self._lock = threading.Lock()
        self._kinds: dict[str, str] = {}
        self._values: dict[str, dict[Labels, float]] = defaultdict(dict)
        self._counts: dict[str, dict[Labels, float]] = defaultdict(dict)
        self._series = 0
        self._packets = 0
        self._samples = 0
        self._errors: Counter[str] = Counter()

    def receive(self, packet: bytes) -> None:
        """Add each line of a packet; an invalid line is counted and does not affect the others."""
        with self._lock:
            self._packets += 1
            for line in filter(None, packet.decode(errors="replace").split("\n")):
                try:
                    self._add(parse(line))
                    self._samples += 1
                except SampleRejected as rejection:
                    self._errors[str(rejection)] += 1

    def _add(self, sample: StatsdSample) -> None:
        if self._kinds.get(sample.name, sample.kind) != sample.kind:
            raise SampleRejected("conflicting_kind")
        values = self._values[sample.name] if sample.name in self._kinds else {}
        if sample.labels not in values:
            if self._series >= self._max_series:
                raise SampleRejected("too_many_series")
            self._series += 1
        self._kinds[sample.name] = sample.kind
        self._values[sample.name][sample.labels] = _next(values.get(sample.labels, 0.0), sample)
        if sample.kind == "summary":
            counts = self._counts[sample.name]
            counts[sample.labels] = counts.get(sample.labels, 0.0) + sample.weight

    def text(self) -> str:
        """Return all metrics in Prometheus' text format."""
        with self._lock:
            return "".join(f"{line}\n" for line in (*self._received(), *self._own()))

    def _received(self) -> Iterator[str]:
        for name, kind in sorted(self._kinds.items()):
            yield f"# HELP {name} Sent by Airflow over StatsD."
            yield f"# TYPE {name} {kind}"
            suffix = "_sum" if kind == "summary" else ""
            for labels, value in sorted(self._values[name].items()):
                yield _line(name + suffix, labels, value)
                if kind == "summary":
                    yield _line(f"{name}_count", labels, self._counts[name][labels])

    def _own(self) -> Iterator[str]:
        packets, samples, errors = OWN_METRICS
        values: dict[str, dict[Labels, float]] = {
            packets: {(): self._packets},
            samples: {(): self._samples},
            errors: {(("reason", reason),): n for reason, n in sorted(self._errors.items())},
        }
        for name, (kind, description) in OWN_METRICS.items():
            yield f"# HELP {name} {description}"
            yield f"# TYPE {name} {kind}"
            for labels, value in values[name].items():
                yield _line(name, labels, value)


def _next(before: float, sample: StatsdSample) -> float:
    if sample.kind == "gauge" and not sample.relative:
        return sample.value
    return before + sample.value * (1 if sample.kind == "gauge" else sample.weight)


def _line(name: str, labels: Labels, value: float) -> str:
    shown = ",".join(f'{key}="{text.translate(ESCAPES)}"' for key, text in labels)
    return f"{name}{{{shown}}} {value!r}" if shown else f"{name} {value!r}"


def receive_udp(metrics: SampleAggregator, host: str, port: int) -> socket.socket:
    """Receive UDP packets in a thread, until the socket is closed.

    Raises
    ------
    OSError
        If the port is in use.
    """
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((host, port))

    def receive() -> None:
        while True:
            try:
                packet = server.recv(MAX_PACKET_BYTES)
            except OSError:
                return
            metrics.receive(packet)

    threading.Thread(target=receive, daemon=True).start()
    return server


def metrics_server(metrics: SampleAggregator, host: str, port: int) -> ThreadingHTTPServer:
    """Return an HTTP server for ``GET /metrics``, bound but not started.

    It refuses other names than its own, which a website could point at this machine.
    """
    hosts = (f"{host}:{port}", f"localhost:{port}")

    class Handler(ReadDeadline, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers["Host"] not in hosts:
                self.send_error(421)
                return
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(404)
                return
            body = metrics.text().encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Do not log each scrape."""

    return ThreadingHTTPServer((host, port), Handler)


def serve(host: str, port: int) -> None:
    """Receive StatsD over UDP and serve metrics over HTTP, both on the same port number."""
    metrics = SampleAggregator()
    receive_udp(metrics, host, port)
    metrics_server(metrics, host, port).serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
