"""Prometheus on one machine: the deployment's own configuration, its addresses replaced."""

import shutil
from typing import Any

import yaml

from readmission.settings import CHECKOUT
from readmission.stack.errors import StackError
from readmission.stack.site.paths import write_private
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import Service, answers

NAME = "prometheus"
ADVICE = (
    "Prometheus is not on this machine, so nothing is recorded over time: "
    "`apt-get install prometheus` (Debian, Ubuntu) or `brew install prometheus` (macOS), "
    "then `readmission down` and `readmission up`"
)
SOURCE = CHECKOUT / "grafana" / "prometheus"
JOBS = {
    "api": "api_port",
    "airflow": "airflow_metrics_port",
    "pipeline": "exporter_port",
    "prometheus": "prometheus_port",
}
"""Each job of the scrape configuration, and the setting that is its port here."""
SCRAPE_INTERVAL = "5s"
"""A demo takes minutes: fifteen seconds would show little of it."""
RETENTION = ("--storage.tsdb.retention.time=31d", "--storage.tsdb.retention.size=1GB")


def program() -> str | None:
    """Return the path of Prometheus, if the machine has it."""
    return shutil.which("prometheus")


def services(site: Site) -> tuple[Service, ...]:
    """Return Prometheus as a service; none where the machine does not have it."""
    if (found := program()) is None:
        return ()
    port, home = site.settings.prometheus_port, site.paths.prometheus
    command = (
        found,
        f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        *RETENTION,
        f"--web.listen-address={HOST}:{port}",
    )
    return (
        Service(
            name=NAME,
            command=command,
            port=port,
            port_setting="READMISSION_PROMETHEUS_PORT",
            url=f"http://{HOST}:{port}",
            ready=answers(port, "/-/ready"),
            prepare=lambda: write_configuration(site),
        ),
    )


def write_configuration(site: Site) -> None:
    """Write the configuration into the state folder."""
    site.paths.prometheus.mkdir(mode=0o700, exist_ok=True)
    text = yaml.safe_dump(configuration(site), sort_keys=False)
    write_private(site.paths.prometheus / "prometheus.yml", text)


def configuration(site: Site) -> dict[str, Any]:
    """Return the deployment's configuration with this stack's addresses and rules.

    Raises
    ------
    StackError
        If the deployment has a job that nothing answers here.
    """
    deployed = yaml.safe_load((SOURCE / "prometheus.yml").read_text())
    return deployed | {
        "global": deployed["global"] | {"scrape_interval": SCRAPE_INTERVAL},
        "rule_files": [str(SOURCE / pattern) for pattern in deployed["rule_files"]],
        "scrape_configs": [_here(job, site) for job in deployed["scrape_configs"]],
    }


def _here(job: dict[str, Any], site: Site) -> dict[str, Any]:
    name = job["job_name"]
    if name not in JOBS:
        raise StackError(f"Prometheus' job {name!r} has no service here; there are {list(JOBS)}")
    kept = {key: value for key, value in job.items() if not key.endswith("_configs")}
    target = f"{HOST}:{getattr(site.settings, JOBS[name])}"
    return kept | {"static_configs": [{"targets": [target]}]}
