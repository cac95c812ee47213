"""Events that Airflow's server cannot record are counted in its metrics."""

import os
import socket
import subprocess
import sys

from readmission.settings import CHECKOUT

READ = """
from airflow.observability import stats
from airflow.observability.metrics import stats_utils
stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)
import data_quality
for page in ("a.html", "b.html", "c.html"):
    data_quality.note_reader("admin", page, None)
"""

COUNTED = [b"airflow.audit_events_lost:0|c", b"airflow.audit_events_lost:3|c"]


def test_events_that_a_stopping_server_loses_are_counted() -> None:
    # given a listener for metrics, and an audit trail that cannot be reached
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{CHECKOUT / 'plugins'}:{CHECKOUT / 'include'}",
            "READMISSION_AUDIT_DSN": "postgresql://audit_writer:secret-word@127.0.0.1:1/audit",
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(listener.getsockname()[1]),
        }

        # when three reports are read, and the server stops
        done = subprocess.run(
            [sys.executable, "-c", READ],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )

        # then
        sent: list[bytes] = []
        while len(sent) < len(COUNTED):
            packet = listener.recv(1024)
            if b"audit" in packet:  # Airflow sends metrics of its own, too.
                sent.append(packet)
        assert sent == COUNTED
    assert "secret-word" not in done.stderr
