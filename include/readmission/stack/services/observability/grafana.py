"""Grafana with the deployment's datasource, dashboards and settings, on this machine's addresses.

Its settings are those of Grafana's documentation: ``GF_<SECTION>_<KEY>`` overrides a file's key.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from readmission.settings import CHECKOUT, PREFIX
from readmission.stack.errors import StackError
from readmission.stack.services.observability import prometheus
from readmission.stack.site.paths import write_private
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.supervision.service import Service, http_probe

NAME, USER = "grafana", "admin"
INSTALL_HINT = (
    "Grafana is not installed, so there are no dashboards: unpack it (https://grafana.com/grafana/"
    f"download) and set {PREFIX}GRAFANA_HOME to its folder; it also needs Prometheus"
)
PROGRAMS: Mapping[str, tuple[str, ...]] = {"grafana-server": (), "grafana": ("server",)}
"""Each name of the program, and the arguments with which it becomes the server."""
DEFAULTS = Path("conf") / "defaults.ini"
"""Grafana refuses to start if its home folder lacks this file."""
SOURCE = CHECKOUT / "grafana"
DASHBOARDS = SOURCE / "dashboards"
DEPLOYED = CHECKOUT / "k8s" / "grafana" / "grafana.env"


def program(site: Site) -> tuple[str, ...] | None:
    """Return the command that starts Grafana, without its configuration; None if not installed.

    Raises
    ------
    StackError
        If ``READMISSION_GRAFANA_HOME`` is not a folder of Grafana.
    """
    given = site.settings.grafana_home
    folder = str(given.expanduser().resolve() / "bin") if given else None
    for name, arguments in PROGRAMS.items():
        found = shutil.which(name, path=folder) if folder else shutil.which(name)
        if found and (home := _home(Path(found).resolve())):
            return (found, *arguments, f"--homepath={home}")
    if given:
        raise StackError(
            f"{PREFIX}GRAFANA_HOME is {given}, which has no {DEFAULTS} or no bin/grafana; "
            "expected the folder that Grafana was unpacked into"
        )
    return None


def _home(found: Path) -> Path | None:
    """Return the home folder of a program; packages put it into ``share`` beside ``bin``."""
    above = found.parent.parent
    homes = (above, above / "share" / "grafana")
    return next((home for home in homes if (home / DEFAULTS).is_file()), None)


def services(site: Site) -> tuple[Service, ...]:
    """Return Grafana as a service; empty if it or Prometheus is not installed."""
    if prometheus.program() is None or (command := program(site)) is None:
        return ()
    port = site.settings.grafana_port
    return (
        Service(
            name=NAME,
            # Without a file of our own, Grafana would read the one of its home folder.
            command=(*command, f"--config={site.paths.grafana / 'grafana.ini'}"),
            environment=environment(site),
            needs=(prometheus.NAME,),
            port=port,
            port_setting=f"{PREFIX}GRAFANA_PORT",
            url=f"http://{HOST}:{port}",
            ready=http_probe(port, "/api/health"),
            prepare=lambda: write_configuration(site),
        ),
    )


def password_file(site: Site) -> Path:
    """Return the file that has the password of the user `admin`."""
    return site.paths.grafana / "password"


def environment(site: Site) -> dict[str, str]:
    """Return the deployment's settings with this machine's addresses and folders."""
    home, port = site.paths.grafana, site.settings.grafana_port
    lines = [line for line in DEPLOYED.read_text().splitlines() if line and line[0] != "#"]
    return dict(line.split("=", 1) for line in lines) | {
        "GF_SERVER_HTTP_ADDR": HOST,
        "GF_SERVER_HTTP_PORT": str(port),
        "GF_SERVER_ROOT_URL": f"http://{HOST}:{port}/",
        "GF_PATHS_DATA": str(home / "data"),
        "GF_PATHS_LOGS": str(home / "data" / "log"),
        "GF_PATHS_PLUGINS": str(home / "data" / "plugins"),
        "GF_PATHS_PROVISIONING": str(home / "provisioning"),
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(DASHBOARDS / "home.json"),
        "GF_LOG_MODE": "console",
        "GF_SECURITY_ADMIN_USER": USER,
        "GF_SECURITY_ADMIN_PASSWORD": site.credentials.grafana,
        "PROMETHEUS_PASSWORD": site.credentials.prometheus,
    }


def write_configuration(site: Site) -> None:
    """Write the provisioning files and the password into the state folder."""
    for name, content in provisioning(site).items():
        folder = site.paths.grafana / "provisioning" / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(folder / f"{NAME}.yml", yaml.safe_dump(content, sort_keys=False))
    (site.paths.grafana / "data").mkdir(mode=0o700, exist_ok=True)
    write_private(site.paths.grafana / "grafana.ini", "; Everything is set by GF_ variables.\n")
    write_private(password_file(site), site.credentials.grafana)


def provisioning(site: Site) -> dict[str, dict[str, Any]]:
    """Return the deployment's datasources and dashboards with local addresses, by folder."""
    datasources, dashboards = (
        yaml.safe_load((SOURCE / "provisioning" / path).read_text())
        for path in ("datasources/prometheus.yml", "dashboards/files.yml")
    )
    (source,), (provider,) = datasources["datasources"], dashboards["providers"]
    source["url"] = f"http://{HOST}:{site.settings.prometheus_port}"
    provider["options"]["path"] = str(DASHBOARDS)
    return {"datasources": datasources, "dashboards": dashboards}
