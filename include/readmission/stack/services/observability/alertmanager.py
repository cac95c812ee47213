"""Alertmanager on this machine, and the program that writes its alerts into a file."""

import shutil
import sys
from typing import Any

import yaml

from readmission.operations import alertmanager, prometheus_login
from readmission.stack.site.paths import write_private
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import Service, http_probe

NAME, LOG = "alertmanager", "alert-log"
PROGRAMS = ("prometheus-alertmanager", "alertmanager")
"""Its name in Debian, and everywhere else."""
INSTALL_HINT = (
    "Alertmanager is not installed, so alerts are shown in Prometheus only: "
    "`apt-get install prometheus-alertmanager` (Debian, Ubuntu)"
)
GROUP_WAIT = "5s"
"""Shorter than the deployment's, because a demo only takes minutes."""


def program() -> str | None:
    """Return the path of the program, or None if it is not installed."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def services(site: Site) -> tuple[Service, ...]:
    """Return both services; empty if Alertmanager is not installed."""
    if (found := program()) is None:
        return ()
    port, home, settings = site.settings.alertmanager_port, site.paths.alertmanager, site.settings
    login = site.paths.prometheus_login
    command = (
        found,
        f"--config.file={home / 'alertmanager.yml'}",
        f"--storage.path={home / 'data'}",
        f"--web.listen-address={HOST}:{port}",
        f"--web.config.file={login / prometheus_login.WEB_CONFIG}",
        "--cluster.listen-address=",  # a single instance needs no cluster
    )
    log = (str(settings.alert_log_port), str(site.paths.alert_log))
    return (
        Service(
            name=LOG,
            command=(sys.executable, "-m", "readmission.operations.alert_log", HOST, *log),
            port=settings.alert_log_port,
            port_setting="READMISSION_ALERT_LOG_PORT",
            ready=http_probe(settings.alert_log_port, "/"),
        ),
        Service(
            name=NAME,
            command=command,
            needs=(LOG,),
            port=port,
            port_setting="READMISSION_ALERTMANAGER_PORT",
            url=f"http://{HOST}:{port}",
            ready=http_probe(port, "/-/ready"),
            prepare=lambda: write_configuration(site),
        ),
    )


def write_configuration(site: Site) -> None:
    """Write the configuration, which may contain passwords, and the login."""
    for folder in (site.paths.prometheus, site.paths.prometheus_login, site.paths.alertmanager):
        folder.mkdir(mode=0o700, exist_ok=True)
    prometheus_login.write_login(site.paths.prometheus_login, site.credentials.prometheus)
    text = yaml.safe_dump(configuration(site), sort_keys=False)
    write_private(site.paths.alertmanager / "alertmanager.yml", text)


def configuration(site: Site) -> dict[str, Any]:
    """Return the deployment's configuration, with alerts sent sooner."""
    log = f"http://{HOST}:{site.settings.alert_log_port}/"
    configured = alertmanager.configuration(site.settings, log)
    route = configured["route"]
    routes = [one | {"group_wait": GROUP_WAIT} for one in route["routes"]]
    return configured | {"route": route | {"group_wait": GROUP_WAIT, "routes": routes}}


def alerting(site: Site) -> dict[str, Any]:
    """Return what Prometheus' configuration gains; empty if Alertmanager is not installed."""
    if program() is None:
        return {}
    password = site.paths.prometheus_login / prometheus_login.PASSWORD
    return {
        "alerting": {
            "alertmanagers": [
                {
                    "basic_auth": {
                        "username": prometheus_login.USER,
                        "password_file": str(password),
                    },
                    "static_configs": [{"targets": [f"{HOST}:{site.settings.alertmanager_port}"]}],
                }
            ]
        }
    }
