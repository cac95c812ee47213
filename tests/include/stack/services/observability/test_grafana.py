"""Grafana in the stack. The program itself is a stand-in, because it has no Debian package."""

import json
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from readmission.settings import CHECKOUT
from readmission.stack.cli import app, boot_display, summary
from readmission.stack.errors import StackError
from readmission.stack.services.catalogue import all_services
from readmission.stack.services.observability import grafana, prometheus
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack
from tests.conftest import random_settings
from tests.programs import lacking

STAND_IN = f"""#!{sys.executable}
import json, os, pathlib, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Health(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()
        self.wfile.write(b'{{"database": "ok"}}')

seen = {{"arguments": sys.argv[1:], "environment": dict(os.environ)}}
(pathlib.Path(os.environ["GF_PATHS_DATA"]) / "seen.json").write_text(json.dumps(seen))
address = os.environ["GF_SERVER_HTTP_ADDR"], int(os.environ["GF_SERVER_HTTP_PORT"])
HTTPServer(address, Health).serve_forever()
"""


def install(home: Path, name: str = "grafana-server", defaults: str = "conf") -> Path:
    """Put the stand-in where a package puts Grafana; return the program."""
    program = home / "bin" / name
    for path, text in ((program, STAND_IN), (home / defaults / "defaults.ini", "")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    program.chmod(0o755)
    return program


@pytest.fixture(scope="module")
def stack(state_folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack in which Prometheus and the stand-in run."""
    if prometheus.program() is None:
        lacking("Prometheus", "prometheus")
    install(home := tmp_path_factory.mktemp("unpacked"))
    settings = random_settings(state_folders / "grafana")
    stack = Stack(settings.model_copy(update={"grafana_home": home}))
    stack.up({"grafana"})
    yield stack
    stack.reset()


@pytest.fixture(scope="module")
def seen(stack: Stack) -> dict[str, Any]:
    """What the stand-in was started with."""
    return json.loads((stack.paths.grafana / "data" / "seen.json").read_text())


def test_it_starts_with_the_folder_that_it_was_unpacked_into(
    stack: Stack, seen: dict[str, Any]
) -> None:
    assert seen["arguments"] == [
        f"--homepath={stack.settings.grafana_home}",
        f"--config={stack.paths.grafana / 'grafana.ini'}",
    ]
    assert (stack.paths.grafana / "grafana.ini").exists()
    (status,) = (one for one in stack.status() if one.service == "grafana")
    assert status.healthy
    assert status.url == f"http://{HOST}:{stack.settings.grafana_port}"


def test_it_listens_on_loopback_and_requires_a_private_password(
    stack: Stack, seen: dict[str, Any]
) -> None:
    found, password = seen["environment"], stack.site.credentials.grafana
    assert found["GF_SERVER_HTTP_ADDR"] == HOST
    assert found["GF_SERVER_ENFORCE_DOMAIN"] == "true", "as deployed"
    assert found["GF_AUTH_ANONYMOUS_ENABLED"] == "false", "as deployed"
    assert found["GF_SECURITY_ADMIN_PASSWORD"] == password
    assert password not in " ".join(seen["arguments"])
    file = grafana.password_file(stack.site)
    assert file.read_text() == password
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_reads_this_stack_s_prometheus_and_every_dashboard(
    stack: Stack, seen: dict[str, Any]
) -> None:
    folder = Path(seen["environment"]["GF_PATHS_PROVISIONING"])
    (source,) = yaml.safe_load((folder / "datasources/grafana.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((folder / "dashboards/grafana.yml").read_text())["providers"]

    assert source["uid"] == "prometheus"
    assert source["url"] == f"http://{HOST}:{stack.settings.prometheus_port}"
    assert source["secureJsonData"] == {"basicAuthPassword": "$PROMETHEUS_PASSWORD"}
    assert seen["environment"]["PROMETHEUS_PASSWORD"] == stack.site.credentials.prometheus
    boards = CHECKOUT / "grafana" / "dashboards"
    assert provider["options"]["path"] == str(boards)
    home = seen["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == str(boards / "home.json")
    assert (boards / "home.json").is_file()


@pytest.mark.parametrize(
    ("name", "defaults", "arguments"),
    [
        ("grafana-server", "share/grafana/conf", []),
        ("grafana", "share/grafana/conf", ["server"]),
        ("grafana", "conf", ["server"]),
    ],
)
def test_it_is_found_on_the_path(
    site: Site,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    defaults: str,
    arguments: list[str],
) -> None:
    found = install(tmp_path, name, defaults)
    monkeypatch.setenv("PATH", str(found.parent))

    home = (tmp_path / defaults).parent
    assert grafana.program(site) == (str(found), *arguments, f"--homepath={home}")


def test_a_folder_without_grafana_is_refused(site: Site, tmp_path: Path) -> None:
    settings = site.settings.model_copy(update={"grafana_home": tmp_path})

    with pytest.raises(StackError, match=r"READMISSION_GRAFANA_HOME is .*unpacked into"):
        grafana.program(Site(settings, site.paths, site.credentials, site.internal_ports))


def test_without_it_the_stack_says_how_to_get_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"prometheus": "/usr/bin/prometheus"}
    monkeypatch.setattr(shutil, "which", lambda name, **_: known.get(name))
    monkeypatch.setattr(app.console, "print", (printed := []).append)
    boot_display.print_prometheus_hint(Stack(site.settings))

    assert "grafana" not in {service.name for service in all_services(site)}
    assert printed == [grafana.INSTALL_HINT]
    assert grafana.INSTALL_HINT in list(summary.pages_table(site).columns[1].cells)
