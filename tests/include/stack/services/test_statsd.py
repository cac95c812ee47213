"""The StatsD bridge: Airflow's metrics, invalid samples and limits."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from statsd import StatsClient

from readmission.settings import CHECKOUT
from readmission.stack.services.catalogue import all_services
from readmission.stack.services.statsd import (
    MAX_PACKET_BYTES,
    SampleAggregator,
    metrics_server,
    receive_udp,
)
from readmission.stack.site.ports import HOST, free_ports
from readmission.stack.site.site import Site
from tests.promtool import promtool

AIRFLOW = """
from airflow.observability.metrics.statsd_logger import get_statsd_logger

sender = get_statsd_logger()
for _ in range(3):
    sender.incr("ti.finish", tags={"dag_id": "data_processing", "state": "success"})
sender.gauge("pool.open_slots", 127, tags={"pool_name": "default_pool"})
sender.timing("dagrun.dependency-check", 250.0, tags={"dag_id": "data_processing"})
"""


class StatsdBridge:
    """A StatsD bridge on a free port, with the clients to send and to scrape."""

    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        self.metrics = SampleAggregator()
        self.udp = receive_udp(self.metrics, HOST, self.port)
        self.http = metrics_server(self.metrics, HOST, self.port)
        Thread(target=self.http.serve_forever, daemon=True).start()

    def scrape(self) -> str:
        opener = build_opener(ProxyHandler({}))
        with opener.open(f"http://{HOST}:{self.port}/metrics", timeout=5) as response:
            return response.read().decode()

    def wait_for(self, line: str) -> str:
        """Scrape until the text contains a line, because UDP packets arrive later."""
        deadline = time.monotonic() + 10
        while line not in (text := self.scrape()).splitlines():
            assert time.monotonic() < deadline, text
            time.sleep(0.02)
        return text

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.udp.close()


@pytest.fixture
def bridge() -> Iterator[StatsdBridge]:
    with closing(StatsdBridge()) as bridge:
        yield bridge


@pytest.fixture
def client(bridge: StatsdBridge) -> Iterator[StatsClient]:
    with closing(StatsClient(HOST, bridge.port, prefix="airflow")) as client:
        yield client


def received(*packets: bytes, max_series: int = 100) -> list[str]:
    """Return the metric lines after some packets, without comments."""
    metrics = SampleAggregator(max_series)
    for packet in packets:
        metrics.receive(packet)
    return [line for line in metrics.text().splitlines() if not line.startswith("#")]


def test_the_name_of_a_website_is_refused(bridge: StatsdBridge) -> None:
    url, opener = f"http://{HOST}:{bridge.port}/metrics", build_opener(ProxyHandler({}))

    with pytest.raises(HTTPError, match="421"):
        opener.open(Request(url, headers={"Host": "attacker.example"}), timeout=5)

    own = Request(url, headers={"Host": f"localhost:{bridge.port}"})
    with opener.open(own, timeout=5) as response:
        assert response.status == 200


def test_it_understands_airflow_as_the_stack_configures_it(
    bridge: StatsdBridge, site: Site, tmp_path: Path
) -> None:
    # Given Airflow's own StatsD client with the stack's settings and the bridge's port
    (scheduler,) = [s for s in all_services(site) if s.name == "airflow-scheduler"]
    settings = {
        n: v for n, v in scheduler.environment.items() if n.startswith("AIRFLOW__METRICS__")
    }
    settings["AIRFLOW__METRICS__STATSD_PORT"] = str(bridge.port)

    # When it sends counters, a gauge and a timer with tags
    subprocess.run(
        [sys.executable, "-c", AIRFLOW],
        env={"PATH": os.environ["PATH"], "AIRFLOW_HOME": str(tmp_path / "airflow"), **settings},
        check=True,
    )

    # Then the names and labels are those that statsd_exporter would give
    text = bridge.wait_for('airflow_dagrun_dependency_check_count{dag_id="data_processing"} 1.0')
    assert 'airflow_ti_finish{dag_id="data_processing",state="success"} 3.0' in text
    assert 'airflow_pool_open_slots{pool_name="default_pool"} 127.0' in text
    assert 'airflow_dagrun_dependency_check_sum{dag_id="data_processing"} 0.25' in text


def test_airflow_has_the_same_metrics_settings_as_on_kubernetes(site: Site) -> None:
    (scheduler,) = [s for s in all_services(site) if s.name == "airflow-scheduler"]
    lines = (CHECKOUT / "k8s" / "airflow" / "airflow.env").read_text().splitlines()
    deployed = dict(line.split("=", 1) for line in lines if line.startswith("AIRFLOW__METRICS__"))

    here = {n: v for n, v in scheduler.environment.items() if n.startswith("AIRFLOW__METRICS__")}

    assert here == deployed | {
        "AIRFLOW__METRICS__STATSD_HOST": HOST,
        "AIRFLOW__METRICS__STATSD_PORT": str(site.settings.airflow_metrics_port),
    }


def test_promtool_only_objects_to_the_names_of_counters(
    bridge: StatsdBridge, client: StatsClient
) -> None:
    # Given a sample of each kind; like statsd_exporter, the bridge keeps Airflow's names
    client.incr("ti.finish,dag_id=a,state=success")
    client.timing("task.duration,dag_id=a", 1500)
    client.gauge("pool.open_slots,pool_name=default_pool", 128)

    text = bridge.wait_for('airflow_pool_open_slots{pool_name="default_pool"} 128.0')

    found = promtool("check", "metrics", stdin=text)
    complaints = (found.stdout + found.stderr).splitlines()
    assert complaints == ['airflow_ti_finish counter metrics should have "_total" suffix']


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        (b"depth:3|g", "depth 3.0"),
        (b"depth:3|g\ndepth:+2|g\ndepth:-1|g", "depth 4.0"),
        (b"depth:0|g\ndepth:-4|g", "depth -4.0"),
        (b"runs:1|c|@0.1", "runs 10.0"),
        (b"wait,path=a:b:500|ms", 'wait_sum{path="a:b"} 0.5'),
        (b"runs,9b-c=x:1|c", 'runs{_9b_c="x"} 1.0'),
        (b'runs,why=a"b\\c:1|c', 'runs{why="a\\"b\\\\c"} 1.0'),
        (b"runs,b=2,a=1:1|c\nruns,a=1,b=2:1|c", 'runs{a="1",b="2"} 2.0'),
    ],
)
def test_samples_are_parsed_as_statsd_defines_them(sent: bytes, value: str) -> None:
    assert value in received(sent)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", None),
        (b"nonsense", "malformed_line"),
        (b"runs:1", "malformed_line"),
        (b":1|c", "malformed_line"),
        (b"runs:1|set", "malformed_line"),
        (b"runs:one|c", "malformed_value"),
        (b"runs:1|c|@0", "malformed_value"),
        (b"runs:1|c|@2", "malformed_value"),
        (b"runs:nan|g", "illegal_value"),
        (b"runs:1e999|g", "illegal_value"),
        (b"runs:-1|c", "illegal_value"),
        (b"runs,dag_id:1|c", "malformed_tag"),
        (b"runs,=x:1|c", "malformed_tag"),
        (b"good:1|g", "conflicting_kind"),
        (b"\xff\x00|\x80:|", "malformed_line"),
    ],
)
def test_invalid_samples_are_counted_and_do_not_affect_others(
    sent: bytes, reason: str | None
) -> None:
    lines = received(b"good:1|c\n" + sent + b"\ngood:1|c")

    assert "good 2.0" in lines
    rejected = [line for line in lines if line.startswith("statsd_exporter_sample_errors_total")]
    expected = f'statsd_exporter_sample_errors_total{{reason="{reason}"}} 1'
    assert rejected == ([expected] if reason else [])


def test_the_number_of_series_is_bounded() -> None:
    packets = [f"runs,dag_id={n}:1|c".encode() for n in range(5)]

    lines = received(*packets, b"runs,dag_id=0:1|c", max_series=3)

    assert 'runs{dag_id="0"} 2.0' in lines
    assert len([line for line in lines if line.startswith("runs")]) == 3
    assert 'statsd_exporter_sample_errors_total{reason="too_many_series"} 2' in lines


def test_garbage_does_not_stop_the_bridge(bridge: StatsdBridge, client: StatsClient) -> None:
    # Given invalid packets, up to the largest size
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in (b"", b"\x00" * 10, b"|:|:\n" * 1000, b"x" * (MAX_PACKET_BYTES - 28)):
            sender.sendto(packet, (HOST, bridge.port))

    # When Airflow sends the next sample
    client.incr("scheduler_heartbeat")

    # Then the bridge still counts it
    assert "statsd_exporter_udp_packets_total 5" in bridge.wait_for(
        "airflow_scheduler_heartbeat 1.0"
    )
