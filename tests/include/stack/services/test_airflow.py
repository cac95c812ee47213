"""Airflow's services: the modules that their processes preload."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from readmission.logs import connections
from readmission.settings import CHECKOUT
from readmission.stack.services import airflow
from readmission.stack.site.site import Site

PRINT_PRELOADED = """
import json, sys
sys.argv = ["airflow", sys.argv[1]]
import airflow_local_settings as found
loaded = [name for name in found.PRELOADED if name in sys.modules]
config = sys.modules.get("uvicorn.config")
protocol = config and config.HTTP_PROTOCOLS["auto"]
print(json.dumps({"file": found.__file__, "loaded": loaded, "all": list(found.PRELOADED),
                  "protocol": protocol}))
"""


def test_only_the_migration_may_run_statements_without_a_timeout(site: Site) -> None:
    lifted = {
        service.name: service.environment.get("PGOPTIONS") for service in airflow.services(site)
    }

    assert lifted.pop(airflow.MIGRATION) == "-c statement_timeout=0"
    assert set(lifted.values()) == {None}


@pytest.mark.parametrize(
    ("changes", "is_started"),
    [
        ({"watch_seconds": 20, "dataset": Path("/in")}, True),
        ({"watch_seconds": 20, "dataset": None}, False),
        ({"watch_seconds": 0, "dataset": Path("/in")}, False),
    ],
)
def test_the_triggerer_is_started_to_watch_a_dataset(
    site: Site, changes: dict[str, object], *, is_started: bool
) -> None:
    watching = replace(site, settings=site.settings.model_copy(update=changes))

    names = {service.name for service in airflow.services(watching)}

    assert (airflow.TRIGGERER in names) is is_started


@pytest.mark.parametrize(("command", "preloads"), [("scheduler", True), ("api-server", False)])
def test_only_the_scheduler_preloads_modules_and_only_the_server_closes_half_sent_requests(
    site: Site, command: str, preloads: bool
) -> None:
    # given the environment of the scheduler
    (scheduler,) = (s for s in airflow.services(site) if s.name == airflow.SCHEDULER)

    # when Airflow's local settings are imported there
    done = subprocess.run(
        [sys.executable, "-c", PRINT_PRELOADED, command],
        env={**os.environ, **scheduler.environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    # then they are the file of the image, and each process has what is for it
    found = json.loads(done.stdout)
    assert found["file"] == str(CHECKOUT / "docker" / "airflow_local_settings.py")
    assert found["loaded"] == (found["all"] if preloads else [])
    assert found["all"]
    assert found["protocol"] == (None if preloads else connections.NAME)


@pytest.mark.parametrize("is_named", [False, True])
def test_tasks_get_the_keys_of_a_bucket_that_is_the_source(
    site: Site, monkeypatch: pytest.MonkeyPatch, *, is_named: bool
) -> None:
    # given a store that the caller's environment names, or this stack's own
    if is_named:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://store.example")
    elsewhere = replace(
        site, settings=site.settings.model_copy(update={"dataset": "s3://encounters/ward"})
    )

    # then
    (scheduler,) = (s for s in airflow.services(elsewhere) if s.name == airflow.SCHEDULER)
    given = scheduler.environment["AWS_ENDPOINT_URL"]
    assert given == ("https://store.example" if is_named else site.s3_endpoint)
    (scheduler,) = (s for s in airflow.services(site) if s.name == airflow.SCHEDULER)
    assert "AWS_SECRET_ACCESS_KEY" not in scheduler.environment


PRINT_EXPORTER = """
import airflow
from opentelemetry import trace
provider = trace.get_tracer_provider()
spans = getattr(provider, "_active_span_processor", None)
print([each.span_exporter._endpoint for each in spans._span_processors] if spans else "none")
print(provider.resource.attributes["service.name"] if spans else "none")
"""


@pytest.mark.parametrize(
    ("collector", "address", "service"),
    [
        ("http://127.0.0.1:9", "['http://127.0.0.1:9/v1/traces']", "readmission-airflow"),
        (None, "none", "none"),
    ],
)
def test_airflow_sends_its_traces_to_the_collector_of_the_settings(
    site: Site, collector: str | None, address: str, service: str
) -> None:
    # given
    settings = site.settings.model_copy(update={"otlp_endpoint": collector})
    (scheduler,) = (
        s for s in airflow.services(replace(site, settings=settings)) if s.name == airflow.SCHEDULER
    )

    # when Airflow is imported with that environment
    done = subprocess.run(
        [sys.executable, "-c", PRINT_EXPORTER],
        env={**os.environ, **scheduler.environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    # then it exports to the collector by HTTP, or not at all
    assert done.stdout.splitlines()[-2:] == [address, service]
