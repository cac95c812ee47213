"""Airflow's StatsD as Prometheus text: what prom/statsd-exporter does elsewhere.

That exporter is neither a wheel nor a Debian package, so this stands in for it, on one
machine only. Without a mapping file both give the same names and labels to what Airflow
sends with ``STATSD_INFLUXDB_ENABLED``: ``airflow.ti.finish,dag_id=a:1|c`` becomes
``airflow_ti_finish{dag_id="a"} 1``. Timers are summaries in seconds, here without quantiles.
Airflow's counts add up over its short-lived processes, which is why it pushes them.
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

MOST_SERIES = 5_000
"""Series beyond it are dropped and counted; the project's DAGs make some hundred."""
LARGEST_PACKET = 65_535
KINDS = {"c": "counter", "g": "gauge", "ms": "summary"}
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NO_NAME_CHARACTER = re.compile(r"[^a-zA-Z0-9_]")
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
OWN = {
    "statsd_exporter_udp_packets_total": ("counter", "UDP packets received."),
    "statsd_exporter_samples_total": ("counter", "Samples taken from the packets."),
    "statsd_exporter_sample_errors_total": ("counter", "Samples refused, by reason."),
}

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Sample:
    """One measurement.

    Parameters
    ----------
    name : str
        As Prometheus writes it.
    labels : tuple of (str, str)
        Sorted by name.
    kind : str
        ``counter``, ``gauge`` or ``summary``.
    value : float
        An increment, a level or a change of it, seconds.
    relative : bool
        Whether a gauge is changed by the value, not set to it.
    weight : float
        How many measurements it stands for, where the sender sends some of them only.
    """

    name: str
    labels: Labels
    kind: str
    value: float
    relative: bool = False
    weight: float = 1.0


class Refused(Exception):
    """A sample cannot be taken; the text is the reason it is counted under."""


def parse(line: str) -> Sample:
    """Return the sample of one line, ``name,tag=value,…:number|kind[|@rate]``.

    Raises
    ------
    Refused
        If it is none.
    """
    head, colon, body = line.rpartition(":")
    number, _, rest = body.partition("|")
    kind, *extra = rest.split("|")
    name, *tags = head.split(",")
    if not colon or not name or kind not in KINDS:
        raise Refused("malformed_line")
    try:
        value, rate = float(number), _rate(extra)
    except ValueError:
        raise Refused("malformed_value") from None
    if not isfinite(value) or (kind == "c" and value < 0):
        raise Refused("illegal_value")
    relative = kind == "g" and number[0] in "+-"
    value = value / 1000 if kind == "ms" else value
    return Sample(escaped(name), _labels(tags), KINDS[kind], value, relative, 1 / rate)


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
            raise Refused("malformed_tag")
        found[escaped(key)] = value
    return tuple(sorted(found.items()))


def escaped(name: str) -> str:
    """Return a name in Prometheus' alphabet: what is not in it becomes an underscore."""
    plain = NO_NAME_CHARACTER.sub("_", name)
    return f"_{plain}" if plain[0].isdigit() else plain


class Metrics:
    """What has been received, added up; safe to use from several threads.

    Parameters
    ----------
    most_series : int
        How many combinations of name and labels are kept.
    """

    def __init__(self, most_series: int = MOST_SERIES) -> None:
        self._most = most_series
        self._lock = threading.Lock()
        self._kinds: dict[str, str] = {}
        self._values: dict[str, dict[Labels, float]] = defaultdict(dict)
        self._counts: dict[str, dict[Labels, float]] = defaultdict(dict)
        self._series = 0
        self._packets = 0
        self._samples = 0
        self._errors: Counter[str] = Counter()

    def receive(self, packet: bytes) -> None:
        """Take each line of a packet; one that cannot be read costs no other."""
        with self._lock:
            self._packets += 1
            for line in filter(None, packet.decode(errors="replace").split("\n")):
                try:
                    self._add(parse(line))
                    self._samples += 1
                except Refused as refusal:
                    self._errors[str(refusal)] += 1

    def _add(self, sample: Sample) -> None:
        if self._kinds.get(sample.name, sample.kind) != sample.kind:
            raise Refused("conflicting_kind")
        values = self._values[sample.name] if sample.name in self._kinds else {}
        if sample.labels not in values:
            if self._series >= self._most:
                raise Refused("too_many_series")
            self._series += 1
        self._kinds[sample.name] = sample.kind
        self._values[sample.name][sample.labels] = _next(values.get(sample.labels, 0.0), sample)
        if sample.kind == "summary":
            counts = self._counts[sample.name]
            counts[sample.labels] = counts.get(sample.labels, 0.0) + sample.weight

    def text(self) -> str:
        """Return everything in Prometheus' text format."""
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
        packets, samples, errors = OWN
        values: dict[str, dict[Labels, float]] = {
            packets: {(): self._packets},
            samples: {(): self._samples},
            errors: {(("reason", reason),): n for reason, n in sorted(self._errors.items())},
        }
        for name, (kind, explained) in OWN.items():
            yield f"# HELP {name} {explained}"
            yield f"# TYPE {name} {kind}"
            for labels, value in values[name].items():
                yield _line(name, labels, value)


def _next(before: float, sample: Sample) -> float:
    if sample.kind == "gauge" and not sample.relative:
        return sample.value
    return before + sample.value * (1 if sample.kind == "gauge" else sample.weight)


def _line(name: str, labels: Labels, value: float) -> str:
    shown = ",".join(f'{key}="{text.translate(ESCAPES)}"' for key, text in labels)
    return f"{name}{{{shown}}} {value!r}" if shown else f"{name} {value!r}"


def listen(metrics: Metrics, host: str, port: int) -> socket.socket:
    """Receive UDP packets in a thread; closing the socket ends it.

    Raises
    ------
    OSError
        If the port is taken.
    """
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((host, port))

    def receive() -> None:
        while True:
            try:
                packet = server.recv(LARGEST_PACKET)
            except OSError:
                return
            metrics.receive(packet)

    threading.Thread(target=receive, daemon=True).start()
    return server


def http_server(metrics: Metrics, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server that answers ``GET /metrics``, bound but not yet serving."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
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
            """Say nothing of each scrape."""

    return ThreadingHTTPServer((host, port), Handler)


def serve(host: str, port: int) -> None:
    """Receive StatsD over UDP and answer Prometheus over HTTP, on the same port number."""
    metrics = Metrics()
    listen(metrics, host, port)
    http_server(metrics, host, port).serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
