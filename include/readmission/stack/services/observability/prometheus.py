"""Prometheus with the deployment's configuration, its addresses replaced by local ones."""

import base64
import shutil
from typing import Any

import yaml

from readmission.operations import prometheus_login
from readmission.settings import CHECKOUT
from readmission.stack.errors import StackError
from readmission.stack.services.observability import alertmanager
from readmission.stack.site.paths import write_private
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import Service, http_probe

NAME = "prometheus"
INSTALL_HINT = (
    "Prometheus is not installed, so no metrics are recorded. To record them: "
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
"""Each job of the scrape configuration, with the setting of its port on this machine."""
SCRAPE_INTERVAL = "5s"
"""Shorter than the deployment's 15 s, because a demo only takes minutes."""
RETENTION = ("--storage.tsdb.retention.time=31d", "--storage.tsdb.retention.size=1GB")


def program() -> str | None:
    """Return the path of the Prometheus program, or None if it is not installed."""
    return shutil.which("prometheus")


def services(site: Site) -> tuple[Service, ...]:
    """Return Prometheus as a service; empty if it is not installed."""
    if (found := program()) is None:
        return ()
    port, home = site.settings.prometheus_port, site.paths.prometheus
    command = (
        found,
        f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        *RETENTION,
        f"--web.listen-address={HOST}:{port}",
        f"--web.external-url=http://{HOST}:{port}",
        f"--web.console.templates={SOURCE / 'consoles'}",
        f"--web.config.file={site.paths.prometheus_login / prometheus_login.WEB_CONFIG}",
    )
    return (
        Service(
            name=NAME,
            command=command,
            port=port,
            port_setting="READMISSION_PROMETHEUS_PORT",
            url=f"http://{HOST}:{port}",
            ready=http_probe(port, "/-/ready", login_header(site)),
            prepare=lambda: write_configuration(site),
        ),
    )


def login_header(site: Site) -> dict[str, str]:
    """Return the header of a request with the password."""
    login = f"{prometheus_login.USER}:{site.credentials.prometheus}"
    return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def write_configuration(site: Site) -> None:
    """Write the configuration and the login into the state folder."""
    for folder in (site.paths.prometheus, site.paths.prometheus_login):
        folder.mkdir(mode=0o700, exist_ok=True)
    prometheus_login.write_login(site.paths.prometheus_login, site.credentials.prometheus)
    text = yaml.safe_dump(configuration(site), sort_keys=False)
    write_private(site.paths.prometheus / "prometheus.yml", text)


def configuration(site: Site) -> dict[str, Any]:
    """Return the deployment's configuration with the addresses and rule files of this stack.

    Raises
    ------
    StackError
        If a job of the deployment has no service in this stack.
    """
    deployed = yaml.safe_load((SOURCE / "prometheus.yml").read_text())
    # Compose and Kubernetes always have an Alertmanager, this machine only if it is installed.
    deployed.pop("alerting", None)
    return (
        deployed
        | alertmanager.alerting(site)
        | {
            "global": deployed["global"] | {"scrape_interval": SCRAPE_INTERVAL},
            "rule_files": [str(SOURCE / pattern) for pattern in deployed["rule_files"]],
            "scrape_configs": [_with_local_target(job, site) for job in deployed["scrape_configs"]],
        }
    )


def _with_local_target(job: dict[str, Any], site: Site) -> dict[str, Any]:
    name = job["job_name"]
    if name not in JOBS:
        raise StackError(
            f"Prometheus' job {name!r} has no service in this stack; known jobs: {list(JOBS)}"
        )
    kept = {key: value for key, value in job.items() if not key.endswith("_configs")}
    if "basic_auth" in kept:
        password = site.paths.prometheus_login / prometheus_login.PASSWORD
        kept["basic_auth"] = kept["basic_auth"] | {"password_file": str(password)}
    target = f"{HOST}:{getattr(site.settings, JOBS[name])}"
    return kept | {"static_configs": [{"targets": [target]}]}
