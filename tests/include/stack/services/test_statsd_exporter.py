"""The real statsd_exporter, as the deployments start it, gives what the local stack's bridge gives.

The tests run if the program is on PATH:
``go install github.com/prometheus/statsd_exporter@latest``.
"""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from readmission.settings import CHECKOUT
from readmission.stack.services.statsd import SampleAggregator
from readmission.stack.site.ports import HOST, free_ports

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]

PACKETS = (
    b"airflow.ti.finish,dag_id=data_processing,state=success:1|c",
    b"airflow.ti.finish,dag_id=data_processing,state=success:2|c",
    b"airflow.ti.finish,state=failed,dag_id=model-training:1|c",
    b"airflow.pool.open_slots,pool_name=default_pool:127|g",
    b"airflow.pool.open_slots,pool_name=default_pool:-3|g",
    b"airflow.dagrun.dependency-check,dag_id=data_processing:250|ms",
    b"airflow.dagrun.dependency-check,dag_id=data_processing:750|ms",
    b"airflow.scheduler_heartbeat:1|c|@0.1",
)
LAST = b"airflow.last:1|g"


class StatsdExporter:
    """The program on free ports."""

    def __init__(self, program: str, arguments: list[str]) -> None:
        self.statsd, self.web = free_ports(2)
        ports = {":9125": f"{HOST}:{self.statsd}", ":9102": f"{HOST}:{self.web}"}
        for port, free in ports.items():
            arguments = [argument.replace(port, free) for argument in arguments]
        self.process = subprocess.Popen([program, *arguments], stderr=subprocess.DEVNULL)

    def scrape(self) -> str:
        """Return the metrics; empty until the program listens."""
        try:
            with build_opener(ProxyHandler({})).open(f"http://{HOST}:{self.web}/metrics") as found:
                return found.read().decode()
        except URLError:
            return ""

    def wait_for(self, name: str) -> str:
        """Scrape until there is a metric of this name, with labels or without."""
        deadline = time.monotonic() + 20
        while not re.search(rf"^{name}[ {{]", text := self.scrape(), re.MULTILINE):
            assert self.process.poll() is None
            assert time.monotonic() < deadline, text
            time.sleep(0.02)
        return text

    def send(self, packet: bytes) -> None:
        """Send a packet."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(packet, (HOST, self.statsd))


@pytest.fixture(scope="module")
def exporter() -> Iterator[StatsdExporter]:
    """The program with the arguments that it has on Kubernetes."""
    program = shutil.which("statsd_exporter")
    if program is None:
        pytest.skip("needs statsd_exporter (go install github.com/prometheus/statsd_exporter)")
    objects = yaml.safe_load_all((CHECKOUT / "k8s/airflow/statsd-exporter.yaml").read_text())
    (deployment,) = (each for each in objects if each["kind"] == "Deployment")
    exporter = StatsdExporter(
        program, deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    )
    try:
        exporter.wait_for("statsd_exporter_udp_packets_total")
        yield exporter
    finally:
        exporter.process.terminate()
        exporter.process.wait(10)


def airflow_samples(text: str) -> Samples:
    """Return Airflow's samples; the bridge has no quantiles."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("airflow_") and "quantile" not in sample.labels
    }


def test_the_bridge_gives_the_names_labels_and_values_of_statsd_exporter(
    exporter: StatsdExporter,
) -> None:
    # given the bridge with some packets of each kind
    bridge = SampleAggregator()
    for packet in (*PACKETS, LAST):
        bridge.receive(packet)

    # when the real program receives the same packets
    for packet in PACKETS:
        exporter.send(packet)
    exporter.send(LAST)

    # then both have the same samples
    found = airflow_samples(exporter.wait_for("airflow_last"))
    assert found == airflow_samples(bridge.text())
    counted = {name for name, _ in found}
    assert {"airflow_pool_open_slots", "airflow_dagrun_dependency_check_sum"} <= counted


def test_the_alerts_own_metrics_exist(exporter: StatsdExporter) -> None:
    exporter.send(b"nonsense")

    text = exporter.wait_for("statsd_exporter_sample_errors_total")

    assert "statsd_exporter_samples_total" in text
