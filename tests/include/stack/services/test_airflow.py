"""Airflow's services: the modules that their processes preload."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from readmission.logs import connections
from readmission.settings import CHECKOUT
from readmission.stack.services import airflow, postgres
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack

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


STORE_A_WATCHER = """
from airflow.models import Trigger, import_all_models
from airflow.models.asset import AssetModel, AssetWatcherModel
from airflow.models.base import Base
from airflow.settings import engine
from airflow.utils.session import create_session
import_all_models()
Base.metadata.create_all(engine)
with create_session() as session:
    trigger = Trigger("delivery_watch.DeliveryTrigger", {"place": "/in", "seconds": 20})
    watcher = AssetWatcherModel(name="delivery", trigger=trigger)
    session.add(AssetModel(name="DELIVERY", uri="x-readmission://source", watchers=[watcher]))
"""


def test_watchers_that_a_lost_key_has_encrypted_are_forgotten_when_airflow_starts(
    small: Stack,
) -> None:
    # given a database of Airflow with a watcher
    site = small.site
    (migration,) = (s for s in airflow.services(site) if s.name == airflow.MIGRATION)
    assert migration.prepare is not None
    migration.prepare()
    subprocess.run(
        [sys.executable, "-c", STORE_A_WATCHER],
        env={**os.environ, **migration.environment}, check=True,
    )  # fmt: skip

    def watchers(site: Site) -> list[tuple[str]]:
        (service,) = (s for s in airflow.services(site) if s.name == airflow.MIGRATION)
        assert service.prepare is not None
        service.prepare()
        with psycopg.connect(postgres.dsn(site, "airflow")) as connection:
            query = "SELECT name FROM asset_watcher JOIN trigger ON trigger_id = trigger.id"
            return connection.execute(query).fetchall()

    # then it stays with its key, and with that key behind a new one, but not without it
    old, new = site.credentials.airflow_fernet_key, Fernet.generate_key().decode()
    kept = {}
    for key in (old, f"{new},{old}", new):
        secrets = replace(site.credentials, airflow_fernet_key=key)
        kept[key] = watchers(replace(site, credentials=secrets))
    assert list(kept.values()) == [[("delivery",)], [("delivery",)], []]


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
