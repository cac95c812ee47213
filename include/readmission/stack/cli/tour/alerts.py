"""The alert about a batch of the tour: its text, its runbook, and its state in Prometheus."""

from functools import cache
from typing import Any

import httpx
import yaml

from readmission.settings import CHECKOUT
from readmission.stack.services.observability import prometheus
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site

RUNBOOKS = CHECKOUT / "docs" / "runbooks.md"


@cache
def rule(name: str) -> dict[str, Any]:
    """Return the rule of an alert, as the deployment has it."""
    for file in sorted((prometheus.SOURCE / "rules").glob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            for found in group["rules"]:
                if found.get("alert") == name:
                    return dict(found)
    raise KeyError(name)


def description(name: str, **labels: str) -> str:
    """Return the description of an alert for a series with these labels."""
    text = " ".join(str(rule(name)["annotations"]["description"]).split())
    for label, value in labels.items():
        text = text.replace(f"{{{{ $labels.{label} }}}}", value)
    return text


def runbook(site: Site, name: str) -> str:
    """Return the address of an alert's runbook: Prometheus serves it, or it is a file."""
    if prometheus.program() is None:
        return f"{RUNBOOKS.as_uri()}#{name.lower()}"
    address = f"http://{HOST}:{site.settings.prometheus_port}"
    return str(rule(name)["annotations"]["runbook_url"]).replace("{{ $externalURL }}", address)


def state(site: Site, name: str) -> str:
    """Return the state of an alert in words."""
    waits = rule(name)["for"]
    if prometheus.program() is None:
        return f"Prometheus is not installed here; it would fire after {waits}"
    address = f"http://{HOST}:{site.settings.prometheus_port}/api/v1/rules"
    login = ("prometheus", site.credentials.prometheus)
    try:
        with httpx.Client(auth=login, trust_env=False, timeout=10) as http:
            groups = http.get(address).raise_for_status().json()["data"]["groups"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        return f"Prometheus does not respond ({type(error).__name__})"
    found = [r["state"] for g in groups for r in g["rules"] if r["name"] == name]
    return f"{found[0] if found else 'not loaded'}; it fires after {waits}"
